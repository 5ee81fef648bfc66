/* lock.c - the words behind lock.h, and all of them at once.
 *
 * Owns:    the words.
 * Never:   keeps some of them when it can't have all.
 * Start:   lock_all(). */
#include "lock.h"

#include <errno.h>
#include <time.h>

_Atomic int lock_words[LOCK_COUNT];
__thread uint32_t lock_own;

/* Marked as waited for only when it is: else each would be a call of the kernel's to give back, at every fork. */
static int take_within(enum lock lock, int *left_ms) {
    if (lock_try(lock))
        return 0;
    while (atomic_exchange_explicit(&lock_words[lock], 2, memory_order_acquire) != 0) {
        struct timespec slice = {.tv_nsec = 1000000};
        if (*left_ms <= 0)
            return -1;
        if (sys(SYS_futex, &lock_words[lock], FUTEX_WAIT_PRIVATE, 2, &slice) == -ETIMEDOUT)
            --*left_ms;
    }
    return 0;
}

int lock_all(int limit_ms) {
    for (enum lock lock = 0; lock < LOCK_COUNT; lock++) {
        if (take_within(lock, &limit_ms) == 0)
            continue;
        while (lock-- > 0)
            lock_release(lock);
        return -1;
    }
    lock_own = UINT32_MAX;
    return 0;
}

void lock_release_all(void) {
    for (enum lock lock = LOCK_COUNT; lock-- > 0;)
        lock_release(lock);
    lock_own = 0;
}
