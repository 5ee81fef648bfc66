/* Deeper than stacks are kept: at each level of a recursion the same stack stands elsewhere. But for one that has another call
 * on its way, ever further up. */
#include "frames.h"

enum { LEVELS = 2 * FRAMES_MAX, FIRST_BYTES = 1000 };

static NOINLINE void descend(int levels, int other, size_t size) {
    void *made = malloc(16);
    __asm__ volatile("" : "+r"(made));
    free(made);
    if (!levels)
        DROP_RECORDED(size);
    else if (levels == other) {
        descend(levels - 1, other, size);
        __asm__ volatile("nop" ::: "memory");
    } else {
        descend(levels - 1, other, size);
        __asm__ volatile("nop; nop" ::: "memory");
    }
}

int main(void) {
    for (int other = 1; other < FRAMES_MAX; other++)
        descend(LEVELS + other % 7, other, (size_t)(FIRST_BYTES + other));
    clobber_stack();
    return 0;
}
