/* pairs DEPTH PAIRS: takes and gives back that many references, so many calls below main; prints the nanoseconds of a call,
 * of the processor's time. */
#include "counted.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

__attribute__((noinline)) static void pairs(struct counted *counted, long count) {
    for (long i = 0; i < count; i++) {
        counted_ref(counted);
        counted_unref(counted);
    }
}

__attribute__((noinline)) static void descend(int depth, struct counted *counted, long count) {
    if (depth)
        descend(depth - 1, counted, count);
    else
        pairs(counted, count);
    __asm__ volatile(""); /* no tail call */
}

int main(int count, char **arguments) {
    if (count < 3)
        return 2;
    int depth = atoi(arguments[1]);
    long total = atol(arguments[2]);
    struct counted *counted = counted_new();
    descend(depth, counted, 1000);
    double begun_ns = now_ns();
    descend(depth, counted, total);
    printf("%.1f\n", (now_ns() - begun_ns) / (double)(2 * total));
    free(counted);
    return 0;
}
