/* The same few ways to one call over and over: stacks with one of two return addresses in each place, on several pages. Now
 * and then there is a third one, or the same way comes twice running. What is recorded is each way's last call. */
#include "frames.h"

enum { LEVELS = 7, WAYS = 1 << LEVELS, THIRD = WAYS, ROUNDS = 5, FIRST_BYTES = 1000, ROOM_BYTES = 1500 };

/* The calls are followed by different code, so that they stay three. */
static NOINLINE void descend(size_t size, int way, int levels, int is_last) {
    volatile char room[levels % 2 ? 16 : ROOM_BYTES];
    room[0] = room[1] = 1;
    if (!levels) {
        if (is_last)
            frames_print(size);
        void *made = malloc(size);
        __asm__ volatile("" : "+r"(made));
        if (!is_last)
            free(made);
    } else if (way & THIRD) {
        descend(size, way >> 1, levels - 1, is_last);
        __asm__ volatile("nop; nop; nop" ::: "memory");
    } else if (way & 1) {
        descend(size, way >> 1, levels - 1, is_last);
        __asm__ volatile("nop" ::: "memory");
    } else {
        descend(size, way >> 1, levels - 1, is_last);
        __asm__ volatile("nop; nop" ::: "memory");
    }
    room[0] = room[1];
}

int main(void) {
    for (int round = 1; round <= ROUNDS; round++)
        for (int i = 0; i < WAYS; i++) {
            int way = i * (2 * round + 1) % WAYS, size = FIRST_BYTES + way;
            if (i % 16 == 0)
                descend((size_t)size, way | THIRD, LEVELS, 0);
            if (i % 3 == 0)
                descend((size_t)size, way, LEVELS, 0);
            descend((size_t)size, way, LEVELS, round == ROUNDS);
        }
    clobber_stack();
    return 0;
}
