/* purpose: castaway_collect() counts what is newly lost, castaway_check() all that is lost; LeakSanitizer's own check agrees.
 * expect: cycle=4/256 lost=1/48
 */
#include "../../preload/castaway.h"

#include "program.h"

extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

struct node {
    struct node *other;
    char rest[56];
};
static struct node *volatile held;

static NOINLINE void pair(void) {
    struct node *a = NEW(struct node), *b = NEW(struct node);
    a->other = b;
    b->other = a;
}
static NOINLINE void hold(void) {
    held = NEW(struct node);
}
static NOINLINE void lose(void) {
    (void)NEW_BYTES(48);
}

/* Far below, so that no frame of main's calls comes to lie over what is left there. */
static NOINLINE void deep(void (*make)(void)) {
    volatile char distance[512];
    distance[0] = 0;
    make();
    distance[1] = 0;
}

static int is_not(long value, long wanted) {
    clobber_stack();
    return castaway_is_active() && value != wanted;
}

int main(void) {
    int wrong = 0;
    deep(hold);
    clobber_stack();
    wrong += is_not(castaway_collect(2), 0);
    deep(pair);
    clobber_stack();
    wrong += is_not(castaway_collect(0), 2);
    wrong += is_not(castaway_collect(0), 0);
    wrong += is_not(castaway_check(), 2);
    deep(pair);
    deep(lose);
    clobber_stack();
    wrong += is_not(castaway_collect(1), 3);
    wrong += is_not(castaway_check(), 5);
    wrong += is_not(castaway_collect(3), -1);
    wrong += castaway_is_active() && __lsan_do_recoverable_leak_check() != 1;
    return wrong;
}
