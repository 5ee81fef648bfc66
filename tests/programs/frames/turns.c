/* Many ways to one call: stacks that differ in return addresses alone, and others that begin and end where those do while
 * a larger frame stands elsewhere between. Some steps need the frame pointer. */
#include "frames.h"

enum { LEVELS = 5, WAYS = 243 /* 3 to the power of LEVELS */, FIRST_BYTES = 1000 };

static void descend(size_t size, int way, int levels);

static NOINLINE void make_room(size_t size, int way, int levels, int bytes) {
    volatile char room[bytes];
    room[0] = 1;
    descend(size, way, levels - 1);
    room[bytes - 1] = 1;
}

/* The three calls are followed by different code, so that they stay three. */
static NOINLINE void descend(size_t size, int way, int levels) {
    if (!levels)
        DROP_RECORDED(size);
    else if (way % 3 == 0) {
        descend(size, way / 3, levels - 1);
        __asm__ volatile("nop" ::: "memory");
    } else if (way % 3 == 1) {
        descend(size, way / 3, levels - 1);
        __asm__ volatile("nop; nop" ::: "memory");
    } else
        make_room(size, way / 3, levels, 200);
    __asm__ volatile("" ::: "memory");
}

/* The next way is never the neighbour of the last. */
int main(void) {
    for (int i = 0; i < WAYS; i++) {
        int way = i * 100 % WAYS;
        descend((size_t)(FIRST_BYTES + way), way, LEVELS);
    }
    clobber_stack();
    return 0;
}
