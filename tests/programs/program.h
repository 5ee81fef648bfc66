/* program.h - what the test programs share: pointers that are truly gone, and allocations that no compiler removes.
 *
 * A program's expectations stand in its head comment; run_programs.sh of tests/integration says how they are read. */
#ifndef CASTAWAY_TESTS_PROGRAM_H
#define CASTAWAY_TESTS_PROGRAM_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline, unused))

/* The same pointer, of which the compiler knows nothing: it can neither remove the allocation nor keep a copy of its own. */
static inline void *opaque(void *pointer) {
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}

/* Zeroed memory from a call of malloc in the calling function. */
#define NEW(type) ((type *)memset(opaque(malloc(sizeof(type))), 0, sizeof(type)))
#define NEW_BYTES(size) (memset(opaque(malloc(size)), 0, size))

/* An object that nothing points to when this has returned. */
static NOINLINE void drop(size_t size) {
    NEW_BYTES(size);
}

/* Overwrite the stack below the caller, so that no pointer stays there in a frame that has returned. */
static NOINLINE void clobber_stack(void) {
    volatile char area[128 * 1024];

    for (size_t i = 0; i < sizeof area; i++)
        area[i] = 0;
    __asm__ volatile("" : : "r"(area) : "memory");
}

#endif
