#!/usr/bin/env bash
# What --profile-allocations costs: an allocation and its end, 20 frames deep, with it, without it, and plain; and what
# --retained adds to the scan of a million objects.
set -eu
: "${BUILD:?}" "${CASTAWAY:=$BUILD/castaway}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/pairs.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static void *kept[1024];
static __attribute__((noinline)) void *deep(int left, size_t size) {
    void *volatile made = left ? deep(left - 1, size) : malloc(size);
    return made;
}
int main(int count, char **arguments) {
    long pairs = count > 1 ? atol(arguments[1]) : 0;
    struct timespec from, to;
    unsigned random = 1;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (long i = 0; i < pairs; i++) {
        random = random * 1664525 + 1013904223;
        free(kept[random >> 16 & 1023]);
        kept[random >> 16 & 1023] = deep(18, 16 + (random >> 24));
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.1f\n", ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / (double)pairs);
}
C
cat >"$work/heap.c" <<'C'
#include <stdlib.h>
struct node { struct node *next, *other; char rest[32]; } *list, **table;
int main(void) {
    enum { NODES = 1000000 };
    table = calloc(NODES, sizeof *table);
    for (unsigned i = 0; i < NODES; i++) {
        struct node *made = calloc(1, sizeof *made);
        made->next = list;
        made->other = i ? table[i * 2654435761u % i] : NULL;
        table[i] = list = made;
    }
}
C
gcc -O1 -o "$work/pairs" "$work/pairs.c"
gcc -O1 -o "$work/heap" "$work/heap.c"
runs=5 pairs=${PAIRS:-3000000}
least() { # COMMAND...: the least of its runs
    for _ in $(seq $runs); do "$@" 2>/dev/null; done | sort -n | head -n 1
}
recorded=("$CASTAWAY" --fail-on none --text /dev/null)
plain=$(least "$work/pairs" "$pairs")
off=$(least "${recorded[@]}" "$work/pairs" "$pairs")
on=$(least "${recorded[@]}" --profile-allocations --control no "$work/pairs" "$pairs")
printf 'profile_plain %s ns/pair %s\nprofile_off %s ns/pair %s\nprofile_on %s ns/pair %s\n' \
    "$plain" $runs "$off" $runs "$on" $runs
printf 'profile_on_to_off %s ratio %s\n' "$(awk "BEGIN { printf \"%.2f\", $on / $off }")" $runs
seconds() { # OPTION... : of a run of the heap program, to the report's end
    local from to
    from=$(date +%s%N)
    "${recorded[@]}" "$@" "$work/heap" 2>/dev/null
    to=$(date +%s%N)
    awk "BEGIN { printf \"%.3f\n\", ($to - $from) / 1e9 }"
}
printf 'retained_off_million %s s %s\n' "$(least seconds)" $runs
printf 'retained_on_million %s s %s\n' "$(least seconds --retained)" $runs
