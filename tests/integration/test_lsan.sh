#!/usr/bin/env bash
# What LeakSanitizer's users have said already: LSAN_OPTIONS, and the functions that a program defines for it.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"

cat >"$WORK/program.h" <<'C'
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void *take(size_t size) { return memset(malloc(size), 0, size); }
static void __attribute__((noinline)) clear(void) { volatile char area[65536]; for (size_t i = 0; i < sizeof area; i++) area[i] = 0; }
C
cat >"$WORK/holders.c" <<'C'
#include "program.h"
/* One object for each place that can hold it, in a thread that runs when the program ends. */
void __lsan_register_root_region(const void *, size_t) __attribute__((weak));
static void *global;
static __thread void *local;
static volatile int ready;
static pthread_key_t key;
static void *hold(void *unused) {
    void *volatile on_stack = take(100);
    local = take(200);
    pthread_setspecific(key, take(400));
    register void *in_register __asm__("r12") = take(800);
    __asm__ volatile("" : : "r"(in_register));
    ready = on_stack != unused;
    for (;;)
        __asm__ volatile("" : : "r"(in_register) : "memory");
}
int main(void) {
    pthread_t thread;
    global = take(1600);
    void **region = take(16);
    region[1] = take(3200);
    if (__lsan_register_root_region)
        __lsan_register_root_region(region + 1, 8);
    region = NULL;
    pthread_key_create(&key, NULL);
    pthread_create(&thread, NULL, hold, NULL);
    while (!ready)
        usleep(1000);
    clear();
    return 0;
}
C
cat >"$WORK/brings.c" <<'C'
#include "program.h"
static int wanted;
const char *__lsan_default_options(void) { return "exitcode=7:use_globals=0"; }
const char *__lsan_default_suppressions(void) { return "leak:excused\n"; }
int __lsan_is_turned_off(void) { return !wanted; }
static void *global;
static void __attribute__((noinline)) excused(void) { take(40); }
static void __attribute__((noinline)) counted(void) { take(56); }
int main(int count, char **words) {
    (void)words;
    wanted = count > 1;
    global = take(72);
    excused();
    counted();
    clear();
    return 0;
}
C
gcc -O0 -g -w -pthread -o "$WORK/holders" "$WORK/holders.c"
gcc -O0 -g -w -o "$WORK/brings" "$WORK/brings.c"

loses() { # BYTES LSAN_OPTIONS: of the objects that the program holds in its ways
    LSAN_OPTIONS=$2 castaway --exit-code 0 --text /dev/null --json "$WORK/json" "$WORK/holders"
    local bytes
    bytes=$(jq '[.findings[] | select(.stack[0].function == "take" and .bytes != 16) | .bytes] | add // 0' "$WORK/json")
    [ "$bytes" = "$1" ] || { echo "$bytes bytes, not $1"; jq -c '.summary.lost' "$WORK/json"; }
}
claim 'all places count' loses 0 ''
claim 'use_stacks=0' loses 100 use_stacks=0
claim 'use_tls=0: thread-local data and thread-specific values' loses 600 use_tls=0
claim 'use_registers=0' loses 800 use_registers=0:verbosity=1
claim 'use_globals=0' loses 1600 use_globals=0
claim 'use_root_regions=0' loses 3200 use_root_regions=0
claim 'several, with any separator' loses 1700 'use_stacks=0,use_globals=0 use_tls=1'
claim 'the last one counts' loses 0 use_stacks=0:use_stacks=1
claim 'what is neither yes nor no changes nothing' loses 0 use_stacks=perhaps
LSAN_OPTIONS=detect_leaks=0 castaway --fail-on all "$WORK/holders"
claim 'detect_leaks=0: nothing is judged, and that is no failure' status_is 0
claim 'detect_leaks=0: the report says so' err_has 'the check is turned off'

castaway "$WORK/brings" wanted
claim "__lsan_default_options: the program's own status of findings" status_is 7
claim '__lsan_default_options: a place that it leaves out' err_has '128 byte(s) leaked in 2 allocation(s)'
claim '__lsan_default_suppressions: used, and listed' err_has '40 excused'
grep -v __lsan_ "$WORK/brings.c" >"$WORK/other.c"
gcc -O0 -g -w -o "$WORK/other" "$WORK/other.c"
castaway --json "$WORK/json" --text /dev/null sh -c "'$WORK/brings' wanted; '$WORK/other'; true"
claim "__lsan_default_suppressions: of its own findings alone, whatever else is in the report" test \
    "$(jq -rc '[.findings[] | select(any(.stack[]; .function == "excused")) | .first.argv[0]] | map(split("/")[-1])' "$WORK/json")" = '["other"]'
LSAN_OPTIONS=use_globals=1 castaway --exit-code 9 "$WORK/brings" wanted
claim "what the user says stands above the program's own" status_is 9
claim "what the environment says, too" err_has '56 byte(s) leaked in 1 allocation(s)'
castaway "$WORK/brings"
claim '__lsan_is_turned_off: not judged' status_is 0
claim '__lsan_is_turned_off: the report says so' err_has '__lsan_is_turned_off'
strip "$WORK/brings"
castaway "$WORK/brings" wanted
claim 'functions that a program has, but shows nobody, are not there' err_has '96 byte(s) leaked in 2 allocation(s)'
gcc -O0 -g -w -rdynamic -s -o "$WORK/brings" "$WORK/brings.c"
castaway "$WORK/brings" wanted
claim 'functions that it exports are' status_is 7

LSAN_OPTIONS=log_path=$WORK/log:malloc_context_size=1 castaway "$WORK/brings" wanted
claim 'log_path: a file for each process' grep -q 'byte(s) leaked' "$WORK"/log.[0-9]*
claim 'log_path: nothing on stderr' err_lines 0
claim 'malloc_context_size: so many frames' test "$(cat "$WORK"/log.[0-9]* | grep -c main)" = 0
cat >"$WORK/three.c" <<'C'
#include "program.h"
static void __attribute__((noinline)) one(void) { take(10); }
static void __attribute__((noinline)) two(void) { take(20); }
static void __attribute__((noinline)) three(void) { take(30); }
int main(void) { one(); two(); three(); clear(); return 0; }
C
gcc -O0 -g -w -o "$WORK/three" "$WORK/three.c"
LSAN_OPTIONS=max_leaks=1 castaway "$WORK/three"
claim 'max_leaks: so many findings, the largest first' test "$(grep -c ' LEAK ' "$WORK/err")" = 1
claim 'max_leaks: that one is the largest' err_has '30 bytes'
claim 'max_leaks: the others are counted' err_has 'and 2 findings that are not listed'
claim 'max_leaks: in the sum, too' err_has '60 byte(s) leaked in 3 allocation(s)'
claim 'max_leaks: and in the exit status' status_is 23
castaway --max-findings 3 "$WORK/three"
claim '--max-findings of as many as there are' test "$(grep -c ' LEAK ' "$WORK/err") $(grep -c 'not listed' "$WORK/err")" = '3 0'
castaway --max-findings some "$WORK/three"
claim '--max-findings takes a number' status_is 125
finish
