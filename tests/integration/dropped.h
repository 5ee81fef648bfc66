/* dropped.h - for programs that lose objects on purpose. */
#ifndef CASTAWAY_TESTS_INTEGRATION_DROPPED_H
#define CASTAWAY_TESTS_INTEGRATION_DROPPED_H

#include <stdlib.h>
#include <string.h>

static __attribute__((noinline)) void drop(size_t size) {
    memset(malloc(size), 0, size);
}
/* What calls have left on the stack below. */
static __attribute__((noinline)) void clear(void) {
    volatile char area[65536];
    for (size_t i = 0; i < sizeof area; i++)
        area[i] = 0;
}

#endif
