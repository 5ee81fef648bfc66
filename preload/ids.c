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
    BATCHES_KEPT_MAX = 1023,    /* 2 MiB of records */
    SHEET_BATCHES = 127,        /* 64 KiB of ids */
};

struct object *record_chunks[HEAP_CHUNKS_MAX];
static _Atomic uint32_t next_id = 1;

/* Batches of ids given back. They lie apart from their records: a thread that frees what others made has no use for these, and
 * would take them out of the caches of those who have. */
struct ids_sheet {
    struct ids_sheet *below; /* full, if there is one */
    uint32_t batches_below;
    uint32_t batches; /* that lie here */
    object_id batch[SHEET_BATCHES][IDS_BATCH];
};
static struct ids_store shared;        /* for everybody */
static struct ids_sheet *empty_sheets; /* nobody's; with little more memory than their first page */

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

/* One word changes when a batch comes or goes: a thread may end anywhere, and another has its store then. */
static uint32_t batches_in(const struct ids_store *store) {
    return store->top ? store->top->batches_below + store->top->batches : 0;
}

static void settle_store(struct thread_state *state, struct ids_store *store) {
    const uint32_t batches = batches_in(store);
    size_t left = store->settled < batches ? batches - store->settled : 0;
    for (const struct ids_sheet *sheet = store->top; sheet && left; sheet = sheet->below)
        for (size_t place = sheet->batches; place && left; left--)
            settle(state, sheet->batch[--place], IDS_BATCH);
    store->settled = batches;
}

void ids_settle(struct thread_state *state) {
    settle(state, state->ids, state->id_count);
    settle_store(state, &state->kept);
    lock_take(LOCK_IDS);
    settle_store(state, &shared);
    lock_release(LOCK_IDS);
}

/* ---- batches ---- */

/* Whose store is shared holds this lock already. */
static void sheets_lock(const struct ids_store *store) {
    if (store != &shared)
        lock_take(LOCK_IDS);
}
static void sheets_release(const struct ids_store *store) {
    if (store != &shared)
        lock_release(LOCK_IDS);
}

/* All of it will be written, unless it is the first.
 * returns  NULL: no memory */
static struct ids_sheet *sheet_take(struct ids_store *store) {
    struct ids_sheet *sheet = store->spare;
    store->spare = NULL;
    if (sheet)
        return sheet;
    sheets_lock(store);
    sheet = empty_sheets;
    if (sheet)
        empty_sheets = sheet->below;
    sheets_release(store);
    if (!sheet)
        sheet = pages_alloc_table(sizeof *sheet);
    if (sheet && store->top)
        pages_populate(sheet, sizeof *sheet);
    return sheet;
}

/* It is empty. One stays with the store, which may soon need it again. */
static void sheet_leave(struct ids_store *store, struct ids_sheet *sheet) {
    struct ids_sheet *other = store->spare;
    store->spare = sheet;
    if (!other)
        return;
    pages_clear(other, sizeof *other);
    sheets_lock(store);
    other->below = empty_sheets;
    empty_sheets = other;
    sheets_release(store);
}

/* returns -1: no memory */
static int push(struct ids_store *store, const object_id *ids) {
    struct ids_sheet *top = store->top;
    if (!top || top->batches == SHEET_BATCHES) {
        struct ids_sheet *sheet = sheet_take(store);
        if (!sheet)
            return -1;
        sheet->below = top;
        sheet->batches_below = batches_in(store);
        store->top = top = sheet;
    }
    memcpy(top->batch[top->batches], ids, sizeof top->batch[0]);
    top->batches++;
    return 0;
}

/* returns 0: there is none */
static int pop(struct ids_store *store, object_id *ids) {
    struct ids_sheet *top = store->top;
    while (top && !top->batches) /* a thread ended before it was done */
        store->top = top = top->below;
    if (!top)
        return 0;
    memcpy(ids, top->batch[top->batches - 1], sizeof top->batch[0]);
    top->batches--;
    if (store->settled > batches_in(store))
        store->settled = batches_in(store);
    if (!top->batches) {
        store->top = top->below;
        sheet_leave(store, top);
    }
    return 1;
}

/* To everybody. returns -1: no memory */
static int share(struct thread_state *state, const object_id *ids) {
    state->has_shared = 1;
    lock_take(LOCK_IDS);
    int error = push(&shared, ids);
    lock_release(LOCK_IDS);
    return error;
}

/* The thread has too many ids at hand: those that it freed first go. It keeps them beside these as long as it is known to
 * come back for them: what it gives to everybody comes back as others' ids do, whose records lie beside those that another
 * thread writes. Without memory they are never used again. */
void ids_spill(struct thread_state *state) {
    object_id going[IDS_BATCH]; /* off the one list before they are on the other, for a thread that ends in between */
    memcpy(going, state->ids, sizeof going);
    state->id_count -= IDS_BATCH;
    state->ids_then -= IDS_BATCH;
    memmove(state->ids, state->ids + IDS_BATCH, state->id_count * sizeof state->ids[0]);
    int is_kept = batches_in(&state->kept) < state->kept_max && push(&state->kept, going) == 0;
    if (!is_kept && share(state, going) != 0)
        settle(state, going, IDS_BATCH);
}

/* Ids that everybody gave back. */
static int take_over(object_id *ids) {
    if (!__atomic_load_n(&shared.top, __ATOMIC_RELAXED))
        return 0;
    lock_take(LOCK_IDS);
    int taken = pop(&shared, ids);
    lock_release(LOCK_IDS);
    return taken;
}

/* The records will soon be written, one by one; to wait for each would take long. */
static void have_batch(struct thread_state *state) {
    state->id_count = IDS_BATCH;
    state->ids_then += IDS_BATCH;
    for (uint32_t i = IDS_BATCH; i-- > 0;)
        __builtin_prefetch(record_of(state->ids[i]), 1);
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
    if (state->has_shared && state->kept_max < BATCHES_KEPT_MAX)
        state->kept_max = state->kept_max * 2 + 1;
    state->has_shared = 0;
}

int ids_refill(struct thread_state *state) {
    int is_taken = pop(&state->kept, state->ids);
    if (!is_taken) {
        keep_more(state);
        is_taken = take_over(state->ids);
    }
    if (is_taken)
        have_batch(state);
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
    shared = (struct ids_store){0};
    empty_sheets = NULL;
    atomic_store(&deferred, 0);
}
