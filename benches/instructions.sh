#!/bin/sh
# Counts the instructions of one case of a benchmark, which hardly vary with what else the machine does.
#
#   benches/instructions.sh call "call of empty/Handler::call"
#
# The case runs 1000 and 3000 times under callgrind; the difference is what 2000 runs cost, without the start. The
# functions that spend most are listed below it. Needs valgrind.
set -eu

bench=$1
case=$2
cd "$(dirname "$0")"
program=$(cargo bench --bench "$bench" --no-run 2>&1 | sed -n 's/.*(\(.*\))$/\1/p' | tail -1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count() {
    COUNT_CASE=$case COUNT_TIMES=$1 valgrind --tool=callgrind --callgrind-out-file="$work/$1" "$program" \
        > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    sed -n 's/^totals: //p' "$work/$1"
}

few=$(count 1000)
many=$(count 3000)
echo "$case: $(((many - few) / 2000)) instructions a run"
callgrind_annotate "$work/3000" | sed -n '/^Ir/,$p' | head -40
