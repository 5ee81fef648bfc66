/* audit.c - subtract from every count the references that are found.
 *
 * Owns:    the numbers found.      Never: believes that all that is counted can be found.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   audit_run(). */
#include "audit.h"

#include "pointers.h"

#include <errno.h>

/* Where references point, by granules: nearly all words of a heap point elsewhere, and need not be looked up. */
struct places {
    const uint64_t *bits; /* by place_of(), for several granules each */
    unsigned shift;
};

struct auditor {
    const struct heap *heap;
    const struct counts *counts;
    const struct marks *marks;
    struct audit *out;
    struct places places;
};

const char *refs_verdict_word(enum refs_verdict verdict) {
    static const char *const WORDS[] = {
#define X(name, word) word,
        REFS_VERDICTS(X)
#undef X
    };
    return WORDS[verdict];
}

enum refs_verdict audit_verdict(uint64_t count, uint64_t inside, uint64_t outside) {
    if (count == inside)
        return REFS_CYCLE;
    if (count > inside + outside)
        return REFS_MISSING_UNREF;
    return count < inside ? REFS_OVER_UNREF : REFS_CONSISTENT;
}

/* ---- where references point ---- */

enum { PLACES_EACH = 16, PLACES_BITS_MIN = 12, WORD_BITS = 64 };

static const uint64_t anywhere = UINT64_MAX;

static size_t place_of(const struct places *places, uintptr_t word) {
    return (size_t)((uint64_t)(word >> HEAP_GRANULE_SHIFT) * UINT64_C(0x9e3779b97f4a7c15) >> places->shift);
}

static void note_place(const struct places *places, uint64_t *bits, uintptr_t word) {
    size_t place = place_of(places, word);
    bits[place / WORD_BITS] |= UINT64_C(1) << place % WORD_BITS;
}

static unsigned may_refer(const struct places *places, uintptr_t word) {
    size_t place = place_of(places, word);
    return places->bits[place / WORD_BITS] >> place % WORD_BITS & 1;
}

struct noting {
    const struct auditor *auditor;
    uint64_t *bits;
};

/* As counts_is_reference() says. A pointer to nothing's end is one to it. */
static int note_places(void *context, uintptr_t address, object_id id) {
    const struct noting *noting = context;
    const struct auditor *auditor = noting->auditor;
    const struct places *places = &auditor->places;
    const struct counted *counted = counts_of(auditor->counts, id);
    if (!counted || counted->source == COUNT_NONE)
        return 0;
    uintptr_t last = address + (counted->inside ? heap_object(auditor->heap, id)->size_bytes : counted->offset);
    note_place(places, noting->bits, address);
    for (uintptr_t at = address + counted->offset; at < last; at += 1 << HEAP_GRANULE_SHIFT)
        note_place(places, noting->bits, at);
    note_place(places, noting->bits, last);
    return 0;
}

static int find_places(struct auditor *auditor, struct arena *arena) {
    unsigned bits = PLACES_BITS_MIN;
    while (UINT64_C(1) << bits < PLACES_EACH * (uint64_t)auditor->counts->known)
        bits++;
    struct noting noting = {auditor, arena_alloc(arena, (size_t)1 << bits >> 6, sizeof *noting.bits)};
    if (!noting.bits)
        return -ENOMEM;
    auditor->places = (struct places){noting.bits, WORD_BITS - bits};
    return heap_each(auditor->heap, note_places, &noting);
}

/* ---- pointers ---- */

static struct found *find_counted(const struct auditor *auditor, uintptr_t word) {
    const struct heap *heap = auditor->heap;
    uintptr_t start;
    object_id id = heap_pointed(heap, word, &start);
    const struct counted *counted = id ? counts_of(auditor->counts, id) : NULL;
    return counted && counts_is_reference(counted, word - start) ? &auditor->out->found[counted - auditor->counts->item]
                                                                 : NULL;
}

typedef void count_cb(const struct auditor *auditor, struct found *found, unsigned flags);

/* Those that stand in [at, stop) and may be references. What a word is can't be foretold: so there is no branch on it. */
static inline __attribute__((always_inline)) size_t keep(const struct auditor *auditor, uintptr_t at, uintptr_t stop,
                                                         enum pointer_form form, size_t step, uintptr_t *kept) {
    const struct places places = auditor->places;
    const struct heap *heap = auditor->heap;
    const uintptr_t lo = heap->lo, span = heap->hi - lo;
    size_t count = 0;
    for (; at < stop; at += step) {
        uintptr_t word = pointers_load(heap, at, form);
        kept[count] = word;
        count += (word - lo < span) & may_refer(&places, word);
    }
    return count;
}

/* Of the walk's piece. */
static void count_words(const struct auditor *auditor, const struct pointers *walk, count_cb *count, unsigned flags) {
    enum { AT_ONCE = 64, WORD = sizeof(uintptr_t) };
    const size_t bytes = pointers_bytes(walk->form), step = walk->step;
    const uintptr_t end = walk->piece_end - walk->next < bytes ? walk->next : walk->piece_end - bytes + 1;
    for (uintptr_t at = walk->next, stop; at < end; at = stop) {
        uintptr_t kept[AT_ONCE];
        stop = end - at > AT_ONCE * step ? at + AT_ONCE * step : end;
        size_t left = walk->form == POINTER_WORD && step == WORD ? keep(auditor, at, stop, POINTER_WORD, WORD, kept)
                                                                 : keep(auditor, at, stop, walk->form, step, kept);
        for (size_t i = 0; i < left; i++) {
            /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): that many were kept */
            struct found *found = find_counted(auditor, kept[i]);
            if (found)
                count(auditor, found, flags);
        }
    }
}

/* Where all that keeps an object alive is counted, the holders of references are known as well: counted objects and their
 * parts. What stands in another block may be left over from before, and is no more than a root's word. */
static void count_inside(const struct auditor *auditor, struct found *found, unsigned entry) {
    const struct counted *counted = &auditor->counts->item[found - auditor->out->found];
    if (entry & HEAP_ENTRY_ALL || !counted->all)
        found->heap++;
    else
        found->roots++;
}

static int count_in_object(void *context, uintptr_t address, object_id id) {
    const struct auditor *auditor = context;
    const struct heap *heap = auditor->heap;
    struct pointers walk = pointers_of(heap, heap_object(heap, id), address);
    do
        count_words(auditor, &walk, count_inside, heap->entry[id]);
    while (pointers_next_piece(heap, &walk));
    return 0;
}

static void count_outside(const struct auditor *auditor, struct found *found, unsigned flags) {
    (void)auditor;
    found->roots++;
    found->variables += !(flags & ROOT_STACK);
}

static void count_in_roots(const struct auditor *auditor, const struct root *roots, size_t root_count) {
    for (size_t i = 0; i < root_count; i++) {
        struct pointers walk = pointers_in(auditor->heap, roots[i].lo, roots[i].hi);
        count_words(auditor, &walk, count_outside, roots[i].flags);
    }
}

/* ---- what is held ---- */

/* References that are not among the pointers of the heap. Which of them are weak can't be seen: as many as there are. */
static int is_held(const struct counted *counted, const struct found *found) {
    uint32_t strong = found->heap > counted->weak ? found->heap - counted->weak : 0;
    return counted->source != COUNT_NONE && (counted->all || counted->exact) && counted->count > (int64_t)strong;
}

struct held {
    const struct auditor *auditor;
    uintptr_t *word;
    size_t count;
};

static int list_held(void *context, uintptr_t address, object_id id) {
    struct held *held = context;
    const struct auditor *auditor = held->auditor;
    const struct counted *counted = counts_of(auditor->counts, id);
    if (counted && is_held(counted, &auditor->out->found[counted - auditor->counts->item]))
        held->word[held->count++] = address + heap_entry(auditor->heap, id);
    return 0;
}

/* Take the marks from what the second proof does not reach. */
static void take_marks(struct audit *audit, struct marks *marks, const struct marks *second, size_t words) {
    for (size_t w = 0; w < words; w++) {
        uint64_t held = second->reachable[w] | second->possible[w];
        audit->kept[w] = (marks->reachable[w] | marks->possible[w]) & ~held;
        for (uint64_t bits = audit->kept[w]; bits; bits &= bits - 1)
            audit->kept_objects++;
        marks->reachable[w] &= held;
        marks->possible[w] &= held;
    }
}

/* Who is lost can be held by lost objects only. */
static int count_in_lost(void *context, uintptr_t address, object_id id) {
    const struct auditor *auditor = context;
    const struct marks *marks = auditor->marks;
    return mark_test(marks->reachable, id) || mark_test(marks->possible, id) ? 0
                                                                             : count_in_object(context, address, id);
}

static int prove_again(struct auditor *auditor, const struct crew *crew, const struct root *roots, size_t root_count,
                       struct marks *marks, struct arena *arena) {
    const struct heap *heap = auditor->heap;
    size_t words = ((size_t)heap->id_end + 63) / 64;
    struct held held = {.auditor = auditor, .word = arena_alloc(arena, auditor->counts->count + 1, sizeof *held.word)};
    uint64_t *kept = arena_alloc(arena, words, sizeof *kept);
    if (!held.word || !kept || find_places(auditor, arena))
        return -ENOMEM;
    heap_each_ahead(heap, count_in_object, auditor);
    count_in_roots(auditor, roots, root_count);
    heap_each(heap, list_held, &held);
    struct root root = {(uintptr_t)held.word, (uintptr_t)(held.word + held.count), 0};
    struct marks second;
    int error = mark_by_counts(crew, heap, roots, root_count, &root, arena, &second);
    if (error)
        return error;
    auditor->out->kept = kept;
    take_marks(auditor->out, marks, &second, words);
    return 0;
}

int audit_run(const struct crew *crew, const struct heap *heap, const struct counts *counts, const struct root *roots,
              size_t root_count, int live, struct marks *marks, struct arena *arena, struct audit *audit) {
    struct auditor auditor = {
        .heap = heap, .counts = counts, .marks = marks, .out = audit, .places = {&anywhere, WORD_BITS - 1}};
    *audit = (struct audit){.counts = counts};
    if (!counts->by_id || !counts->known)
        return 0;
    audit->found = arena_alloc(arena, counts->count + 1, sizeof *audit->found);
    if (!audit->found)
        return -ENOMEM;
    if (counts->exact)
        return prove_again(&auditor, crew, roots, root_count, marks, arena);
    if (!live)
        return heap_each(heap, count_in_lost, &auditor);
    if (find_places(&auditor, arena))
        return -ENOMEM;
    count_in_roots(&auditor, roots, root_count);
    return heap_each_ahead(heap, count_in_object, &auditor);
}
