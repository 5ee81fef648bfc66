/* advise.c - which places deserve a word, and what would be saved.
 *
 * Start: advise(); a line of `rules` is a kind of advice about a place. */
#include "advise.h"

#include "hash.h"
#include "label.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Below these nothing is worth a change. */
enum {
    REUSE_OBJECTS_MIN = 1000, /* and half of what the site makes */
    POOL_OBJECTS_MIN = 1000,  /* alive at once */
    POOL_SIZE_MAX = 64,       /* bytes; beyond them a header is little */
    RESERVE_GROWN_MIN = 16,   /* growths of one block, beyond those of one that doubles */
    RELEASE_BYTES_MIN = 64 << 10,
    RELEASE_SHARE = 10, /* of all that is alive, a tenth */
};

static uint64_t mean(uint64_t sum, uint64_t count) {
    return count ? sum / count : 0;
}

/* ---- about a place; each returns the bytes that would be saved, 0: no advice ---- */

static uint64_t reuse(const struct report_profile *profile, const struct rec_counts *counts, uint64_t *objects) {
    (void)profile;
    *objects = count_add(counts->at_once, counts->same_call);
    if (*objects < REUSE_OBJECTS_MIN || *objects < counts->objects / 2)
        return 0;
    return mean(counts->bytes, counts->objects) * *objects;
}

static uint64_t pool(const struct report_profile *profile, const struct rec_counts *counts, uint64_t *objects) {
    *objects = counts->peak_objects;
    if (*objects < POOL_OBJECTS_MIN || counts->size_min != counts->size_max || counts->size_max > POOL_SIZE_MAX)
        return 0;
    return (profile->header_bytes + mean(counts->slack_bytes, counts->objects)) * *objects;
}

/* A block that doubles grows as often as its size does. */
static uint64_t doublings(uint64_t from, uint64_t to) {
    uint64_t count = 0;
    for (from += !from; from < to; from *= 2)
        if (count++ >= 64)
            break;
    return count;
}

static uint64_t reserve(const struct report_profile *profile, const struct rec_counts *counts, uint64_t *objects) {
    (void)profile;
    *objects = counts->grown;
    if (counts->chain_max < doublings(counts->size_min, counts->size_max) + RESERVE_GROWN_MIN)
        return 0;
    return counts->bytes > counts->peak_bytes ? counts->bytes - counts->peak_bytes : 0;
}

static const struct {
    enum advice_kind kind;
    uint64_t (*saved_bytes)(const struct report_profile *, const struct rec_counts *, uint64_t *objects);
} rules[] = {
    {ADVICE_RESERVE, reserve},
    {ADVICE_REUSE, reuse},
    {ADVICE_POOL, pool},
};

/* ---- places ---- */

/* How much a frame says about where something can be done; 0: nothing. */
static int worth(struct pool *memory, const struct stack_frame *frame) {
    if (frame->function && label_is_plumbing(memory, frame->function))
        return 0;
    return !frame->in_program ? 1 : frame->file ? 3 : 2;
}

/* The frame that can be changed: of the program's own source, else of the program, else any; of equal ones the innermost.
 * One that only hands memory on is none. NULL: none is known. */
static const struct stack_frame *frame_of(struct pool *memory, const struct stack *stack) {
    const struct stack_frame *found = NULL;
    int best = 0;
    for (size_t i = 0; stack && i < stack->named_count; i++) {
        int value = worth(memory, &stack->frames[i]);
        if (value > best) {
            found = &stack->frames[i];
            best = value;
        }
    }
    return found;
}

/* Sites that end in one place: it is the same code that would be changed, whoever calls it. */
struct place {
    const char *key;
    const struct stack *stack;
    const struct stack_frame *frame;
    struct rec_counts counts;
    UT_hash_handle hh;
};

static const char *key_of(struct pool *memory, const struct stack_frame *frame) {
    if (!frame)
        return "";
    const char *file = frame->file ? frame->file : frame->module;
    return pool_printf(memory, "%s:%d:%s:%" PRIx64, file ? file : "", frame->line,
                       frame->function ? frame->function : "", frame->line ? 0 : frame->offset);
}

static void add_place(struct pool *memory, struct place **places, const struct report_site *site) {
    const struct stack_frame *frame = frame_of(memory, site->stack);
    const char *key = key_of(memory, frame);
    struct place *place = NULL;
    HASH_FIND_STR(*places, key, place);
    if (!place) {
        place = pool_alloc(memory, sizeof *place);
        *place = (struct place){.key = key, .stack = site->stack, .frame = frame};
        HASH_ADD_KEYPTR(hh, *places, place->key, strlen(place->key), place);
    }
    report_add_counts(&place->counts, &site->counts);
}

/* ---- all of them ---- */

static void give(struct pool *memory, struct advices *all, struct advice advice) {
    all->advice = pool_grow(memory, all->advice, all->count, &all->capacity, sizeof advice);
    all->advice[all->count++] = advice;
}

/* The first rule that fits speaks: a block that grows would be called churn, too. */
static void about_place(struct pool *memory, struct advices *all, const struct report *report,
                        const struct place *place) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        uint64_t objects, saved = rules[i].saved_bytes(&report->profile, &place->counts, &objects);
        if (!saved)
            continue;
        give(memory, all,
             (struct advice){rules[i].kind, saved, &place->counts, NULL, place->stack, place->frame, objects});
        return;
    }
}

static uint64_t alive(const struct report *report) {
    uint64_t bytes = 0;
    for (int kind = 0; kind < KIND_JUDGED_COUNT; kind++)
        bytes = count_add(bytes, report->tally[kind].bytes);
    return bytes;
}

/* What a stack keeps goes by itself; a variable does not. */
static void about_holder(struct pool *memory, struct advices *all, const struct report *report,
                         const struct report_holder *holder) {
    if (strcmp(holder->root.root_kind, "module") != 0 || holder->bytes < RELEASE_BYTES_MIN ||
        holder->bytes < alive(report) / RELEASE_SHARE)
        return;
    give(memory, all,
         (struct advice){ADVICE_RELEASE, holder->bytes, NULL, holder, holder->largest,
                         frame_of(memory, holder->largest), holder->objects});
}

static int compare(const void *a, const void *b) {
    const struct advice *left = a, *right = b;
    if (left->saved_bytes != right->saved_bytes)
        return left->saved_bytes < right->saved_bytes ? 1 : -1;
    return left->frame && right->frame ? left->frame->line - right->frame->line : (int)left->kind - (int)right->kind;
}

struct advices advise(struct pool *memory, const struct report *report) {
    struct advices all = {0};
    struct place *places = NULL;
    for (size_t i = 0; i < report->profile.site_count; i++)
        add_place(memory, &places, &report->profile.sites[i]);
    for (const struct place *place = places; place; place = place->hh.next)
        about_place(memory, &all, report, place);
    HASH_CLEAR(hh, places);
    for (size_t i = 0; i < report->profile.holder_count; i++)
        about_holder(memory, &all, report, &report->profile.holders[i]);
    if (all.count)
        qsort(all.advice, all.count, sizeof *all.advice, compare);
    return all;
}
