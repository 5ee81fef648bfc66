#!/usr/bin/env bash
# What a pair of malloc and free costs more with castaway than without, in instructions, as callgrind counts them: the same
# binary and input give the same count, whatever else the machine does.
#
# Two runs of different lengths are subtracted, with castaway and without: start, end and the allocator's own work cancel
# out. A ceiling is the count of the day it was set, and 5% for other compilers' and libraries' code. Whoever makes the path
# shorter lowers it: TELL=1 tests/integration/test_instructions.sh prints the counts.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
: "${BUILD:=$(realpath "$here/../../build")}" "${CASTAWAY:=$BUILD/castaway}"
# shellcheck source-path=SCRIPTDIR disable=SC1091
. "$here/claims.sh"

# way to malloc (tests/bench/workloads/churn.c), ceiling
CEILINGS='
descending  3108
standing    3010
wandering   2938
'
SHORT=12000 LONG=24000 # the window is full, and every stack known, well before the shorter one ends

instructions() { # WAY PAIRS [NAME=VALUE...]: of the whole run, without castaway's child (valgrind counts that apart)
    local way=$1 pairs=$2 log=$WORK/callgrind.log
    shift 2
    env "$@" timeout 300 valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" \
        "$WORK/churn" 1 "$pairs" "$way" >/dev/null 2>"$WORK/err" || return 1
    awk 'NR == 1 { program = $1 } $1 == program && $2 == "Collected" { print $4 }' "$log"
}
slope() { # WAY [NAME=VALUE...]: instructions of the pairs that the longer run has more
    local way=$1 short long
    shift
    short=$(instructions "$way" $SHORT "$@") && long=$(instructions "$way" $LONG "$@") && echo $((long - short))
}
costs_at_most() { # WAY CEILING
    local plain with per_pair
    plain=$(slope "$1") || { echo "callgrind fails with the plain program"; return 1; }
    with=$(slope "$1" LD_PRELOAD="$BUILD/libcastaway.so" CASTAWAY_OPTIONS="output=$WORK/churn.cast:fail-on=none:text=/dev/null") ||
        { echo "callgrind fails with castaway"; return 1; }
    per_pair=$(((with - plain) / (LONG - SHORT)))
    [ -z "${TELL:-}" ] || echo "$1 $per_pair" >&2
    [ -s "$WORK/churn.cast" ] || { echo "nothing was recorded"; return 1; }
    [ $per_pair -le "$2" ] || { echo "$per_pair instructions a pair, $2 are allowed"; return 1; }
    [ $per_pair -ge 50 ] || { echo "$per_pair instructions a pair: this can't be all of recording"; return 1; }
}

gcc -std=gnu11 -D_GNU_SOURCE -O2 -g -o "$WORK/churn" "$here/../bench/workloads/churn.c" -pthread || exit 1
while read -r way ceiling; do
    [ -z "$way" ] || claim "a pair costs at most $ceiling instructions when the way to malloc is $way" costs_at_most "$way" "$ceiling"
done <<<"$CEILINGS"
finish
