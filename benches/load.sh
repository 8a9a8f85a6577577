#!/bin/sh
# Requests a second of the release server, over sockets: a script and a static file of the same bytes.
#
#   benches/load.sh [SECONDS]
#
# Needs wrk (`apt-get install wrk`). Serves a site that it makes, on a port of its own, three rounds in turn, so that
# what else the machine does meets both alike. SAMOVAR names another program to serve with, PORT another port.
set -eu

seconds=${1:-5}
port=${PORT:-18080}
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
until curl --silent --fail --output /dev/null "http://127.0.0.1:$port/hello"; do
    kill -0 $server || { cat "$site/log"; exit 1; }
done

for round in 1 2 3; do
    for path in hello file.txt; do
        rate=$(wrk -t 1 -c 8 -d "${seconds}s" --latency "http://127.0.0.1:$port/$path" |
            awk '/Requests\/sec/ { rate = $2 } $1 == "50%" { half = $2 } $1 == "99%" { most = $2 } /Non-2xx/ { bad = $0 }
                 END { print rate " requests/s, median " half ", 99 % within " most " " bad }')
        echo "round $round  /$path: $rate"
    done
done
