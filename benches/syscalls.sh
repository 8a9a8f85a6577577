#!/bin/sh
# Counts the system calls of the release server for one request of a script that is loaded, on one kept connection.
#
#   benches/syscalls.sh [PATH]
#
# All threads are followed while 1000 requests are answered one after the other. Expected: what the socket needs (recv,
# send, epoll_wait) and futex for handing the script to its thread. Anything that names a file is a regression. What the
# reloader does once a second is in the count too. Needs strace and curl. SAMOVAR names another program to serve with.
set -eu

path=${1:-hello}
port=${PORT:-18081}
requests=1000
cd "$(dirname "$0")/.."
if [ -z "${SAMOVAR:-}" ]; then
    cargo build --release --quiet --package samovar
    SAMOVAR=${CARGO_TARGET_DIR:-target}/release/samovar
fi

site=$(mktemp -d)
echo 'fn handler(req) { "Hello" }' > "$site/hello.rhai"
printf 'Hello' > "$site/file.txt"
"$SAMOVAR" serve "$site" --listen "127.0.0.1:$port" 2> "$site/log" &
server=$!
trap 'kill $server; rm -rf "$site"' EXIT
until curl --silent --fail --output /dev/null "http://127.0.0.1:$port/$path"; do
    kill -0 $server || { cat "$site/log"; exit 1; }
done

strace --follow-forks --summary-only --summary-sort-by=calls --output="$site/counts" --attach=$server &
tracer=$!
sleep 1
curl --silent --output /dev/null "http://127.0.0.1:$port/$path?[1-$requests]"
kill -INT $tracer
wait $tracer || true
awk -v requests=$requests '$4 ~ /^[0-9]+$/ && $NF != "total" { printf "%8.3f a request  %s\n", $4 / requests, $NF }' "$site/counts"
