#!/usr/bin/env bash
# What counts as a pointer, which processes are watched, whose pools are switched off: the options and what they change.
# shellcheck disable=SC2016 # what stands in single quotes is another shell's, or PHP's
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"

summary() { # KIND: its objects in $WORK/json
    jq ".summary.$1.objects" "$WORK/json"
}
finds() { # KIND OBJECTS ARGUMENTS...: castaway's finding of that kind
    local kind=$1 objects=$2
    shift 2
    castaway --json "$WORK/json" --exit-code 0 "$@"
    [ "$(summary "$kind")" = "$objects" ] || { echo "$kind: $(summary "$kind"), not $objects: $(cat "$WORK/err")"; false; }
}
notes() { jq -r '.notes[].detail' "$WORK/json"; }

cat >"$WORK/pointers.c" <<'C'
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
static uintptr_t high;
static struct { char odd; void *pointer; } __attribute__((packed)) packed;
static void __attribute__((noinline)) make(void) {
    high = (uintptr_t)malloc(40) | (uintptr_t)0xab << 56;
    packed.pointer = malloc(48);
    packed.odd = 1;
    void **inner = malloc(25);
    memset(inner, 0, 25);
    void *last = malloc(56);
    memcpy((char *)inner + 17, &last, 8);
    void **list = malloc(16);
    list[0] = inner;
    static void **kept;
    kept = list;
    __asm__ volatile("" : : "r"(&kept), "r"(&high), "r"(&packed) : "memory");
}
static void __attribute__((noinline)) clear(void) {
    volatile char area[65536];
    for (size_t i = 0; i < sizeof area; i++)
        area[i] = 0;
}
int main(void) {
    make();
    clear();
    return 0;
}
C
gcc -O0 -g -w -o "$WORK/pointers" "$WORK/pointers.c"

claim 'tags in high bits and unaligned pointers hold nothing unless told' finds lost 3 "$WORK/pointers"
claim '--pointer-mask takes high tags off' finds lost 2 --pointer-mask 0x00ffffffffffffff "$WORK/pointers"
claim '--unaligned finds pointers in packed structures, in data and on the heap' finds lost 1 --unaligned yes "$WORK/pointers"
claim 'both together' finds lost 0 --unaligned=yes --pointer-mask=0x00ffffffffffffff "$WORK/pointers"
claim 'CASTAWAY_OPTIONS takes them too' env CASTAWAY_OPTIONS=unaligned=yes:pointer-mask=0x00ffffffffffffff \
    "$CASTAWAY" "$WORK/pointers"
for bad in 12 0x 0xg 0x0 -1; do
    castaway --pointer-mask "$bad" true
    claim "a mask of $bad is refused" status_is 125
    claim "a mask of $bad is refused in one line" err_has "--pointer-mask: \`$bad\` is not a mask"
done
castaway --unaligned maybe true
claim '--unaligned takes yes or no' err_has '--unaligned: `maybe` is not yes or no'

# ---- processes
cat >"$WORK/leak.c" <<'C'
#include <stdlib.h>
#include <unistd.h>
static void __attribute__((noinline)) drop(void) { *(char *)malloc(80) = 0; }
static void __attribute__((noinline)) clear(void) { volatile char area[65536]; for (size_t i = 0; i < sizeof area; i++) area[i] = 0; }
int main(int count, char **words) {
    drop();
    clear();
    if (count > 1)
        execv(words[1], words + 1);
    return 0;
}
C
gcc -O0 -g -w -o "$WORK/leak" "$WORK/leak.c"
printf '#!/bin/sh\n"%s"\nexec "%s" "%s"\n' "$WORK/leak" "$WORK/leak" "$WORK/leak" >"$WORK/wrapper"
chmod +x "$WORK/wrapper"
claim 'a wrapper script is followed, through exec' finds lost 3 "$WORK/wrapper"
claim 'each program has one recording: the shell, what it started, and the two that it became' test "$(jq .processes "$WORK/json")" = 4
claim 'with --children=no only the program itself, what it becomes by exec included' finds lost 2 --children=no "$WORK/wrapper"
claim 'with --children=no there is a recording for each of these' test "$(jq .processes "$WORK/json")" = 3
castaway sh -c 'LD_PRELOAD= exec /bin/true'
claim 'a program that it became without us is not judged, whatever was recorded before' status_is 125
claim 'a forked child is left out as well' finds lost 1 --children=no sh -c "(\"$WORK/leak\"; :) & wait; exec \"$WORK/leak\""

# ---- threads that search
cat >"$WORK/graph.c" <<'C'
#include <stdint.h>
#include <stdlib.h>
enum { COUNT = 60000 };
static void **root[64];
static uint64_t state = 88172645463325252u;
static uint64_t draw(void) {
    state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
    return state * UINT64_C(2685821657736338717) >> 20;
}
int main(void) {
    void ***node = malloc(COUNT * sizeof *node);
    for (int i = 0; i < COUNT; i++)
        node[i] = calloc(1, 16 + draw() % 100);
    for (int i = 0; i < COUNT; i++)
        for (int l = 0; l < 2; l++)
            node[i][l] = (char *)node[draw() % COUNT] + (draw() % 20 == 0 ? 8 : 0);
    for (int i = 0; i < 3; i++)
        root[i] = node[draw() % COUNT];
    for (int i = 0; i < COUNT; i++)
        if (i % 7 == 0) { node[i][0] = 0; node[i][1] = node[i]; }
    free(node);
    node = 0;
    return 0;
}
C
gcc -O0 -g -o "$WORK/graph" "$WORK/graph.c"
found() { # THREADS: what they found, of everything but times and places
    castaway --mark-threads "$1" --json "$WORK/json" --output "$WORK/cast" --exit-code 0 "$WORK/graph"
    jq -c '[.summary, [.findings[] | [.kind, .fingerprint, .objects, .indirect_objects]]]' "$WORK/json"
    jq -c 'select(.record == "scan") | [.objects_scanned, .bytes_read]' "$WORK/cast"
}
alone=$(found 1)
claim 'a graph of which some is lost, some possible' test "$(jq '.summary | [.lost, .possible, .reachable] | all(.objects > 1000)' "$WORK/json")" = true
for threads in 2 3 8; do
    claim "$threads threads find what one finds" test "$(found $threads)" = "$alone"
done
for bad in 0 9 x -1 ''; do
    castaway --mark-threads "$bad" true
    claim "--mark-threads '$bad' is refused" err_has '--mark-threads: `'"$bad"'` is not a number from 1 to 8'
done

# ---- pools
python=$(readlink -f /usr/bin/python3)
hidden='Python keeps its objects in arenas of its own: set PYTHONMALLOC=malloc to see them'
castaway --json "$WORK/json" "$python" -c 'import os; print(os.environ["PYTHONMALLOC"])'
claim 'python is told to use malloc' out_has malloc
claim 'and the report says so' test "$(notes)" = PYTHONMALLOC=malloc
PYTHONMALLOC=pymalloc castaway --json "$WORK/json" "$python" -c 'import os; print(os.environ["PYTHONMALLOC"])'
claim 'the value of the user stays' out_has pymalloc
claim 'and what it hides is said' test "$(notes)" = "$hidden"
castaway --json "$WORK/json" --keep-pools "$python" -c 'import os; print(os.environ.get("PYTHONMALLOC"))'
claim '--keep-pools leaves them alone' out_has None
claim 'and what they hide is said then, too' test "$(notes)" = "$hidden"
finish
