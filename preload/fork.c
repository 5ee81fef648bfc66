/* fork.c - a forked child of the program gets castaway whole.
 *
 * Every lock is taken around the fork, so that no table is caught half-written. The handlers are registered before any
 * other, so they run last before the fork and first in the child.
 *
 * Owns:    whether forks are ours, and whether this thread's has the locks.
 * Never:   holds a fork up for longer than LIMIT_MS: then it goes on without them.
 * Start:   fork_init(). */
#include "fork.h"

#include <pthread.h>

#include "bind.h"
#include "give_way.h"
#include "init.h"
#include "lock.h"
#include "profile.h"
#include "record.h"
#include "stop.h"
#include "thread.h"
#include "trace.h"
#include "unwind.h"

enum { LIMIT_MS = 1000 };

static int is_ours;
static __thread int locked;

/* A signal handler that forks while its thread is inside a hook may wait for itself: then the fork goes on without. */
void fork_before(void) {
    int nested = thread_busy++ > 0;
    locked = lock_all(nested ? 0 : LIMIT_MS) == 0;
}

void fork_in_parent(void) {
    if (locked)
        lock_release_all();
    locked = 0;
    thread_busy--;
}

void fork_in_child(void) {
    fork_in_parent();
    record_after_fork();
    thread_after_fork();
    if (thread_self)
        trace_after_fork(&thread_self->traces);
    stop_after_fork();
    unwind_after_fork();
    bind_after_fork();
    give_way_after_fork();
    profile_after_fork();
    process_after_fork();
}

void fork_init(void) {
    is_ours = pthread_atfork(fork_before, fork_in_parent, fork_in_child) == 0;
}

int fork_is_ours(void) {
    return is_ours;
}
