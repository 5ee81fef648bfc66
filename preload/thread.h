/* thread.h - what castaway keeps for each thread of the program. */
#ifndef CASTAWAY_PRELOAD_THREAD_H
#define CASTAWAY_PRELOAD_THREAD_H

#include "analysis/heap.h"

struct thread_state {
    object_id free_head; /* records that this thread may reuse, linked through the records themselves */
    uint32_t free_count;
    uint32_t serial, serial_end;   /* birth serials taken in advance, so that threads share no counter */
    int reallocates;               /* the real realloc runs: a record is out of the index */
    struct thread_state *all_next; /* list of all states */
    uintptr_t stack_hi;            /* upper end of the thread's own stack; 0: unknown */
    struct thread_state *next;     /* list of states whose thread is gone */
};

/* Non-zero while this thread is inside castaway: allocations made then (by a signal handler, by libunwind, by the
 * loader on our behalf) take the path that needs no state. Kept in the static TLS block: no __tls_get_addr. */
extern __thread int thread_busy;
extern __thread struct thread_state *thread_self;

/* This thread's state, made or adopted on first use; NULL: no memory. Call while busy. */
struct thread_state *thread_state_slow(void);
static inline struct thread_state *thread_state(void) {
    return __builtin_expect(thread_self != NULL, 1) ? thread_self : thread_state_slow();
}

void thread_init(void); /* first constructor */

/* Is some thread inside the real realloc? Its block is in no index then, old or new. context: threads stopped */
int thread_reallocates(void);

/* Thread pointers (pthread_t) that were ever handed out: their stacks are not roots once the thread is gone.
 * *out receives an array in which 0 marks an empty place; returns its length. */
void thread_note_pointer(uintptr_t thread_pointer);
size_t thread_pointers(const uintptr_t **out);

#endif
