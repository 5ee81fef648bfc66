#!/usr/bin/env bash
# Threads that run on while the process ends stand from the check on: they don't meet what destructors have destroyed.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
cd "$WORK" || exit 1
cat >sleepers.c <<'C'
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
static int seen;
static volatile int destroyed;
static void *run(void *unused) {
    for (;;) {
        usleep(400000);
        if (destroyed && write(seen, "x", 1) != 1)
            abort();
    }
    return unused;
}
static void end_slowly(void) { sleep(1); }
static void destroy(void) { destroyed = 1; }
/* sleepers FILE: three threads write there whenever they run after the destructor */
int main(int count, char **words) {
    pthread_t thread;
    seen = open(words[1], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    for (int i = 0; i < 3; i++)
        pthread_create(&thread, NULL, run, NULL);
    usleep(10000);
    if (getenv("SLOW_END"))
        atexit(end_slowly);
    atexit(destroy); /* the first to be called */
    return seen < 0;
}
C
gcc -O0 -g -w -pthread -o sleepers sleepers.c
has() { [ -s "$1" ]; }

SLOW_END=1 ./sleepers alone
claim 'without castaway they are seen to run, when the end takes long' has alone
# Nobody opens the report for two seconds: so long the check takes.
mkfifo report
{ sleep 2; cat report >text; } &
env LD_PRELOAD="$BUILD/libcastaway.so" CASTAWAY_OPTIONS="text=$WORK/report" ./sleepers watched
status=$?
wait
claim 'the check was made' grep -q SUMMARY text
claim 'while it is under way none runs' test -e watched -a ! -s watched
claim 'the program ends as ever' test $status = 0

# No signal may wait for a thread: what it holds is held all the same.
cat >holders.c <<'C'
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static pthread_barrier_t ready;
static void *run(void *unused) {
    void *volatile mine = memset(malloc(72), 0, 72);
    pthread_barrier_wait(&ready);
    for (;;)
        pause();
    return mine;
}
static void __attribute__((noinline)) drop(void) { memset(malloc(40), 0, 40); }
static void __attribute__((noinline)) clear(void) { volatile char area[65536]; for (size_t i = 0; i < sizeof area; i++) area[i] = 0; }
int main(void) {
    pthread_t thread;
    pthread_barrier_init(&ready, NULL, 3);
    for (int i = 0; i < 2; i++)
        pthread_create(&thread, NULL, run, NULL);
    pthread_barrier_wait(&ready);
    drop();
    clear();
    return 0;
}
C
gcc -O0 -g -w -pthread -o holders holders.c
unprivileged() { if [ "$(id -u)" = 0 ]; then setpriv --bounding-set -sys_resource --inh-caps -sys_resource "$@"; else "$@"; fi; }
lost() { jq -c '[.summary.lost.objects, .summary.lost.bytes]' json; }
(ulimit -S -i 0 && unprivileged "$CASTAWAY" --fail-on none --json json ./holders)
claim 'a limit on waiting signals is put aside' test "$(lost)" = '[1,40]'
claim 'so that all threads stand' jq -e '[.notes[].code] | index("thread-running") | not' json
(ulimit -i 0 && unprivileged "$CASTAWAY" --fail-on none --json json ./holders)
claim 'where it can not be, all of their stacks counts' test "$(lost)" = '[1,40]'
claim 'and that they ran on is said' jq -e '.notes[] | select(.code == "thread-running") | .count == 2' json
finish
