#!/usr/bin/env bash
# Leaking functions and their mended twins by table (tests/pairs/generate.py): every bad one is flagged, with just what it
# loses and by its name, no good one, at -O0 and at -O2. SEED=N draws other combinations.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
source=$(cd "$(dirname "$0")/../pairs" && pwd)
claim 'the sources are written' python3 "$source/generate.py" "$WORK" "${SEED:-1}"

build() { # LEVEL
    for file in near far; do
        g++ -std=c++17 "-O$1" -g -w -c -o "$WORK/$file$1.o" "$WORK/$file.cc" || return 1
    done
    g++ -o "$WORK/cases$1" "$WORK/near$1.o" "$WORK/far$1.o"
}
judged() { # STATUS LEVEL ARGUMENTS...
    local wanted=$1 level=$2 status
    shift 2
    "$CASTAWAY" --json "$WORK/json" --text "$WORK/text" "$WORK/cases$level" "$@"
    status=$?
    [ $status = "$wanted" ] || { echo "status $status"; tail -n 30 "$WORK/text"; false; }
}
# What each case lost, as expected.json tells it.
lost_by_case() {
    jq '[.findings[] | {name: ([.stack[].function // "" | split("(")[0] | select(endswith("_bad") and startswith("case_"))]
                               | last // "nobody" | rtrimstr("_bad")), objects, bytes}]
        | group_by(.name) | map({(.[0].name): {objects: map(.objects) | add, bytes: map(.bytes) | add}}) | add' "$WORK/json"
}
exact() { lost_by_case | jq -S . | diff "$WORK/expected" -; }
jq -S . "$WORK/expected.json" >"$WORK/expected"
claim 'there are hundreds of cases' test "$(jq length "$WORK/expected")" -gt 300

for level in 0 2; do
    claim "the cases are built at -O$level" build $level
    claim "all bad ones at -O$level fail" judged 23 $level all bad
    claim "each loses just what it should at -O$level" exact
    claim "all good ones at -O$level pass" judged 0 $level all good
    for name in $(jq -r 'keys[]' "$WORK/expected" | awk 'NR % 30 == 1'); do
        claim "$name alone at -O$level, bad" judged 23 $level "$name" bad
        claim "$name alone at -O$level, good" judged 0 $level "$name" good
    done
done
finish
