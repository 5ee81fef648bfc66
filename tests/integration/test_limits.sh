#!/usr/bin/env bash
# Limits that a program is started with: it has memory, ends as ever, and is judged, or the report says why not.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
cd "$WORK" || exit 1
cat >fill.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void __attribute__((noinline)) drop(void) { memset(malloc(40), 0, 40); }
static void __attribute__((noinline)) clear(void) { volatile char area[65536]; for (size_t i = 0; i < sizeof area; i++) area[i] = 0; }
static void **all;
/* fill SIZE: objects of that size until there is no more memory; prints how many MiB; all of them are still there at the end */
int main(int count, char **words) {
    size_t size = strtoul(words[1], NULL, 10), made = 0, found = 0;
    drop();
    clear();
    for (void **next; (next = malloc(size)); all = next, made++)
        *next = all;
    for (void **at = all; at; at = *at)
        found++;
    printf("%zu\n", found * size >> 20);
    return found != made;
}
C
gcc -O0 -g -w -o fill fill.c
at_least() { [ "$(cat out)" -ge "$1" ] || { echo "$(cat out) MiB, not $1"; false; }; }
lost_is() { [ "$(jq .summary.lost.objects json)" = "$1" ] || { jq -c '[.summary, .notes]' json; false; }; }
limited() { # ULIMIT-OPTION VALUE SIZE
    { (ulimit "$1" "$2" && exec "$CASTAWAY" --fail-on none --json json ./fill "$3") >out 2>err; } 2>/dev/null
    status=$?
}
for size in 24 4000 200000; do
    for kib in 40000 100000 300000; do
        limited -v $kib $size
        claim "$kib KiB of memory, objects of $size bytes: it ends well" status_is 0
        claim "$kib KiB of memory, objects of $size bytes: it has a fourth of that at least" at_least $((kib / 4096))
        claim "$kib KiB of memory, objects of $size bytes: what it lost is found" lost_is 1
    done
done
finish
