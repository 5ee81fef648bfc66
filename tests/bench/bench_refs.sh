#!/usr/bin/env bash
# What a call of a counted function costs: through a rebound import with its stack, a stack of one frame more and less, of a
# patched function, and plain. The difference of two depths is the backtrace; what is left at depth 0 less its frames is the rest.
set -eu
: "${BUILD:?}" "${CASTAWAY:=$BUILD/castaway}"
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
gcc -O2 -fPIC -shared -o "$work/libcounted.so" "$here/../refs/counted.so.c"
gcc -O2 -o "$work/pairs" "$here/../refs/pairs.c" -L"$work" -lcounted -Wl,-rpath,"$work"
runs=5 pairs=${PAIRS:-10000000}
least() { # COMMAND...: the least of its runs
    for _ in $(seq $runs); do "$@" 2>/dev/null; done | sort -n | head -n 1
}
counted() { # RULES DEPTH
    least "$CASTAWAY" --fail-on none --text /dev/null --refs "$1" "$work/pairs" "$2" "$pairs"
}
for depth in 0 20; do
    plain=$(least "$work/pairs" $depth "$pairs")
    counted=$(counted counted_ref:counted_unref $depth)
    patched=$(counted counted_ref/patch:counted_unref/patch $depth)
    printf 'refs_plain_depth_%s %s ns/call %s\n' $depth "$plain" $runs
    printf 'refs_counted_depth_%s %s ns/call %s\n' $depth "$counted" $runs
    printf 'refs_patched_depth_%s %s ns/call %s\n' $depth "$patched" $runs
done
