/* scope.c - scopes: castaway_scope_begin(), castaway_scope_end().
 *
 * Which objects a thread made since a moment is told by their birth serials: threads take those in batches, and while a
 * scope is open the thread's batches are kept. Scopes of a thread nest; all of them share the list of batches.
 *
 * Owns:    the batches of threads that have open scopes; the names of scopes that ended with findings.
 * Never:   judges two scopes at a time; calls a scope clean of which a batch was lost.
 * Start:   castaway_api_scope_end(). */
#include "scope.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "castaway.h"
#include "generations.h"
#include "hooks.h"
#include "init.h"
#include "live.h"
#include "lock.h"
#include "pages.h"
#include "record.h"
#include "site.h"
#include "thread.h"

EXPORT void castaway_api_scope_begin(const char *name);
EXPORT long castaway_api_scope_end(void);
EXPORT long castaway_api_scope_findings(struct castaway_finding *out, long max);

enum { NAME_BYTES = 64, NESTING_MAX = 64, FULL = GENERATIONS - 1, FAILED_MAX = 16 };

struct serials {
    uint32_t lo, hi;
};
struct scope_work {
    struct serials *batch;
    size_t count, capacity;
    int lost; /* there was no memory for a batch: nothing can be said */
    int depth;
    struct scope_outcome last; /* of the scope that ended last */
    struct {
        size_t first; /* of its batches */
        char name[NAME_BYTES];
    } scope[NESTING_MAX];
};

/* The scope that is being judged: one at a time. */
static _Atomic int judging;
static const struct scope_work *judged;
static size_t judged_first;

static struct {
    char name[NAME_BYTES];
    long findings;
} failed[FAILED_MAX];
static size_t failed_count; /* may be more than are kept */

/* ---- batches ---- */

static int add_batch(struct scope_work *work, uint32_t lo, uint32_t hi) {
    struct serials *grown = pages_grow(work->batch, work->count, &work->capacity, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    work->batch = grown;
    work->batch[work->count++] = (struct serials){lo, hi};
    return 0;
}

void scope_note_serials(struct scope_work *work, uint32_t lo, uint32_t hi) {
    if (!work->depth)
        return;
    struct serials *last = &work->batch[work->count - 1];
    if (last->hi == lo)
        last->hi = hi;
    else if (add_batch(work, lo, hi) != 0)
        work->lost = 1;
}

/* ---- the program's calls ---- */

static void copy_name(char *out, const char *name) {
    size_t bytes = name ? strlen(name) : 0;
    if (bytes >= NAME_BYTES)
        bytes = NAME_BYTES - 1;
    memcpy(out, name ? name : "", bytes);
    out[bytes] = 0;
}

void castaway_api_scope_begin(const char *name) {
    start_recording();
    if (thread_busy++ == 0) {
        struct thread_state *state = thread_state();
        if (state && !state->scopes)
            state->scopes = pages_alloc(sizeof *state->scopes);
        struct scope_work *work = state ? state->scopes : NULL;
        if (work && work->depth < NESTING_MAX) {
            work->scope[work->depth].first = work->count;
            copy_name(work->scope[work->depth].name, name);
            /* What is left of the batch in use; empty when the next object takes a new one. */
            if (add_batch(work, state->serial, state->serial_end > state->serial ? state->serial_end : state->serial))
                work->lost = 1;
        }
        if (work)
            work->depth++;
    }
    thread_busy--;
}

static void collect(const struct scope_work *work, size_t first, struct scope_outcome *out) {
    while (atomic_exchange(&judging, 1))
        sys(SYS_sched_yield, 0);
    judged = work;
    judged_first = first;
    *out = (struct scope_outcome){.findings = -1};
    if (live_collect(FULL, 1) >= 0)
        *out = generations_scope();
    judged = NULL;
    atomic_store(&judging, 0);
}

static void note_failed(const char *name, long findings) {
    size_t at = __atomic_fetch_add(&failed_count, 1, __ATOMIC_RELAXED);
    if (at >= FAILED_MAX)
        return;
    copy_name(failed[at].name, name);
    failed[at].findings = findings;
}

long castaway_api_scope_end(void) {
    struct scope_work *work = thread_self ? thread_self->scopes : NULL;
    if (!work || !work->depth || thread_busy)
        return -1;
    int depth = work->depth - 1;
    work->last = (struct scope_outcome){.findings = -1};
    if (depth < NESTING_MAX && !work->lost)
        collect(work, work->scope[depth].first, &work->last);
    long findings = work->last.findings;
    thread_busy++;
    if (findings > 0)
        note_failed(work->scope[depth].name, findings);
    if (depth == 0)
        work->count = (size_t)(work->lost = 0);
    work->depth = depth;
    thread_busy--;
    return findings;
}

static void describe(const struct scope_finding *finding, struct castaway_finding *out) {
    const struct site *site = finding->site ? site_get(finding->site) : NULL;
    *out = (struct castaway_finding){
        .is_cycle = finding->is_cycle, .objects = (long)finding->objects, .bytes = finding->bytes};
    for (uint32_t i = 0; site && i < site->count && i < CASTAWAY_FRAMES_KEPT; i++)
        out->frames[out->frame_count++] = (const void *)(uintptr_t)(site_frame(site, i) & ~FRAME_EXACT);
}

long castaway_api_scope_findings(struct castaway_finding *out, long max) {
    const struct scope_outcome *last = thread_self && thread_self->scopes ? &thread_self->scopes->last : NULL;
    long kept = last ? (long)last->kept : 0;
    for (long i = 0; i < kept && i < max; i++)
        describe(&last->finding[i], &out[i]);
    return kept;
}

/* ---- the search ---- */

static int is_inside(uint32_t birth) {
    for (size_t i = judged_first; i < judged->count; i++)
        if (birth - judged->batch[i].lo < judged->batch[i].hi - judged->batch[i].lo)
            return 1;
    return 0;
}

/* Those from outside are left out of the verdict by the flag of suspects, which has served its purpose. */
static int flag_outside(void *context, uintptr_t address, object_id id) {
    struct object *object = heap_object(context, id);
    (void)address;
    object->flags &= ~(unsigned)OBJECT_SUSPECT & 63;
    if (!is_inside(object->birth))
        object->flags |= OBJECT_SUSPECT;
    return 0;
}

static void keep(const struct verdicts *verdicts, struct scope_outcome *out) {
    for (size_t i = 0; i < verdicts->finding_count && out->kept < SCOPE_FINDINGS_KEPT; i++) {
        const struct finding *finding = &verdicts->findings[i];
        if (finding->kind == KIND_LOST || finding->kind == KIND_CYCLE)
            out->finding[out->kept++] = (struct scope_finding){finding->site, finding->kind == KIND_CYCLE,
                                                               finding->objects + finding->indirect_objects,
                                                               finding->bytes + finding->indirect_bytes};
    }
}

void scope_judge(struct search *search, struct scope_outcome *out) {
    *out = (struct scope_outcome){0};
    if (!judged)
        return;
    heap_each(&search->heap, flag_outside, &search->heap);
    if (verdict_run(&search->heap, &search->marks, OBJECT_INHERITED | OBJECT_SUSPECT, NULL, search->arena,
                    &search->verdicts) != 0) {
        out->findings = -1;
        return;
    }
    const struct tally *tally = search->verdicts.tally;
    out->findings = (long)(tally[KIND_LOST].findings + tally[KIND_CYCLE].findings);
    keep(&search->verdicts, out);
}

void scope_write_note(struct cast_sink *sink) {
    char text[FAILED_MAX * (NAME_BYTES + 2)];
    size_t fill = 0;
    for (size_t i = 0; i < failed_count && i < FAILED_MAX; i++) {
        size_t bytes = strlen(failed[i].name);
        memcpy(text + fill, ", ", 2);
        memcpy(text + fill + 2, failed[i].name, bytes);
        fill += bytes + 2;
    }
    text[fill] = 0;
    if (failed_count)
        cast_note(sink, NOTE_SCOPE, failed_count, text + 2);
}
