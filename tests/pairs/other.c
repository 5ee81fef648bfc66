/* other.c - the other file of pairs.c. */
#include "pairs.h"

#include <stdlib.h>
#include <string.h>

void *seen(void *pointer) {
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}

int true_at_run_time(void) {
    static volatile int yes = 1;
    return yes;
}

void sink(char *block, int bad) {
    block[0] = 'a';
    if (!bad)
        free(block);
}

char *source(size_t size) {
    return memset(seen(malloc(size)), 'b', size);
}
