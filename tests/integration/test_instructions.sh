#!/usr/bin/env bash
# What a pair of malloc and free, and a call of malloc from a place that was not met before, cost more with castaway than
# without, in instructions, as callgrind counts them: the same binary and input give the same count, whatever else the machine
# does.
#
# Two runs of different lengths are subtracted, with castaway and without: start, end and the allocator's own work cancel
# out. A ceiling is the count of the day it was set, and 5% for other compilers' and libraries' code. Whoever makes the path
# shorter lowers it: TELL=1 tests/integration/test_instructions.sh prints the counts. That of 12 pairs is 24 000 to 31 000,
# by where the stack lies, which the length of the environment decides.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
: "${BUILD:=$(realpath "$here/../../build")}" "${CASTAWAY:=$BUILD/castaway}"
# shellcheck source-path=SCRIPTDIR disable=SC1091
. "$here/claims.sh"

# what is counted, program, its arguments (N: how many times), N in the shorter run and in the longer one, ceiling for each.
# The shorter run of churn is long enough to fill its window and to meet all its stacks.
CEILINGS='
a pair; the same way to malloc each time|churn|1 N descending|12000|24000|332
a pair; the loop stands below all calls|churn|1 N standing|12000|24000|312
a pair; three ways to malloc in turn|churn|1 N alternating|12000|24000|324
a pair; one of 1 024 ways at random|churn|1 N wandering|12000|24000|364
a pair; a tree of calls, each with its block|allocators|trees 1 N|20480|40960|314
a pair; a tree of 13 levels of calls|allocators|tall 1 N|32768|65536|344
a pair; a tree of four calls at each level|allocators|quads 1 N|16384|49152|439
a pair; a tree in C++|values|trees N|20480|40960|353
a pair; each level of 1 000 of a recursion|deep|N|20000|40000|668
two pairs; two calls of operator new in turn|values|lists N|12000|24000|545
a pair; a way through a tree of calls that was not taken before|ways|N|4096|12288|1482
a place that malloc was not called from before|places|N|500|1500|3123
a place in the start of a library|early|N|500|1500|3348
a pair; one of 64 functions at random calls what makes it|dispatch64|N|12000|24000|257
a pair; one of 250 functions at random calls what makes it|dispatch250|N|12000|24000|257
a pair; one of 250 functions in turn calls what makes it|dispatch250|N turn|12000|24000|257
12 pairs, each in a function of its own, below a call that was not made before|registers|N|500|1500|34000
a block of a pool with two objects, beside thousands|pools|N|2000|4000|4748
'

build_workloads() {
    local name sources=$here/../bench/workloads
    for name in churn allocators; do
        gcc -std=gnu11 -D_GNU_SOURCE -O2 -g -o "$WORK/$name" "$sources/$name.c" -pthread || return
    done
    g++ -std=c++17 -O2 -g -o "$WORK/values" "$sources/values.cc"
}
build_places() { # a program of 1 500 functions; each calls malloc once
    {
        echo '#include <stdlib.h>'
        printf 'static void *f%d(void) { char *p = malloc(16); if (p) p[0] = 1; return p; }\n' $(seq 1500)
        echo 'static void *(*const all[])(void) = {'
        printf 'f%d,\n' $(seq 1500)
        echo '}; int main(int argc, char **argv) { int n = argc > 1 ? atoi(argv[1]) : 0;'
        echo 'for (int i = 0; i < n; i++) free(all[i]()); return 0; }'
    } >"$WORK/places.c"
    gcc -O2 -g -o "$WORK/places" "$WORK/places.c"
}
build_early() { # as many in the start of a library, each below four functions of its own
    {
        echo '#include <stdlib.h>'
        seq 1500 | sed 's/.*/static N a&(void) { char *p = malloc(16); if (p) p[0] = 1; return p; }\
            static N b&(void) { char *p = a&(); if (p) p[1] = 1; return p; }\
            static N c&(void) { char *p = b&(); if (p) p[2] = 1; return p; }\
            static N d&(void) { char *p = c&(); if (p) p[3] = 1; return p; }/'
        echo 'static void *(*const all[])(void) = {'
        printf 'd%d,\n' $(seq 1500)
        echo '}; __attribute__((constructor)) static void begin(int argc, char **argv) {'
        echo 'for (int i = 0; i < (argc > 1 ? atoi(argv[1]) : 0); i++) free(all[i]()); }'
    } >"$WORK/early.c"
    gcc -O2 -g -shared -fPIC '-DN=__attribute__((noinline)) void *' -o "$WORK/early.so" "$WORK/early.c" &&
        gcc -x c -o "$WORK/early" - -x none -Wl,--no-as-needed "$WORK/early.so" <<<'int main(void) { return 0; }'
}
build_registers() { # 1 500 calls, one after the other, of a function that leads through 12, each with its block
    {
        echo '#include <stdlib.h>'
        echo 'static N void f0(int size) { char *volatile p = malloc(size); free(p); }'
        for level in $(seq 11); do
            echo "static N void f$level(int size) { char *volatile p = malloc(size + $level); f$((level - 1))(size); free(p); }"
        done
        echo 'static volatile int registered; int main(int argc, char **argv) { int n = argc > 1 ? atoi(argv[1]) : 0;'
        seq 1500 | sed 's/.*/if (n-- > 0) { f11(& % 40); registered++; }/'
        echo 'return 0; }'
    } >"$WORK/registers.c"
    gcc -O2 -g '-DN=__attribute__((noinline))' -o "$WORK/registers" "$WORK/registers.c"
}
build_dispatch() { # N pairs below one of so many functions each, at random; with another argument, in turn
    local many
    for many in 64 250; do
        {
            echo '#include <stdlib.h>'
            echo 'static volatile int returned; static N void leaf(void) { char *volatile p = malloc(32); free(p); returned++; }'
            seq $many | sed 's/.*/static N void f&(void) { leaf(); returned += &; }/'
            echo 'static void (*const all[])(void) = {'
            printf 'f%d,\n' $(seq $many)
            echo '}; int main(int argc, char **argv) { unsigned chance = 1; int n = argc > 1 ? atoi(argv[1]) : 0;'
            echo "for (; n > 0; n--, returned++) { chance = chance * 1664525 + 1013904223;"
            echo "all[(argc > 2 ? (unsigned)n : chance >> 8) % $many](); } }"
        } >"$WORK/dispatch$many.c"
        gcc -O2 -g '-DN=__attribute__((noinline))' -o "$WORK/dispatch$many" "$WORK/dispatch$many.c" || return
    done
}
build_deep() { # N blocks, one for each level of a recursion that goes 1 000 levels down and comes back
    cat >"$WORK/deep.c" <<'C'
#include <stdlib.h>
static __attribute__((noinline)) void descend(int levels) {
    char *volatile block = malloc(32);
    if (levels > 1)
        descend(levels - 1);
    free(block);
}
int main(int argc, char **argv) {
    for (int i = argc > 1 ? atoi(argv[1]) / 1000 : 0; i > 0; i--)
        descend(1000);
}
C
    gcc -O2 -g -o "$WORK/deep" "$WORK/deep.c"
}
build_ways() { # N pairs, each at another leaf of a binary tree of calls
    cat >"$WORK/ways.c" <<'C'
#include <stdlib.h>
static volatile int returned;
static __attribute__((noinline)) void go(int way, int levels) {
    if (!levels)
        free(malloc(32));
    else if (way >> (levels - 1) & 1)
        go(way, levels - 1);
    else
        go(way, levels - 1), returned++;
    returned++;
}
int main(int argc, char **argv) {
    for (int way = 0, n = argc > 1 ? atoi(argv[1]) : 0; way < n; way++)
        go(way, 14);
}
C
    gcc -O2 -g -fno-inline -fno-crossjumping -o "$WORK/ways" "$WORK/ways.c"
}
build_pools() { # N blocks, each a pool; they are all there before the first one goes
    cat >"$WORK/pools.c" <<'C'
#include <stdlib.h>
#include "preload/castaway.h"
int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 0;
    char **blocks = malloc((unsigned)n * sizeof *blocks);
    for (int i = 0; i < n; i++) {
        blocks[i] = malloc(256);
        castaway_pool_alloc(blocks[i], blocks[i] + 32, 48);
        castaway_pool_alloc(blocks[i], blocks[i] + 96, 48);
    }
    for (int i = 0; i < n; i++) {
        castaway_pool_end(blocks[i]);
        free(blocks[i]);
    }
    free(blocks);
}
C
    gcc -O2 -g -I "$here/../.." -o "$WORK/pools" "$WORK/pools.c"
}
instructions() { # PROGRAM ARGUMENTS [NAME=VALUE...]: of the whole run, without castaway's child (valgrind counts that apart)
    local program=$1 words log=$WORK/callgrind.log
    read -ra words <<<"$2"
    shift 2
    env "$@" timeout 300 valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" \
        "$WORK/$program" "${words[@]}" >/dev/null 2>"$WORK/err" ||
        { echo "status $?: $(tail -n 2 "$log" "$WORK/err")" >&2; return 1; }
    awk 'NR == 1 { program = $1 } $1 == program && $2 == "Collected" { print $4 }' "$log"
}
slope() { # PROGRAM ARGUMENTS SHORT LONG [NAME=VALUE...]: instructions that the longer run has more
    local program=$1 arguments=$2 n=$3 more=$4 short long
    shift 4
    short=$(instructions "$program" "${arguments/N/$n}" "$@") && long=$(instructions "$program" "${arguments/N/$more}" "$@") &&
        echo $((long - short))
}
costs_at_most() { # CEILING PROGRAM ARGUMENTS SHORT LONG
    local ceiling=$1 plain with each
    shift
    plain=$(slope "$@") || { echo "callgrind fails with the plain program"; return 1; }
    rm -f "$WORK/recording.cast"
    with=$(slope "$@" LD_PRELOAD="$BUILD/libcastaway.so" \
        CASTAWAY_OPTIONS="output=$WORK/recording.cast:fail-on=none:text=/dev/null") ||
        { echo "callgrind fails with castaway"; return 1; }
    each=$(((with - plain) / ($4 - $3)))
    [ -z "${TELL:-}" ] || echo "$each" >&3
    [ -s "$WORK/recording.cast" ] || { echo "nothing was recorded"; return 1; }
    [ $each -le "$ceiling" ] || { echo "$each instructions, $ceiling are allowed"; return 1; }
    [ $each -ge 50 ] || { echo "$each instructions: this can't be all of recording"; return 1; }
}

exec 3>&2
build_workloads && build_places && build_early && build_registers && build_dispatch && build_deep && build_ways && build_pools || exit 1
while IFS='|' read -r counted program arguments short long ceiling; do
    [ -z "$counted" ] || claim "at most $ceiling instructions for $counted" \
        costs_at_most "$ceiling" "$program" "$arguments" "$short" "$long"
done <<<"$CEILINGS"
finish
