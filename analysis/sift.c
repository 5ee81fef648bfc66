/* sift.c - leave out of the roots what leads nowhere, before they are searched.
 *
 * Owns:    the list that is left.      Never: leaves out a word that a search would follow.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   sift_roots(). */
#include "sift.h"

#include "places.h"

#include <errno.h>

enum {
    WORD = sizeof(uintptr_t),
    BLOCK_BYTES = 1024, /* kept or left out as a whole */
    BYTES_MIN = 64 << 10,
    BYTES_MAX = 64 << 20, /* more is searched by several threads, and at once */
};

struct sifted {
    struct root *root;
    size_t count, capacity;
    struct arena *arena;
};

/* Two steps, for nearly all end with the first, which has no branch. */
static int may_lead(const struct heap *heap, uintptr_t lo, uintptr_t hi) {
    const uint8_t *places = heap->places;
    const uintptr_t first = heap->lo, span = heap->hi - heap->lo;
    uint8_t any = 0;
#pragma GCC unroll 4
    for (uintptr_t at = lo; at < hi; at += WORD)
        any |= places_used(places, heap_load(at));
    for (uintptr_t at = lo; any && at < hi; at += WORD) {
        uintptr_t word = heap_load(at);
        if (word - first < span && places_used(places, word))
            return 1;
    }
    return 0;
}

static int keep(struct sifted *sifted, struct root root, int goes_on) {
    if (goes_on) {
        sifted->root[sifted->count - 1].hi = root.hi;
        return 0;
    }
    struct root *all = arena_grow(sifted->arena, sifted->root, sifted->count, &sifted->capacity, sizeof *all);
    if (!all)
        return -ENOMEM;
    sifted->root = all;
    all[sifted->count++] = root;
    return 0;
}

static int sift(const struct heap *heap, const struct root *root, struct sifted *sifted) {
    const uintptr_t mask = WORD - 1, end = root->hi & ~mask;
    int goes_on = 0, error = 0;
    for (uintptr_t lo = (root->lo + mask) & ~mask, hi; lo < end && !error; lo = hi) {
        hi = end - lo > BLOCK_BYTES ? lo + BLOCK_BYTES : end;
        int leads = may_lead(heap, lo, hi);
        if (leads)
            error = keep(sifted, (struct root){lo, hi, root->flags}, goes_on);
        goes_on = leads;
    }
    return error;
}

static int is_worth_it(const struct heap *heap, const struct root *roots, size_t root_count) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < root_count; i++)
        bytes += roots[i].hi - roots[i].lo;
    return bytes >= BYTES_MIN && bytes <= BYTES_MAX && !heap->unaligned && !heap->pointer_mask;
}

int sift_roots(const struct heap *heap, const struct root *roots, size_t root_count, struct arena *arena,
               const struct root **out, size_t *out_count) {
    struct sifted sifted = {.arena = arena};
    int is_sifted = is_worth_it(heap, roots, root_count);
    for (size_t i = 0; i < root_count && is_sifted; i++)
        if (sift(heap, &roots[i], &sifted))
            return -ENOMEM;
    *out = is_sifted ? sifted.root : roots;
    *out_count = is_sifted ? sifted.count : root_count;
    return 0;
}
