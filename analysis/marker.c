/* marker.c - search memory for pointers, in batches.
 *
 * Owns:    struct marker.      Never: writes to objects, recurses, knows about roots and phases.
 * Runs in: snapshot child (a crew of threads), unit tests, tools.
 * Start:   marker_trace().  Invariants: README.md, "Marking".
 *
 * Nearly all the time goes into waiting for memory: a pointer leads to a granule's byte, that to an object's contents, and
 * both are cache misses and often page walks. So work is done in batches, and each batch in passes: a pass does one step
 * for all of the batch and prefetches what the next step reads. The prefetches stand close together because a processor
 * can only overlap page walks of instructions that it has in view at once.
 *
 *   todo (list) --launch--> objects --scan--> words --aim--> bytes --settle--> met, todo
 *                   contents prefetched      bytes prefetched
 *
 * What was aimed in one round is settled in the next; what was launched is scanned some objects later. In a large heap words
 * are not aimed as they come, but put by (targets.h): those that lead into one leaf are taken together, and what they meet is
 * launched at once. Those that lead to pages in which nothing is left to be met are dropped as they are read (closed.h). In a
 * long list there is never more than one object to do: then contents are prefetched with the byte, before it is known that
 * they are needed. */
#include "marker.h"

#include <string.h>

#include "places.h"
#include "pointers.h"
#include "shape.h"

enum {
    CACHE_LINE = 64,
    GRANULES_AHEAD = 16 * CACHE_LINE, /* of the leaf that has its turn */
    LINES_AHEAD_MAX = 4,              /* of one object; the hardware fetches ahead in longer ones */
    FEW = 2, /* objects, or words: of a chain, where each leads to the next and there is nothing else to do */
    WORD_SHIFT = 3,
    WORD = 1 << WORD_SHIFT,
};

/* What a word is: a pointer to an object that was met, to one that was not, or no plain pointer to a start. */
enum sort { SORT_MET = 0, SORT_FRESH = 1, SORT_OTHER = 2 };

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define NOINLINE __attribute__((noinline))

static inline void prefetch(const void *place) {
    __builtin_prefetch(place, 0, 3);
}

/* ---- meeting objects ---- */

static NOINLINE object_id item_id(const struct marker *marker, work_item item) {
    uintptr_t start;
    return heap_find(marker->met->heap, work_start(item), &start);
}

/* The object's slot of the index, for item_id(). */
static inline void prefetch_slot(const struct marker *marker, uintptr_t start) {
    const struct heap_leaf *leaf = heap_leaf_at(marker->met->heap->index, start);
    if (leaf)
        prefetch((const void *)&leaf->slot[heap_slot_number(start)]);
}

void marker_meet(struct marker *marker, uintptr_t start, object_id id) {
    uint8_t code;
    if (met_note(marker->met, start, id, &code))
        work_add(&marker->todo, work_item_of(start, code));
}

static void keep_pending(struct marker *marker, object_id id, uintptr_t start) {
    if (met_set_bit(marker->marking->possible, id))
        work_add(marker->pending, start);
}

void marker_meet_pending(struct marker *marker, struct work_list *pending) {
    work_item item;
    while (!marker_has_failed(marker) && work_next(pending, &item, 1)) {
        uintptr_t start = work_start(item);
        object_id id = item_id(marker, item);
        if (met_is(marker->met, start, id, met_byte(marker->met, start)))
            met_clear_bit(marker->marking->possible, id);
        else
            marker_meet(marker, start, id);
    }
}

/* The object of `start`, if the word points into it or is its end. */
static object_id pointed_behind(const struct heap *heap, uintptr_t word, uintptr_t *start, int *is_end) {
    uintptr_t first = *start;
    object_id id = heap_at(heap, first);
    if (!id || heap_contains(heap, first, id, word))
        return id;
    object_id array = heap_empty_array(heap, word, start);
    if (array)
        return array;
    *start = first;
    *is_end = heap_is_ended(heap, id, *start, word);
    return *is_end ? id : 0;
}

/* Was it met? Then words into it need not be looked up any more, nor those to the granule in which it ends, unless there may be
 * objects of which granules don't tell. */
static int is_met_large(struct marker *marker, object_id id, uintptr_t start, uintptr_t word) {
    struct met *met = marker->met;
    if (!met_is(met, start, id, met_byte(met, start)))
        return 0;
    struct range object = {start, start + heap_object(met->heap, id)->size_bytes};
    if (!met->heap->odd_count)
        object.hi = (object.hi | (GRANULE_BYTES - 1)) + 1;
    granules_note_met(&met->granules, object, word);
    return 1;
}

/* heap_find_far(), which is asked once for all words of a gap. */
static object_id find_far(struct marker *marker, uintptr_t word, uintptr_t *start) {
    if (word - marker->none.lo < marker->none.hi - marker->none.lo)
        return 0;
    return heap_find_far(marker->met->heap, word, start, &marker->none);
}

/* A word leads to no object that was not met: so will others to what lies around it. */
static void settle_page(struct marker *marker, uintptr_t word) {
    uintptr_t start;
    if (!marker->met->heap->odd_count && !find_far(marker, word, &start))
        granules_settle(&marker->met->granules, marker->none, word);
}

/* The same of a long object, which lies in the page of the word and in one before or behind, as a rule. */
static void settle_long(struct marker *marker, uintptr_t start, uintptr_t word) {
    settle_page(marker, word);
    settle_page(marker, (word ^ start) >> PAGE_BITS_SHIFT ? start : start + HEAP_LARGE_BYTES);
}

/* The object that a word points at where no short or long one begins: into one, to its end, or at an odd one.
 * returns  its id, or 0: none, or one that was met; *start receives its address, *is_end whether the word is its end */
static object_id pointed_inside(struct marker *marker, uintptr_t word, uintptr_t *start, int *is_end) {
    const struct heap *heap = marker->met->heap;
    object_id id;
    *is_end = 0;
    if (!places_used(marker->places, word))
        return 0;
    uint8_t byte = met_byte(marker->met, word);
    switch (granules_look(&marker->met->granules, word, start)) {
    case GRANULES_NOWHERE:
    case GRANULES_IN_MET:
        if (granules_is_inside(byte))
            settle_long(marker, *start, word);
        else if (byte == GRANULE_EMPTY)
            settle_page(marker, word);
        return 0;
    case GRANULES_IN_UNMET:
        return heap_at(heap, *start);
    case GRANULES_AT_UNMET:
        return pointed_behind(heap, word, start, is_end);
    case GRANULES_FAR:
        if (!(id = find_far(marker, word, start))) {
            settle_page(marker, word);
            return 0;
        }
        if (heap_contains(heap, *start, id, word))
            return !is_met_large(marker, id, *start, word) && heap_is_pointed(heap, id, *start, word) ? id : 0;
        break;
    case GRANULES_ASK:
        break;
    }
    id = heap_pointed(heap, word, start);
    *is_end = !id && (id = heap_ended(heap, word, start));
    return id;
}

static NOINLINE void meet_inside(struct marker *marker, uintptr_t word) {
    struct met *met = marker->met;
    const struct heap *heap = met->heap;
    uintptr_t start;
    int is_end;
    object_id id = pointed_inside(marker, word, &start, &is_end);
    if (!id || met_is(met, start, id, met_byte(met, start)) ||
        (marker->by_counts && heap->entry[id] & marker->by_counts))
        return;
    if (word == start + heap_entry(heap, id) || marker->interior == INTERIOR_FOLLOW) {
        marker_meet(marker, start, id);
        if (granules_is_inside(met_byte(met, word)))
            settle_long(marker, start, word);
    } else if (marker->interior == INTERIOR_IGNORE) {
        return;
    } else if (!is_end && shape_known_good(heap, heap_object(heap, id), start, word)) {
        marker_meet(marker, start, id);
    } else {
        keep_pending(marker, id, start);
    }
}

/* ---- words ---- */

/* Find the bytes of the words found. */
static void aim(struct marker *marker, struct marker_words *found) {
    struct granules *granules = &marker->met->granules;
    for (size_t i = 0; i < found->count; i++) {
        found->granule[i] = granules_at(granules, found->word[i]);
        prefetch((const void *)found->granule[i]);
    }
    if (!LIKELY(found->count > FEW) && !work_is_left(&marker->todo))
        for (size_t i = 0; i < found->count; i++)
            prefetch((const void *)found->word[i]);
}

/* A word that leads to the start of an object of at least `least`, as a granule's code. */
static void sort_starts(uint8_t *sorts, unsigned least, enum sort sort) {
    memset(&sorts[least], (int)sort, GRANULE_INSIDE - least);
    sorts[GRANULE_LONG] = (uint8_t)sort;
}

void marker_believe(struct marker *marker, enum interior interior, unsigned by_counts) {
    marker->interior = interior;
    marker->by_counts = by_counts;
    unsigned tags =
        interior == INTERIOR_IGNORE ? 1 : WORD; /* one in the bits that alignment leaves free is known good */
    memset(marker->sorts, SORT_OTHER, sizeof marker->sorts);
    for (unsigned tag = 0; tag < tags; tag++) {
        unsigned least = tag ? GRANULE_SHORT + 1 : GRANULE_SHORT; /* a shorter object ends within the tags */
        sort_starts(marker->sorts[tag], least, SORT_FRESH);
        sort_starts(&marker->sorts[tag][GRANULE_MET], least, SORT_MET);
    }
    for (unsigned low = 0; low < GRANULE_BYTES; low++)
        marker->sorts[low][GRANULE_WITHIN] = SORT_MET;
}

void marker_believe_objects(struct marker *marker, enum interior interior, unsigned by_counts) {
    marker_believe(marker, interior, 0);
    marker->by_counts_inside = by_counts;
}

/* Of what the next words to be gathered are good for. Those gathered before are settled as they were meant. */
static NOINLINE void believe_words_of(struct marker *marker, work_item item) {
    const struct heap *heap = marker->met->heap;
    int is_holder = work_code(item) == GRANULE_ASK && heap->entry[item_id(marker, item)] & HEAP_ENTRY_ALL;
    unsigned by_counts = is_holder ? 0 : marker->by_counts_inside;
    if (by_counts == marker->by_counts)
        return;
    marker_settle_all(marker);
    marker->by_counts = by_counts;
}

/* Keep the words that point at objects not met, and the others apart. Without a branch, because what a word is is a coin's
 * toss, and a wrong guess costs more than the stores. */
static size_t sort_words(struct marker *marker, struct marker_words *found) {
    size_t fresh = 0, others = 0;
    for (size_t i = 0; i < found->count; i++) {
        uintptr_t word = found->word[i];
        _Atomic uint8_t *granule = found->granule[i];
        uint8_t sort = marker->sorts[word % GRANULE_BYTES][atomic_load_explicit(granule, memory_order_relaxed)];
        found->word[fresh] = word; /* fresh <= i */
        found->granule[fresh] = granule;
        marker->other[others] = word;
        fresh += sort & SORT_FRESH;
        others += (sort & SORT_OTHER) != 0;
    }
    found->count = fresh;
    return others;
}

/* Meet what the words point at. */
static void settle(struct marker *marker, struct marker_words *found) {
    size_t others = sort_words(marker, found), fresh = found->count;
    int alone = marker->alone;
    found->count = 0;
    for (size_t i = 0; i < fresh; i++) {
        uint8_t byte = atomic_load_explicit(found->granule[i], memory_order_relaxed);
        work_item item = work_item_of(found->word[i] & ~(uintptr_t)(GRANULE_BYTES - 1), byte & GRANULE_CODE);
        work_add_if(&marker->todo, item, met_note_byte(found->granule[i], alone));
    }
    for (size_t i = 0; i < others; i++)
        meet_inside(marker, marker->other[i]);
}

/* ---- words put by ---- */

/* Those that lead to an object's granule, as far as it is known where these are. */
static void put_by(struct marker *marker, struct marker_words *found) {
    struct targets *targets = marker->targets;
    struct targets_stack *stacks = targets->stack;
    const size_t count = found->count, mask = targets->mask;
    size_t kept = 0;
#pragma GCC unroll 4
    for (size_t i = 0; i < count; i++)
        if (!LIKELY(targets_put(targets, stacks, mask, found->word[i])))
            found->word[kept++] = found->word[i]; /* kept <= i */
    targets->count += count - kept;
    found->count = kept;
}

static inline size_t launched_count(const struct marker *marker) {
    return marker->launched.end - marker->launched.first;
}

/* Not inlined, and not looked into: a compiler takes a function that only prefetches for one that does nothing. */
static __attribute__((noipa)) void prefetch_long(uintptr_t start, uintptr_t end) {
    uintptr_t line = (start & ~(uintptr_t)(CACHE_LINE - 1)) + CACHE_LINE;
    for (int ahead = 1; ahead < LINES_AHEAD_MAX && line < end; ahead++, line += CACHE_LINE)
        prefetch((const void *)line);
}

static inline __attribute__((always_inline)) void prefetch_object(work_item item) {
    uintptr_t start = work_start(item), end = start + (work_code(item) - GRANULE_SHORT) * WORD;
    prefetch((const void *)start);
    if (LIKELY(end - start <= 2 * CACHE_LINE))
        prefetch((const void *)(end - WORD));
    else
        prefetch_long(start, end);
}

/* Where items' ids will be needed. */
static NOINLINE void prefetch_slots(const struct marker *marker, size_t first) {
    for (size_t i = first; i != marker->launched.end; i++)
        prefetch_slot(marker, work_start(marker->launched.item[i % MARKER_RING]));
}

/* The object that begins at a granule of a leaf. */
static inline work_item target_item(const struct granules_piece *piece, size_t number) {
    uint8_t byte = atomic_load_explicit(&piece->leaf->granule[number], memory_order_relaxed);
    return work_item_of(piece->base + number * GRANULE_BYTES, byte & GRANULE_CODE);
}

/* Meet those of the granules from `first` on, and search them next: their neighbours' page tables are at hand. */
static void launch_targets(struct marker *marker, const struct granules_piece *piece, size_t first, uint64_t fresh) {
    struct marker_objects *launched = &marker->launched;
    const size_t begun = launched->end;
    const int alone = marker->alone;
    size_t end = begun;
    for (; fresh; fresh &= fresh - 1) {
        size_t number = first + (size_t)__builtin_ctzll(fresh);
        work_item item = target_item(piece, number);
        launched->item[end % MARKER_RING] = item;
        end += met_note_byte(&piece->leaf->granule[number], alone);
        prefetch_object(item);
    }
    launched->end = end;
    if (marker->interior == INTERIOR_FOLLOW)
        prefetch_slots(marker, begun);
}

/* Meet them, and search them later. */
static void add_targets(struct marker *marker, const struct granules_piece *piece, size_t first, uint64_t fresh) {
    for (; fresh; fresh &= fresh - 1) {
        size_t number = first + (size_t)__builtin_ctzll(fresh);
        work_item item = target_item(piece, number);
        work_add_if(&marker->todo, item, met_note_byte(&piece->leaf->granule[number], marker->alone));
    }
}

/* Meet some of those that were put by. */
static void settle_targets(struct marker *marker, int launched) {
    size_t first = 0;
    uint64_t wanted = targets_take(marker->targets, &first), other;
    if (!wanted)
        return;
    const struct granules_piece *piece = targets_piece(marker->targets);
    prefetch((const void *)&piece->leaf->granule[first + GRANULES_AHEAD]);
    uint64_t fresh = granules_sort(&piece->leaf->granule[first], wanted, &other);
    if (launched)
        launch_targets(marker, piece, first, fresh);
    else
        add_targets(marker, piece, first, fresh);
    for (; other; other &= other - 1) {
        size_t number = first + (size_t)__builtin_ctzll(other);
        if (atomic_load_explicit(&piece->leaf->granule[number], memory_order_relaxed) != GRANULE_WITHIN)
            meet_inside(marker, piece->base + number * GRANULE_BYTES);
    }
}

/* As many as a round searches. */
static void settle_some(struct marker *marker, int launched) {
    do
        settle_targets(marker, launched);
    while (launched && targets_are_left(marker->targets) && launched_count(marker) < MARKER_AHEAD + MARKER_OBJECTS);
}

/* Until they are no more than may be put by. Nothing is launched: its room is the caller's. */
static NOINLINE void settle_surplus(struct marker *marker) {
    while (targets_are_too_many(marker->targets))
        settle_targets(marker, 0);
}

/* Both rounds' words, at once: there is no room, or nothing else to do in the meantime. */
NOINLINE void marker_settle_all(struct marker *marker) {
    for (unsigned i = 0; marker->puts_by && i < 2; i++)
        put_by(marker, &marker->found[i]);
    if (marker->puts_by && targets_are_too_many(marker->targets))
        settle_surplus(marker);
    for (unsigned i = 0; i < 2; i++)
        aim(marker, &marker->found[i]);
    for (unsigned i = 0; i < 2; i++)
        settle(marker, &marker->found[i]);
}

/* ---- gathering words ---- */

#define INLINE inline __attribute__((always_inline))

/* Keep those of `count` words, a step apart, that may lead to an object. returns where the next one goes */
static INLINE uintptr_t *keep_long(const struct marker *marker, uintptr_t *next, uintptr_t at, size_t count,
                                   unsigned shift, int is_object) {
    const uintptr_t lo = marker->lo, span = marker->span, mask = marker->mask;
    const uint8_t *places = marker->places;
    const _Atomic uint64_t *open = marker->open;
#pragma GCC unroll 4
    for (size_t i = 0; i < count; i++) {
        uintptr_t word = heap_load(at + (i << shift)) & mask;
        *next = word;
        next += (word - lo < span) & (is_object ? closed_is_open(open, word) : places_used(places, word));
    }
    return next;
}

/* At any step, any number. */
static INLINE void gather(struct marker *marker, struct range words, int is_object) {
    struct marker_words *found = &marker->found[marker->round];
    const unsigned shift = marker->step_shift;
    uintptr_t end = words.hi - words.lo < WORD ? words.lo : words.hi - WORD + 1;
    for (uintptr_t at = words.lo; at < end;) {
        if (found->count == MARKER_WORDS)
            marker_settle_all(marker);
        size_t room = MARKER_WORDS - found->count, left = ((end - 1 - at) >> shift) + 1;
        size_t count = left < room ? left : room;
        uintptr_t *next = found->word + found->count;
        next = shift == WORD_SHIFT ? keep_long(marker, next, at, count, WORD_SHIFT, is_object)
                                   : keep_long(marker, next, at, count, shift, is_object);
        found->count = (size_t)(next - found->word);
        at += count << shift;
    }
}

/* Roots' words lead anywhere, and to little that was met: for them the smaller table does. */
static NOINLINE void gather_root(struct marker *marker, struct range words) {
    gather(marker, words, 0);
}

static NOINLINE void gather_long(struct marker *marker, struct range words) {
    if (marker->open)
        gather(marker, words, 1);
    else
        gather_root(marker, words);
}

/* Pointers of another form. */
static NOINLINE void gather_encoded(struct marker *marker, struct pointers walk) {
    struct marker_words *found = &marker->found[marker->round];
    for (uintptr_t word; pointers_next(marker->met->heap, &walk, &word);) {
        if (found->count == MARKER_WORDS)
            marker_settle_all(marker);
        found->word[found->count] = word;
        found->count += word - marker->lo < marker->span;
    }
}

static inline void gather_short(struct marker *marker, uintptr_t at, uintptr_t end) {
    struct marker_words *found = &marker->found[marker->round];
    uintptr_t lo = marker->lo, span = marker->span, mask = marker->mask;
    if (!LIKELY(found->count + (end - at) / WORD <= MARKER_WORDS))
        marker_settle_all(marker);
    uintptr_t *next = found->word + found->count;
    for (; at < end; at += WORD) {
        uintptr_t word = heap_load(at) & mask;
        *next = word;
        next += word - lo < span;
    }
    found->count = (size_t)(next - found->word);
}

void marker_search(struct marker *marker, struct range words) {
    gather_root(marker, words);
}

/* ---- objects ---- */

static NOINLINE void scan_long(struct marker *marker, work_item item) {
    const struct heap *heap = marker->met->heap;
    const struct object *object = heap_object(heap, item_id(marker, item));
    struct range words = heap_contents(heap, work_start(item), object->size_bytes);
    struct pointers walk = pointers_of(heap, object, work_start(item));
    marker->bytes_read += words.hi - words.lo;
    if (walk.form != POINTER_WORD) {
        gather_encoded(marker, walk);
        return;
    }
    do
        gather_long(marker, (struct range){walk.next, walk.piece_end});
    while (pointers_next_piece(heap, &walk));
}

static void launch(struct marker *marker) {
    work_item item[MARKER_OBJECTS];
    size_t count = work_next(&marker->todo, item, MARKER_OBJECTS), begun = marker->launched.end;
    for (size_t i = 0; i < count; i++)
        prefetch_object(item[i]);
    for (size_t i = 0; i < count; i++)
        marker->launched.item[marker->launched.end++ % MARKER_RING] = item[i];
    if (marker->interior == INTERIOR_FOLLOW)
        prefetch_slots(marker, begun);
}

static NOINLINE void scan_unusual(struct marker *marker, work_item item) {
    uintptr_t bytes = (work_code(item) - GRANULE_SHORT) * WORD;
    if (marker->interior == INTERIOR_FOLLOW)
        met_set_bit(marker->marking->possible, item_id(marker, item));
    if (marker->by_counts_inside)
        believe_words_of(marker, item);
    if (work_code(item) < GRANULE_LONG) {
        marker->bytes_read += bytes;
        gather_short(marker, work_start(item), work_start(item) + bytes);
    } else {
        scan_long(marker, item);
    }
}

/* Without a branch on what a word is. Four at once, since the loop takes as long as they do.
 * returns  how many there are then at `kept`; those behind are overwritten */
static inline size_t keep_words(uintptr_t *kept, size_t count, uintptr_t at, size_t words, uintptr_t lo,
                                uintptr_t span) {
    enum { TOGETHER = 4 };
    size_t i = 0;
    for (; i + TOGETHER <= words; i += TOGETHER)
#pragma GCC unroll 4
        for (size_t next = 0; next < TOGETHER; next++) {
            uintptr_t word = heap_load(at + (i + next) * WORD);
            kept[count] = word;
            count += word - lo < span;
        }
    for (; i < words; i++) {
        uintptr_t word = heap_load(at + i * WORD);
        kept[count] = word;
        count += word - lo < span;
    }
    return count;
}

/* All that are launched, but for so many. */
static NOINLINE void scan(struct marker *marker, struct marker_words *found, size_t ahead) {
    struct marker_objects *launched = &marker->launched;
    const int is_usual = marker->interior != INTERIOR_FOLLOW && !marker->by_counts_inside && !~marker->mask;
    const size_t usual_max = is_usual ? GRANULE_LONG - GRANULE_SHORT : 0; /* fewer words than these */
    const uintptr_t lo = marker->lo, span = marker->span;
    size_t first = launched->first, end = launched->end, count = found->count, words_read = 0;
    if (end - first <= ahead)
        return;
    marker->objects_scanned += end - first - ahead;
    for (; end - first > ahead; first++) {
        work_item item = launched->item[first % MARKER_RING];
        size_t words = work_code(item) - GRANULE_SHORT;
        if (LIKELY(words < usual_max && count + words <= MARKER_WORDS)) {
            count = keep_words(found->word, count, work_start(item), words, lo, span);
            words_read += words;
            continue;
        }
        found->count = count;
        scan_unusual(marker, item);
        count = found->count;
    }
    found->count = count;
    launched->first = end - ahead;
    marker->bytes_read += words_read * WORD;
}

/* ---- tracing ---- */

/* Is there anything to be done but to search what is launched? */
static inline int is_more_to_do(const struct marker *marker) {
    return work_is_left(&marker->todo) || targets_are_left(marker->targets) || marker->found[0].count ||
           marker->found[1].count;
}

/* What a round prefetches is read in the next one, or later; or at once, where there would be nothing to do in the
 * meantime. What was put by comes first: it leads to what lies together. */
static inline void advance(struct marker *marker) {
    unsigned round = marker->round, due = !round;
    struct targets *targets = marker->targets;
    int overlaps = launched_count(marker) || targets_are_left(targets) || marker->found[due].count;
    int too_many = targets_are_too_many(targets);
    if (!too_many &&
        launched_count(marker) <= 2 * MARKER_AHEAD) /* more than settle_some() leaves, or these would never be */
        launch(marker);
    if (!overlaps && launched_count(marker) <= FEW)
        due = round;
    if (!too_many)
        scan(marker, &marker->found[round], due != round && is_more_to_do(marker) ? MARKER_AHEAD : 0);
    if (due != round && marker->puts_by)
        put_by(marker, &marker->found[round]);
    if (marker->found[round].count)
        aim(marker, &marker->found[round]);
    if (targets_are_left(targets))
        settle_some(marker, !too_many);
    if (marker->found[due].count)
        settle(marker, &marker->found[due]);
    marker->round = !round;
}

/* Blocks that are full are for whoever has nothing else. returns 0 when there are none */
static int take_shared(struct marker *marker) {
    return marker->puts_by && !marker_has_failed(marker) && targets_begin_turn(marker->targets);
}

/* Some that another has given. returns 0 when no marker has anything left */
static int take_given(struct marker *marker) {
    struct work_block *given = work_take(&marker->todo);
    if (!given)
        return 0;
    if (!given->leaf)
        work_add_given(&marker->todo, given);
    else
        targets_add_given(marker->targets, given);
    work_lay_down(&marker->marking->pool, given);
    return 1;
}

static void give(struct marker *marker) {
    if (!targets_give(marker->targets))
        work_give(&marker->todo);
}

void marker_trace(struct marker *marker) {
    marker->puts_by = marker->targets->pool->leaves && !marker->by_counts_inside;
    do {
        while (!marker_has_failed(marker) && (launched_count(marker) || is_more_to_do(marker))) {
            advance(marker);
            if (work_is_wanted(&marker->todo))
                give(marker);
        }
    } while (take_shared(marker) || take_given(marker));
}

/* ---- beginning and end ---- */

/* Where words must point that say anything: those of a young view may lie close together in a large heap. */
static struct range bounds(const struct heap *heap) {
    if (!heap->subset)
        return (struct range){heap->lo, heap->hi};
    if (!heap->subset_count)
        return (struct range){0, 0};
    const struct heap_odd *last = &heap->subset[heap->subset_count - 1];
    return (struct range){heap->subset[0].address,
                          last->address + heap_object(heap, last->id)->size_bytes + 1 /* its end may hold it */};
}

void marker_enter(struct marker *marker, struct marking *marking) {
    const struct heap *heap = marking->heap;
    const struct range aim = bounds(heap);
    /* not cleared as a whole: the batches are long */
    marker->number = atomic_fetch_add_explicit(&marking->entered, 1, memory_order_relaxed);
    marker->marking = marking;
    marker->met = &marking->met;
    marker->lo = aim.lo;
    marker->span = aim.hi - aim.lo;
    marker->places = heap->places;
    marker->open = marking->met.granules.closed.open;
    marker->mask = heap->pointer_mask ? heap->pointer_mask : UINTPTR_MAX;
    marker->step_shift = heap->unaligned ? 0 : 3;
    marker->alone = !marking->met.crew;
    marker->pending = &marking->pending[marker->number];
    marker->objects_scanned = marker->bytes_read = 0;
    marker->by_counts_inside = 0;
    marker->round = 0;
    marker->none = (struct range){0, 0};
    marker->puts_by = 0;
    marker->launched.first = marker->launched.end = 0;
    for (unsigned i = 0; i < 2; i++)
        marker->found[i].count = 0;
    work_list_begin(&marker->todo, &marking->pool);
    marker->targets = &marking->targets[marker->number];
    targets_begin(marker->targets, &marker->todo);
    work_enter(&marking->pool);
}

void marker_leave(struct marker *marker) {
    atomic_fetch_add(&marker->marking->objects_scanned, marker->objects_scanned);
    atomic_fetch_add(&marker->marking->bytes_read, marker->bytes_read);
}
