#!/usr/bin/env bash
# Ten multithreaded programs that lose nothing and end while their threads run (tests/clean): no false alarm, run after run.
# RUNS=N: how often each.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
source=$(cd "$(dirname "$0")/../clean" && pwd)
for level in 0 2; do
    g++ -std=c++17 "-O$level" -g -Wno-deprecated-declarations -o "$WORK/clean$level" "$source/clean.cc" -pthread
done
clean() { # SHAPE RUN: nothing lost, no cycle
    "$CASTAWAY" --json "$WORK/json" --text "$WORK/text" "$WORK/clean$(($2 % 2 * 2))" "$1" "$((5 + $2 * 7 % 40))" || {
        cat "$WORK/text"
        return 1
    }
    [ "$(jq '.summary.lost.objects + .summary.lost_indirect.objects + .summary.cycle.objects' "$WORK/json")" = 0 ]
}
mapfile -t shapes < <("$WORK/clean0")
claim "there are ten" test ${#shapes[@]} = 10
for shape in "${shapes[@]}"; do
    for run in $(seq "${RUNS:-5}"); do
        claim "$shape, run $run, loses nothing" clean "$shape" "$run"
    done
done
finish
