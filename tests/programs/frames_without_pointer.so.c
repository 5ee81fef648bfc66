/* The library of frames_without_pointer.c. */
#include "program.h"

int library_outer(int (*callback)(int), int depth);

static NOINLINE int library_inner(int (*callback)(int), int depth) {
    volatile char area[777];

    area[depth] = 1;
    if (depth == 0)
        return callback(0);
    return library_inner(callback, depth - 1) + depth * area[depth];
}
int library_outer(int (*callback)(int), int depth) {
    int sum = library_inner(callback, depth);

    __asm__ volatile(""); /* no tail call */
    return sum;
}
