#!/usr/bin/env bash
# Objects that one thread makes and another one frees: what castaway kept for them is used again, whoever makes the next
# ones, and their bytes are no growth that a scan would have to look into.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"

cat >"$WORK/hand.c" <<'C'
/* hand ROUNDS MAKERS BYTES [SECONDS]: makers and one thread that frees what they made take turns; without a maker that
 * thread makes and nobody frees. Prints how much the peak of memory rose after the first tenth of the rounds, in KiB. Some
 * seconds later it allocates a little more. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
enum { MAKERS_MAX = 4, OBJECTS = 8000, ROUNDS_MAX = 200 };
static void *held[ROUNDS_MAX][MAKERS_MAX][OBJECTS];
static int rounds, makers;
static size_t bytes;
static pthread_barrier_t made, freed;
static long peak_kib(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}
static void fill(void **objects) {
    for (int i = 0; i < OBJECTS; i++)
        objects[i] = malloc(bytes);
}
static void *make(void *objects) {
    for (int round = 0; round < rounds; round++) {
        fill(objects);
        pthread_barrier_wait(&made);
        pthread_barrier_wait(&freed);
    }
    return NULL;
}
static void take_turn(int round) {
    if (makers == 0)
        fill(held[round][0]);
    pthread_barrier_wait(&made);
    for (int maker = 0; maker < makers; maker++)
        for (int i = 0; i < OBJECTS; i++)
            free(held[0][maker][i]);
    pthread_barrier_wait(&freed);
}
int main(int count, char **words) {
    rounds = atoi(words[1]);
    makers = atoi(words[2]);
    bytes = (size_t)atoi(words[3]);
    pthread_barrier_init(&made, NULL, (unsigned)makers + 1);
    pthread_barrier_init(&freed, NULL, (unsigned)makers + 1);
    pthread_t threads[MAKERS_MAX];
    for (int i = 0; i < makers; i++)
        pthread_create(&threads[i], NULL, make, held[0][i]);
    long peak = 0;
    for (int round = 0; round < rounds; round++) {
        take_turn(round);
        peak = round == rounds / 10 ? peak_kib() : peak;
    }
    for (int i = 0; i < makers; i++)
        pthread_join(threads[i], NULL);
    printf("%ld\n", peak_kib() - peak);
    for (int i = count > 4 ? (int)sleep((unsigned)atoi(words[4])) : 1000; i < 1000; i++) {
        void *volatile block = malloc(16);
        free(block);
        usleep(500); /* a scan has time to come */
    }
    return 0;
}
C
gcc -O2 -g -w -o "$WORK/hand" "$WORK/hand.c" -pthread || exit 1

grows_by() { # LEAST MOST ARGUMENTS...
    local least=$1 most=$2 kib
    shift 2
    kib=$("$CASTAWAY" run --text /dev/null "$WORK/hand" "$@") || return
    [ "$kib" -ge "$least" ] && [ "$kib" -le "$most" ] || { echo "$kib KiB"; return 1; }
}
scans() { # NUMBER ARGUMENTS...
    local number=$1 json=$WORK/$1.json
    shift
    "$CASTAWAY" run --json "$json" --text /dev/null "$WORK/hand" "$@" || return
    [ "$(jq .scans "$json")" -eq "$number" ] || { jq -c '.scans, .timeline' "$json"; return 1; }
}

# The first scan by the default threshold, of 16 MiB, can come 10 seconds after the start: both wait for that together.
scans 0 2 4 1000 11 >"$WORK/freed" 2>&1 &
freed=$!
scans 1 5 0 1000 11 >"$WORK/held" 2>&1 &
held=$!
ended() { # PROCESS OUTPUT
    wait "$1" || { cat "$2"; return 1; }
}

claim 'one thread makes, another frees: memory does not grow' grows_by 0 256 200 1 100
claim 'several make, one frees: memory does not grow' grows_by 0 256 200 4 100
claim 'objects that nobody frees do take memory' grows_by $((180 * 8000 * 100 / 1024)) 1000000 200 0 100
claim 'bytes that another thread freed do not make a scan' ended $freed "$WORK/freed"
claim 'so many that are held do' ended $held "$WORK/held"
finish
