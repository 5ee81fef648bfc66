/* Recursion in which each level is called from one of several places, and memory is asked for in several, over and over: first
 * from few, so that what is known of them grows, then from more than are told apart, then from few again. Stacks of two shapes
 * begin at the same stack pointer. */
#include "frames.h"

enum { LEVELS = 4, FEW = 5, MANY = 80, TIMES = 6000, LAST = 160 };

static int first_bytes = 1000;

#define CALL(n)                                                                                                        \
    case n:                                                                                                            \
        descend(size, way / places, places, levels - 1, is_last);                                                      \
        __asm__ volatile("" ::"i"(n));                                                                                 \
        break;
#define CALLS_8(n) CALL(n) CALL(n + 1) CALL(n + 2) CALL(n + 3) CALL(n + 4) CALL(n + 5) CALL(n + 6) CALL(n + 7)
#define MAKE(n)                                                                                                        \
    case n:                                                                                                            \
        made = malloc(size);                                                                                           \
        __asm__ volatile("" : "+r"(made) : "i"(n));                                                                    \
        break;

static NOINLINE void make(size_t size, int is_last) {
    void *made = NULL;
    if (is_last)
        frames_print(size);
    switch (size % 4) {
        MAKE(0)
        MAKE(1)
        MAKE(2)
        MAKE(3)
    }
    if (!is_last)
        free(made);
}

/* The same from a frame of another size, and one that is larger outside. */
static NOINLINE void make_deep(size_t size, int is_last) {
    volatile char room[64];
    room[0] = room[1] = 1;
    make(size, is_last);
    room[0] = room[1];
}

static NOINLINE void descend(size_t size, unsigned way, unsigned places, int levels, int is_last) {
    volatile char room[16];
    room[0] = room[1] = 1;
    if (!levels) {
        if (size % 3)
            make(size, is_last);
        else
            make_deep(size, is_last);
    } else
        switch (way % places) {
            CALL(0)
            CALL(1)
            CALL(2)
            CALL(3)
            CALL(4)
            CALL(5)
            CALL(6)
            CALL(7)
            CALLS_8(8) CALLS_8(16) CALLS_8(24) CALLS_8(32) CALLS_8(40) CALLS_8(48) CALLS_8(56) CALLS_8(64) CALLS_8(72)
        }
    room[0] = room[1];
}
_Static_assert(MANY == 80, "a call for each place");

/* Of those in [first, last) each comes once more, and is recorded. */
static NOINLINE void some_ways(unsigned places, unsigned first, unsigned last) {
    for (unsigned i = 0; i < TIMES; i++)
        descend((size_t)first_bytes + i % 12, i * 2654435761u >> 4, places, LEVELS, 0);
    for (unsigned i = first; i < last; i++)
        descend((size_t)first_bytes++, i, places, LEVELS, 1);
}

int main(void) {
    some_ways(2, 0, 1 << LEVELS);
    some_ways(FEW, LAST, 2 * LAST);
    some_ways(MANY, 0, 0);
    some_ways(FEW, 2 * LAST, 3 * LAST);
    clobber_stack();
    return 0;
}
