#!/usr/bin/env bash
# Leaking functions and their mended twins (tests/pairs): every bad one is flagged, no good one, at -O0 and at -O2.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
source=$(cd "$(dirname "$0")/../pairs" && pwd)
for level in 0 2; do
    for file in pairs.c other.c; do
        gcc -std=gnu11 "-O$level" -g -Wall -Wextra -c -o "$WORK/$file.$level.o" "$source/$file"
    done
    g++ -std=c++17 "-O$level" -g -Wall -Wextra -o "$WORK/pairs$level" "$source/pairs_cxx.cc" "$WORK"/*."$level".o -pthread
done
flagged() { # STATUS ARGUMENTS...: castaway's own verdict
    local wanted=$1 status
    shift
    "$CASTAWAY" --text "$WORK/text" "$@"
    status=$?
    [ $status = "$wanted" ] || { echo "status $status"; cat "$WORK/text"; false; }
}
for level in 0 2; do
    for name in $("$WORK/pairs$level"); do
        claim "$name leaks at -O$level" flagged 23 "$WORK/pairs$level" "$name" bad
        claim "$name, mended, does not at -O$level" flagged 0 "$WORK/pairs$level" "$name" good
    done
done
finish
