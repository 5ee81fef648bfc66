#!/usr/bin/env bash
# run.sh BUILD [PATTERN...] - run the unit tests and the integration tests, print what failed, count everything in the last line.
#
# A pattern is `unit` or a glob of tests/ without .sh; none means all. A unit test is a program of check's; an integration
# test is an executable tests/integration/test_*.sh that ends with `N passed, M failed`. One that ends otherwise, that claims
# nothing, or whose status disagrees with its count, is one failure more.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=$(realpath "$1") || exit 1
shift
[ $# = 0 ] && set -- unit 'integration/test_*'
export BUILD CASTAWAY=$BUILD/castaway
unset LD_PRELOAD CASTAWAY_OPTIONS NO_COLOR
export LC_ALL=C.UTF-8 CK_VERBOSITY=normal CK_DEFAULT_TIMEOUT=60
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# report NAME STATUS PASSED FAILED: add up; show the log when something failed
report() {
    local name=$1 status=$2 good=$3 bad=$4
    if [ -z "$good" ]; then
        good=0 bad=1
        echo "(no count: crashed, or timed out; status $status)" >>"$log"
    elif [ "$good$bad" = 00 ]; then
        bad=1
        echo "(nothing was claimed)" >>"$log"
    elif [ "$status" != 0 ] && [ "$bad" = 0 ]; then
        bad=1
        echo "(no failure counted, but status $status)" >>"$log"
    fi
    passed=$((passed + good)) failed=$((failed + bad))
    [ "$bad" = 0 ] && return
    printf -- '--- %s\n' "$name"
    grep -vE '^[0-9]+ passed, [0-9]+ failed$' "$log"
}
run_unit() {
    timeout 600 "$1" >"$log" 2>&1 </dev/null
    local status=$? checks failures errors
    read -r checks failures errors < <(
        sed -nE 's/^[0-9]+%: Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+)$/\1 \2 \3/p' "$log" |
            awk '{ c += $1; f += $2; e += $3 } END { if (NR) print c, f, e }')
    if [ -n "${checks:-}" ]; then
        report "${1##*/}" $status $((checks - failures - errors)) $((failures + errors))
    else
        report "${1##*/}" $status '' ''
    fi
}
run_script() {
    timeout 1800 "$1" >"$log" 2>&1 </dev/null
    local status=$? good bad
    read -r good bad < <(tail -n 1 "$log" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p')
    report "${1##*/}" $status "${good:-}" "${bad:-}"
}

for pattern; do
    if [ "$pattern" = unit ]; then
        for source in tests/unit/test_*.c; do
            [ -e "$source" ] && run_unit "$BUILD/${source%.c}"
        done
        continue
    fi
    for script in tests/$pattern.sh; do
        [ -x "$script" ] && run_script "$script"
    done
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
