/* Two ways at each level, over and over: a stack is which of two return addresses stands in each place, on several pages. First
 * only some of the places take turns. Now and then a way comes many times running. Then each place has other two words, and
 * larger frames stand elsewhere between. All this ever further up the stack; and at last with ways of more levels. */
#include "frames.h"

enum { LEVELS = 7, WAYS = 1 << LEVELS, FEW = 8, ROUNDS = 9, RUNNING = 40, ROOM_BYTES = 1500, FURTHER = 14 };

static int first_bytes = 1000;
static int other_shape; /* of eight frames other four are larger, and other two calls lead on */

/* The calls are followed by different code, so that they stay four. */
static NOINLINE void descend(size_t size, int way, int levels, int is_last) {
    volatile char room[(levels + other_shape) % 2 ? 16 : ROOM_BYTES];
    room[0] = room[1] = 1;
    int call = levels ? (way & 1) + 2 * other_shape : 4;
    way >>= 1, levels--;
    if (call == 0) {
        descend(size, way, levels, is_last);
        __asm__ volatile("nop" ::: "memory");
    } else if (call == 1) {
        descend(size, way, levels, is_last);
        __asm__ volatile("nop; nop" ::: "memory");
    } else if (call == 2) {
        descend(size, way, levels, is_last);
        __asm__ volatile("nop; nop; nop" ::: "memory");
    } else if (call == 3) {
        descend(size, way, levels, is_last);
        __asm__ volatile("nop; nop; nop; nop" ::: "memory");
    } else {
        if (is_last)
            frames_print(size);
        void *made = malloc(size);
        __asm__ volatile("" : "+r"(made));
        if (!is_last)
            free(made);
    }
    room[0] = room[1];
}

/* times: some ways come so often running. is_last: what is made is recorded */
static void all_ways(int ways, int times, int is_last) {
    for (int i = 0; i < ways; i++) {
        int way = i * 5 % ways;
        for (int left = i % 50 ? 1 : times; left > 0; left--)
            descend((size_t)(first_bytes + way + other_shape * WAYS), way, LEVELS, is_last);
    }
}

static NOINLINE void both_shapes(void) {
    for (other_shape = 0; other_shape < 2; other_shape++) {
        for (int round = 0; round < ROUNDS; round++)
            all_ways(FEW, 1, 0);
        all_ways(WAYS, 1, 0);
        all_ways(WAYS, RUNNING, 0);
        all_ways(WAYS, 1, 1);
    }
}

/* Some hundreds of a million ways: they are known by numbers of more bits than there is room for. */
static NOINLINE void few_of_many(void) {
    enum { OF_MANY = 20, TIMES = 4, SPREAD = 0x9E3779B1 };
    first_bytes += 2 * WAYS;
    other_shape = 0;
    for (int time = 1; time <= TIMES; time++)
        for (unsigned i = 0; i < 2 * WAYS; i++)
            descend((size_t)first_bytes + i, (int)(i * SPREAD >> (32 - OF_MANY)), OF_MANY, time == TIMES);
}

/* Each of these frames has a page of its own. */
static NOINLINE void further_up(int levels) {
    volatile char room[3 * ROOM_BYTES];
    room[0] = 1;
    if (levels)
        further_up(levels - 1);
    else
        both_shapes();
    room[1] = 1;
}

int main(void) {
    both_shapes();
    for (int levels = 2; levels <= FURTHER; levels += 3) {
        first_bytes += 2 * WAYS;
        further_up(levels);
    }
    few_of_many();
    clobber_stack();
    return 0;
}
