/* fork.c - a forked child of the program gets castaway whole.
 *
 * Every lock is taken around the fork, so that no table is caught half-written and libunwind's own locks (held only
 * under LOCK_LEARN) are free. The handlers are registered before any other, so they run last before the fork and first
 * in the child. */
#include <pthread.h>

#include "init.h"
#include "lock.h"
#include "record.h"
#include "thread.h"

static void before(void) {
    thread_busy++;
    for (enum lock lock = 0; lock < LOCK_COUNT; lock++)
        lock_take(lock);
}

static void in_parent(void) {
    for (int lock = LOCK_COUNT; lock-- > 0;)
        lock_release((enum lock)lock);
    thread_busy--;
}

static void in_child(void) {
    in_parent();
    record_after_fork();
    process_after_fork();
}

int fork_init(void) {
    return pthread_atfork(before, in_parent, in_child);
}
