/* Objects that words on a stack hold, one way each. A byte on standard input moves the one whose word changes, `c` overwrites
 * what a call that is over has left, and `e` ends it; each is answered by a byte. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
enum { WORDS = 512 };

void *global;

static NOINLINE void *make_left(void) {
    return memset(malloc(40), 0, 40);
}
static NOINLINE void *make_moved(void) {
    return memset(malloc(56), 0, 56);
}
static NOINLINE void *make_global(void) {
    return memset(malloc(72), 0, 72);
}
static NOINLINE void *make_below(void) {
    return memset(malloc(88), 0, 88);
}

/* Leaves its pointer in the middle of a frame that is gone; the next one is a little smaller. */
static NOINLINE void leave(void) {
    void **object = make_left();
    void *volatile words[WORDS];

    object[1] = make_below();
    for (int i = 0; i < WORDS; i++)
        words[i] = i == WORDS / 2 ? object : NULL;
    __asm__ volatile("" : : "r"(words) : "memory");
}

static NOINLINE int serve(void) {
    void *volatile words[WORDS - 32]; /* what stood there */
    void *volatile moved[2] = {make_moved(), NULL};
    char order = 0;

    while (order != 'e' && read(0, &order, 1) == 1) {
        void *object = moved[0] ? moved[0] : moved[1];
        int place = moved[0] != NULL;
        moved[!place] = NULL;
        moved[place] = object;
        for (int i = 0; order == 'c' && i < WORDS - 32; i++)
            words[i] = NULL;
        if (write(1, &order, 1) != 1)
            return 1;
    }
    free(moved[0] ? moved[0] : moved[1]);
    return words[0] == &order;
}

int main(void) {
    global = make_global();
    leave();
    return serve();
}
