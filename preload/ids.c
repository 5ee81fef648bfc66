/* ids.c - which ids are free, and for whom.
 *
 * Owns:    free ids, the memory of the records.
 * Never:   locks on the common path.
 * Start:   ids_refill(), ids_spill(). Invariants: README.md, "Records". */
#include "ids.h"

#include <string.h>

#include "lock.h"
#include "pages.h"
#include "record_usual.h"

enum {
    IDS_BATCH = THREAD_IDS / 2, /* ids that a thread takes or gives away at a time */
    BATCHES_KEPT_MAX = 1023,    /* 4 MiB of records */
};

struct object *record_chunks[HEAP_CHUNKS_MAX];
static _Atomic uint32_t next_id = 1;

/* Ids given back, IDS_BATCH of them. They lie apart from their records: a thread that frees what others made has no use for
 * these, and would take them out of the caches of those who have. */
struct ids_batch {
    struct ids_batch *next;
    int is_settled; /* (ids_settle); in every list the settled ones are the last */
    object_id ids[IDS_BATCH];
};
static struct ids_batch *free_global;  /* for everybody */
static struct ids_batch *empty_global; /* their ids are in use again */

/* Of ids that signal handlers gave back which interrupted a hook: each of these records names the next; taken whole. */
static _Atomic uint32_t deferred;

static object_id *deferred_next(object_id id) {
    return (object_id *)record_of(id);
}

void ids_defer(object_id id) {
    uint32_t head = atomic_load_explicit(&deferred, memory_order_relaxed);
    do
        *deferred_next(id) = head;
    while (!atomic_compare_exchange_weak_explicit(&deferred, &head, id, memory_order_release, memory_order_relaxed));
}

/* returns 0: no memory */
static int chunk_make(size_t number) {
    struct object *_Atomic *place = (struct object * _Atomic *)&record_chunks[number];
    if (atomic_load_explicit(place, memory_order_acquire))
        return 1;
    struct object *chunk =
        pages_publish((void *_Atomic *)place, HEAP_CHUNK_OBJECTS * sizeof(struct object), number > 0);
    if (chunk && number > 0)
        pages_populate(chunk, HEAP_CHUNK_OBJECTS * sizeof *chunk);
    return chunk != NULL;
}

object_id ids_fresh(uint32_t count) {
    const uint32_t end = (uint32_t)HEAP_CHUNKS_MAX << HEAP_CHUNK_SHIFT;
    object_id id = atomic_load_explicit(&next_id, memory_order_relaxed);
    do
        if (end - id < count)
            return 0;
    while (
        !atomic_compare_exchange_weak_explicit(&next_id, &id, id + count, memory_order_relaxed, memory_order_relaxed));
    for (size_t number = id >> HEAP_CHUNK_SHIFT; number <= (id + count - 1) >> HEAP_CHUNK_SHIFT; number++)
        if (!chunk_make(number))
            return 0;
    return id;
}

/* What it takes off the thread's bytes are sizes that still stand in the records of free ids. */
static void settle(struct thread_state *state, const object_id *ids, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        struct object *object = record_of(ids[i]);
        state->net_bytes -= (int64_t)object->size_bytes;
        object->size_bytes = 0;
    }
}
static void settle_batches(struct thread_state *state, struct ids_batch *batch) {
    for (; batch && !batch->is_settled; batch = batch->next) {
        settle(state, batch->ids, IDS_BATCH);
        batch->is_settled = 1;
    }
}

void ids_settle(struct thread_state *state) {
    settle(state, state->ids, state->id_count);
    settle_batches(state, state->batches);
    lock_take(LOCK_IDS);
    settle_batches(state, free_global);
    lock_release(LOCK_IDS);
}

static struct ids_batch *pop(struct ids_batch **list) {
    struct ids_batch *batch = *list;
    if (batch)
        *list = batch->next;
    return batch;
}
static void push(struct ids_batch **list, struct ids_batch *batch) {
    batch->next = *list;
    *list = batch;
}
static struct ids_batch *pop_shared(struct ids_batch **list) {
    if (!__atomic_load_n(list, __ATOMIC_RELAXED))
        return NULL;
    lock_take(LOCK_IDS);
    struct ids_batch *batch = pop(list);
    lock_release(LOCK_IDS);
    return batch;
}

/* Ids of which everybody gave some back. The batches that the thread has emptied go back for them. */
static struct ids_batch *batch_taken_over(struct thread_state *state) {
    if (!__atomic_load_n(&free_global, __ATOMIC_RELAXED))
        return NULL;
    lock_take(LOCK_IDS);
    struct ids_batch *batch = pop(&free_global);
    for (struct ids_batch *empty; (empty = pop(&state->empty));)
        push(&empty_global, empty);
    lock_release(LOCK_IDS);
    return batch;
}

/* returns NULL: no memory */
static struct ids_batch *batch_empty(struct thread_state *state) {
    struct ids_batch *batch = pop(&state->empty);
    if (!batch)
        batch = pop_shared(&empty_global);
    return batch ? batch : pages_alloc_table(sizeof *batch);
}

/* The thread has too many ids at hand: those that it freed first go. It keeps them beside these as long as it is known to
 * come back for them: what it gives to everybody comes back as others' ids do, whose records lie beside those that another
 * thread writes. Without memory they are never used again. */
void ids_spill(struct thread_state *state) {
    struct ids_batch *batch = batch_empty(state);
    if (batch) {
        memcpy(batch->ids, state->ids, sizeof batch->ids);
        batch->is_settled = 0;
    }
    state->id_count -= IDS_BATCH;
    state->ids_then -= IDS_BATCH;
    memmove(state->ids, state->ids + IDS_BATCH, state->id_count * sizeof state->ids[0]);
    if (!batch)
        return;
    if (state->batches_kept < state->batches_kept_max) {
        push(&state->batches, batch);
        state->batches_kept++;
        return;
    }
    state->has_shared = 1;
    lock_take(LOCK_IDS);
    push(&free_global, batch);
    lock_release(LOCK_IDS);
}

/* The records will soon be written, one by one; to wait for each would take long. */
static void batch_open(struct thread_state *state, struct ids_batch *batch) {
    memcpy(state->ids, batch->ids, sizeof batch->ids);
    state->id_count = IDS_BATCH;
    state->ids_then += IDS_BATCH;
    for (uint32_t i = IDS_BATCH; i-- > 0;)
        __builtin_prefetch(record_of(batch->ids[i]), 1);
    push(&state->empty, batch);
}

static void deferred_take(struct thread_state *state) {
    if (!atomic_load_explicit(&deferred, memory_order_relaxed))
        return;
    for (object_id id = atomic_exchange_explicit(&deferred, 0, memory_order_acquire), next; id; id = next) {
        next = *deferred_next(id);
        *record_of(id) = (struct object){0};
        ids_give_back(state, id);
        state->ids_then++;
    }
}

/* A thread that lacks what it gave away had better kept it. One that only frees what others made never comes here. */
static void keep_more(struct thread_state *state) {
    if (state->has_shared && state->batches_kept_max < BATCHES_KEPT_MAX)
        state->batches_kept_max = state->batches_kept_max * 2 + 1;
    state->has_shared = 0;
}

int ids_refill(struct thread_state *state) {
    struct ids_batch *batch = pop(&state->batches);
    if (batch)
        state->batches_kept--;
    else {
        keep_more(state);
        batch = batch_taken_over(state);
    }
    if (batch)
        batch_open(state, batch);
    else
        deferred_take(state);
    if (state->id_count)
        return 0;
    object_id id = ids_fresh(IDS_BATCH);
    if (!id)
        return -1;
    for (uint32_t i = IDS_BATCH; i-- > 0;)
        state->ids[state->id_count++] = id + i;
    state->ids_then += IDS_BATCH;
    return 0;
}

uint32_t ids_end(void) {
    return atomic_load_explicit(&next_id, memory_order_relaxed);
}

void ids_forget_all(void) {
    memset(record_chunks, 0, sizeof record_chunks);
    free_global = empty_global = NULL;
    atomic_store(&deferred, 0);
}
