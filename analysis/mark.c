/* mark.c - find every object that the roots reach.
 *
 * Owns:    struct marks.      Never: writes to objects, searches memory itself (marker.c does).
 * Runs in: snapshot child (a crew of threads), unit tests, tools.
 * Start:   mark_run(), then mark_all().  Invariants: README.md, "Marking".
 *
 * The search has phases, each done by all of the crew: what needs no stack and no register, what only these reach, and what
 * hangs from interior pointers. A phase searches its roots in passes, and then all that they lead to. */
#include "mark.h"

#include "marker.h"

#include <errno.h>
#include <string.h>

enum {
    CREW_OBJECTS_MIN = 20000, /* of fewer objects and bytes, starting threads takes longer than marking */
    CREW_BYTES_MIN = 2 << 20,
    PASSES_MAX = 4,
    ROOT_KINDS = ROOT_STARTS_ONLY | ROOT_LIVE | ROOT_STACK | ROOT_OBJECT,
};

/* Roots that are searched in the same way: those of which the flags in `mask` are `flags`. */
struct root_pass {
    const struct root *roots;
    size_t count;
    unsigned mask, flags;
    enum interior interior;
    unsigned by_counts; /* see marker_believe() */
    _Atomic size_t taken;
};

/* One search. */
struct run {
    struct marking marking;
    const struct root *roots;
    size_t root_count;
    const struct root *held; /* see mark_by_counts(), or NULL */
    struct marks *marks;
    struct root_pass pass[PASSES_MAX]; /* of this phase, one after another */
    unsigned pass_count;
    int with_ignored; /* objects that the program declared reachable are, in this phase */
};

/* ---- phases: each is done by all of the crew ---- */

static void search_roots(struct marker *marker, struct root_pass *pass) {
    const uintptr_t mask = sizeof(uintptr_t) - 1;
    size_t i;
    marker_believe(marker, pass->interior, pass->by_counts);
    while (!marker_has_failed(marker) && crew_next(&pass->taken, pass->count, &i)) {
        const struct root *root = &pass->roots[i];
        if ((root->flags & pass->mask) == pass->flags)
            marker_search(marker, (struct range){(root->lo + mask) & ~mask, root->hi & ~mask});
    }
    marker_settle_all(marker);
}

/* Everything by way of starts and known-good shapes; interior pointers are remembered. */
static void mark_reachable(void *job) {
    struct run *run = job;
    const struct heap *heap = run->marking.heap;
    struct marker marker;
    marker_enter(&marker, &run->marking);
    for (unsigned i = 0; i < run->pass_count; i++)
        search_roots(&marker, &run->pass[i]);
    marker_believe_objects(&marker, INTERIOR_KEEP, run->held ? HEAP_ENTRY_ALL : 0);
    for (size_t i = 0; run->with_ignored && marker.number == 0 && i < heap->ignored_count; i++)
        marker_meet(&marker, heap->ignored[i].address, heap->ignored[i].id);
    marker_trace(&marker);
    marker_leave(&marker);
}

/* All that hangs from what was remembered. */
static void mark_possible(void *job) {
    struct run *run = job;
    struct marker marker;
    marker_enter(&marker, &run->marking);
    marker_believe_objects(&marker, INTERIOR_FOLLOW, run->held ? HEAP_ENTRY_ALL : 0);
    for (unsigned i = 0; marker.number == 0 && i < crew_members(run->marking.met.crew); i++)
        marker_meet_pending(&marker, &run->marking.pending[i]);
    marker_trace(&marker);
    marker_leave(&marker);
}

static void run_phase(struct run *run, crew_work *phase) {
    atomic_store(&run->marking.entered, 0);
    atomic_store(&run->marking.pool.waiting, 0);
    crew_together(run->marking.met.crew, phase, run);
}

/* ---- the whole ---- */

static int has_live_roots(const struct run *run) {
    for (size_t i = 0; i < run->root_count; i++)
        if (run->roots[i].flags & (ROOT_LIVE | ROOT_STACK))
            return 1;
    return 0;
}

static int prepare(struct run *run, const struct crew *crew, const struct heap *heap, struct arena *arena) {
    struct marking *marking = &run->marking;
    struct marks *marks = run->marks;
    marking->heap = heap;
    marks->reachable = met_new_bits(heap, arena);
    marks->possible = met_new_bits(heap, arena);
    marks->settled = met_new_bits(heap, arena);
    marking->pending = arena_alloc(arena, crew_members(crew), sizeof *marking->pending);
    marking->targets = arena_alloc(arena, crew_members(crew), sizeof *marking->targets);
    if (!marks->reachable || !marks->possible || !marks->settled || !marking->pending || !marking->targets)
        return -ENOMEM;
    marking->possible = met_shared(marks->possible);
    work_pool_begin(&marking->pool, arena, crew);
    for (unsigned i = 0; i < crew_members(crew); i++)
        work_list_begin(&marking->pending[i], &marking->pool);
    int error = met_begin(&marking->met, heap, crew, arena);
    if (!error)
        targets_prepare(&marking->put_by, marking->targets, crew_members(crew), &marking->met.granules, arena);
    return error;
}

static void set_passes(struct run *run, const struct root_pass *pass, unsigned count) {
    run->pass_count = count;
    memcpy(run->pass, pass, count * sizeof *pass);
}

/* What needs no stack and no register. */
static void mark_settled(struct run *run) {
    const struct root *roots = run->roots, *held = run->held;
    const size_t count = run->root_count;
    unsigned by_counts = held ? HEAP_ENTRY_ALL : 0;
    const struct root_pass pass[] = {
        {roots, count, ROOT_STARTS_ONLY, ROOT_STARTS_ONLY, INTERIOR_IGNORE, by_counts, 0},
        {roots, count, ROOT_KINDS, 0, INTERIOR_KEEP, by_counts, 0},
        {roots, count, ROOT_OBJECT, ROOT_OBJECT, INTERIOR_KEEP, 0, 0},
        {held, held != NULL, 0, 0, INTERIOR_KEEP, 0, 0},
    };
    set_passes(run, pass, sizeof pass / sizeof *pass);
    run->with_ignored = 1;
    run_phase(run, mark_reachable);
    met_bits(&run->marking.met, run->marks->settled);
}

static void mark_live(struct run *run) {
    const struct root *roots = run->roots;
    const size_t count = run->root_count;
    int by_counts = run->held != NULL;
    const struct root_pass pass[] = {
        {roots, count, ROOT_KINDS, ROOT_LIVE, INTERIOR_KEEP, by_counts ? HEAP_ENTRY_ALL : 0, 0},
        {roots, count, ROOT_STARTS_ONLY | ROOT_STACK, ROOT_STACK, INTERIOR_KEEP,
         by_counts ? HEAP_ENTRY_COUNTED | HEAP_ENTRY_ALL : 0, 0},
    };
    set_passes(run, pass, sizeof pass / sizeof *pass);
    run->with_ignored = 0;
    run_phase(run, mark_reachable);
    met_bits(&run->marking.met, run->marks->reachable);
}

static void mark_all(struct run *run) {
    struct marks *marks = run->marks;
    mark_settled(run);
    memcpy(marks->reachable, marks->settled, met_bits_bytes(run->marking.heap));
    if (has_live_roots(run))
        mark_live(run);
    run_phase(run, mark_possible);
}

static int mark(const struct crew *crew, const struct heap *heap, const struct root *roots, size_t root_count,
                const struct root *held, struct arena *arena, struct marks *marks) {
    struct run run = {.roots = roots, .root_count = root_count, .held = heap->entry ? held : NULL, .marks = marks};
    int is_much = heap->object_count >= CREW_OBJECTS_MIN || heap->object_bytes >= CREW_BYTES_MIN;
    const struct crew *several = crew_members(crew) > 1 && is_much ? crew : NULL;
    int error = prepare(&run, several, heap, arena);
    if (error)
        return error;
    mark_all(&run);
    marks->objects_scanned = run.marking.objects_scanned;
    marks->bytes_read = run.marking.bytes_read;
    return run.marking.pool.error;
}

int mark_run(const struct heap *heap, const struct root *roots, size_t root_count, struct arena *arena,
             struct marks *marks) {
    return mark(NULL, heap, roots, root_count, NULL, arena, marks);
}

int mark_together(const struct crew *crew, const struct heap *heap, const struct root *roots, size_t root_count,
                  struct arena *arena, struct marks *marks) {
    return mark(crew, heap, roots, root_count, NULL, arena, marks);
}

int mark_by_counts(const struct crew *crew, const struct heap *heap, const struct root *roots, size_t root_count,
                   const struct root *held, struct arena *arena, struct marks *marks) {
    return mark(crew, heap, roots, root_count, held, arena, marks);
}
