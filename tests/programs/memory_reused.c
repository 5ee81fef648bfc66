/* purpose: what keeping track of objects takes is set by how many there are at a time: all are freed and made again, by their
 *          own thread and by another, and the process holds hardly more than before
 * flags: -O2
 * expect: lost=0/0
 * allocators: no
 */
#include <pthread.h>
#include <stdio.h>

#include "program.h"

enum { OBJECTS = 400000, BYTES = 64, ROUNDS = 3, MORE_KIB_MAX = 2 * OBJECTS / 1024 };

static void *object[OBJECTS];

static NOINLINE void fill(void) {
    for (int i = 0; i < OBJECTS; i++) {
        object[i] = malloc(BYTES);
        opaque(object[i]);
    }
}

static void *empty(void *nothing) {
    for (int i = 0; i < OBJECTS; i++)
        free(object[i]);
    return nothing;
}

static void empty_elsewhere(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, empty, NULL) || pthread_join(thread, NULL))
        exit(3);
}

static long held_kib(void) {
    char text[4096] = "";
    FILE *sums = fopen("/proc/self/smaps_rollup", "re");
    size_t bytes = sums ? fread(text, 1, sizeof text - 1, sums) : 0;
    const char *line = bytes ? strstr(text, "Anonymous:") : NULL;
    if (!line)
        exit(3);
    fclose(sums);
    return strtol(line + strlen("Anonymous:"), NULL, 10);
}

int main(void) {
    fill();
    long first = held_kib();
    for (int round = 0; round < ROUNDS; round++) {
        empty(NULL);
        fill();
    }
    long same = held_kib();
    for (int round = 0; round < ROUNDS; round++) {
        empty_elsewhere();
        fill();
    }
    long other = held_kib();
    if (getenv("TELL"))
        fprintf(stderr, "%ld %ld %ld KiB\n", first, same, other);
    return same - first > MORE_KIB_MAX || other - first > MORE_KIB_MAX;
}
