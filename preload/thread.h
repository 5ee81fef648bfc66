/* thread.h - what castaway keeps for each thread of the program. */
#ifndef CASTAWAY_PRELOAD_THREAD_H
#define CASTAWAY_PRELOAD_THREAD_H

#include <time.h>

#include "analysis/heap.h"

/* A wait with a time limit that the kernel would forget when our signal broke it off (wait.c, interrupt.c). */
struct wait {
    int64_t began_ns; /* monotonic; 0: there is none */
    int64_t limit_ns;
    struct timespec rest; /* where the limit stands when the wait is taken up again */
    int is_cut;           /* a call came back with less than it was asked for, it may be for our signal (transfer.c) */
};
#define WAIT_SECONDS_MAX (1ll << 32) /* longer ones count as so long */
static inline int64_t wait_ns(int64_t seconds, int64_t ns) {
    return (seconds < WAIT_SECONDS_MAX ? seconds : WAIT_SECONDS_MAX) * 1000000000ll + ns;
}

enum {
    THREAD_IDS = 256,
    THREAD_LEAVES = 256, /* megabytes: glibc's arenas begin at multiples of 64, mostly one behind the other */
};
/* Batches of free ids (ids.c). */
struct ids_store {
    struct ids_sheet *top, *spare;
    uint32_t settled; /* so many batches, from the bottom (ids_settle) */
};
struct thread_state {
    uint32_t id_count;           /* of ids[] */
    uint32_t serial, serial_end; /* birth serials taken in advance, so that threads share no counter */
    int has_shared;              /* ids that it gave back, with everybody, since it had none left */
    struct ids_store kept;       /* more of them, that it keeps for itself */
    uint32_t kept_max;           /* how many batches it may keep from everybody */
    uint32_t serials_unnoted;    /* so many times serials were taken since their time was noted (record.c) */
    int reallocates;             /* the real realloc runs: a record is out of the index */
    object_id aside_id;          /* this one, while reallocates; 0: there is none */
    uintptr_t aside;             /* the block's address */
    /* How many of ids[] there were when its counts were last added to everybody's (live.c), and since then the balance of what
     * neither a birth took nor a death brought. */
    int64_t ids_then;
    int64_t net_bytes;             /* births minus deaths since then */
    uintptr_t thread_pointer;      /* of its thread; 0: the thread is gone */
    struct wait wait;              /* of its thread */
    struct traces *traces;         /* of its thread (trace.c); NULL: none yet */
    struct scope_work *scopes;     /* of its thread (scope.c); NULL: never had any */
    struct thread_state *all_next; /* list of all states */
    uintptr_t stack_hi;            /* upper end of the thread's own stack; 0: unknown */
    uintptr_t stack_lo;            /* from here to there every page was there (learn.c) */
    struct range not_stack;        /* below it; behind this a page was not */
    struct profile_shard *profile; /* of its thread (profile.c); NULL: none yet */
    struct thread_state *next;     /* list of states whose thread is gone */
    object_id ids[THREAD_IDS];     /* free ones, for this thread's next objects: what it freed last lies on top */
    /* Leaves of the index that it has used, each where its key's low bits say (record_usual.h). */
    uintptr_t leaf_key[THREAD_LEAVES];
    struct heap_leaf *leaf[THREAD_LEAVES];
};

/* Non-zero while this thread is inside castaway: allocations made then (by a signal handler, by the
 * loader on our behalf) take the path that needs no state. Kept in the static TLS block: no __tls_get_addr. */
extern __thread int thread_busy;
extern __thread struct thread_state *thread_self;

/* This thread's state, made or adopted on first use; NULL: no memory. Call while busy. */
struct thread_state *thread_state_slow(void);
static inline struct thread_state *thread_state(void) {
    return __builtin_expect(thread_self != NULL, 1) ? thread_self : thread_state_slow();
}

void thread_init(void); /* first constructor */

/* Birth serials taken in advance are forgotten: what is born from now on is younger than what was. context: all stopped */
void thread_forget_serials(void);

/* Births minus deaths since its counts were last added to everybody's: each takes an id or brings one.
 * ids.c, which moves ids otherwise, moves ids_then with them. */
static inline int64_t thread_own_net_objects(const struct thread_state *state) {
    return state->ids_then - (int64_t)state->id_count;
}
/* Births minus deaths that no state has added to everybody's yet. context: all stopped */
int64_t thread_net_objects(void);

/* The wait that this thread stands in, or NULL. context: signal handler, any thread */
struct wait *thread_wait(uintptr_t thread_pointer);
/* Its transfer came back with a part (transfer.c). context: any */
void thread_note_cut(uintptr_t thread_pointer);

/* Is this thread inside the real realloc? Its block is in no index then, old or new. */
static inline int thread_is_reallocating(void) {
    return thread_self && thread_self->reallocates;
}
/* Blocks of which a record is out of the index, of all threads. context: threads stopped */
void thread_each_aside(void (*visit)(uintptr_t address, object_id id));
/* Is some other thread? While threads run it tells of those only that have been there for a moment. context: any */
int thread_others_reallocate(void);

/* Threads that a forked child does not have are inside nothing. context: forked child */
void thread_after_fork(void);

/* Is that thread inside castaway? One without a state never was. context: threads stopped */
int thread_is_busy(uintptr_t thread_pointer);

/* What states have of the tables: last stacks, ids of free records. context: threads stopped, none of them inside castaway */
void thread_forget_tables(void);

/* Thread pointers (pthread_t) that were ever handed out: their stacks are not roots once the thread is gone.
 * *out receives an array in which 0 marks an empty place; returns its length. */
void thread_note_pointer(uintptr_t thread_pointer);
size_t thread_pointers(const uintptr_t **out);

#endif
