/* api_gc.c - the words of Python's gc, as exported functions.
 *
 * Owns:    nothing.
 * Never:   searches the heap for a pointer, or for who says what an object is: that is a snapshot's work. Reads no object but
 *          the one it is asked about.
 * Start:   castaway_api_get_referents(). castaway_api_collect(): collect.c. */
#include "analysis/encoded.h"
#include "analysis/pointers.h"
#include "frozen.h"
#include "generations.h"
#include "hooks.h"
#include "init.h"
#include "live.h"
#include "record.h"
#include "thread.h"
#include "told.h"

EXPORT int castaway_api_is_tracked(const void *address);
EXPORT size_t castaway_api_get_referents(const void *object, void **out, size_t max);
EXPORT long castaway_api_get_referrers(const void *object, void **out, size_t max);
EXPORT void castaway_api_get_count(long counts[3]);
EXPORT void castaway_api_get_threshold(unsigned thresholds[3]);
EXPORT void castaway_api_set_threshold(unsigned young, unsigned middle, unsigned old);
EXPORT void castaway_api_get_stats(long stats[3][3]);
EXPORT int castaway_api_freeze(void);
EXPORT void castaway_api_unfreeze(void);
EXPORT long castaway_api_get_freeze_count(void);
EXPORT int castaway_api_on_scan(castaway_scan_cb *callback, void *context);
EXPORT void castaway_api_off_scan(castaway_scan_cb *callback, void *context);

static object_id find(uintptr_t address, uintptr_t *start) {
    thread_busy++;
    object_id id = record_find(address, start);
    thread_busy--;
    return id;
}

int castaway_api_is_tracked(const void *address) {
    uintptr_t start;
    return hook_is_recording() && find((uintptr_t)address, &start) != 0;
}

/* Of one object, by what it has itself. Pointers into it are its own affair. */
static size_t referents(const struct heap *view, const struct object *object, uintptr_t start, void **out, size_t max) {
    struct pointers walk = pointers_of(view, object, start);
    size_t count = 0;
    for (uintptr_t pointer, target; pointers_next(view, &walk, &pointer);) {
        if (!find(pointer, &target) || target == start)
            continue;
        if (count < max)
            out[count] = (void *)target;
        count++;
    }
    return count;
}

/* Of fontconfig's: it says itself of which size its elements are. */
static int is_pattern(uintptr_t start, uint64_t size_bytes) {
    uintptr_t elements, target;
    uint64_t bytes =
        size_bytes == POINTER_DISTANCE_OBJECT && start % sizeof start == 0 ? encoded_elements(start, &elements) : 0;
    object_id id = bytes ? find(elements, &target) : 0;
    return id && target == elements && record_size(id) == bytes;
}

size_t castaway_api_get_referents(const void *object, void **out, size_t max) {
    const struct heap view = {.hi = UINTPTR_MAX,
                              .pointer_mask = options_pointer_mask(&process.options),
                              .unaligned = options_unaligned(&process.options)};
    uintptr_t start;
    object_id id = hook_is_recording() ? find((uintptr_t)object, &start) : 0;
    if (!id)
        return 0;
    struct object words = {.size_bytes = record_size(id)}, encoded = words;
    encoded.flags = OBJECT_ENCODED;
    if (is_pattern(start, words.size_bytes))
        return referents(&view, &encoded, start, out, max);
    size_t count = referents(&view, &words, start, out, max);
    if (!encoded_may_be_halves(start, words.size_bytes) || referents(&view, &encoded, start, NULL, 0) <= count)
        return count;
    long asked = live_referents(start, out, max); /* whose array is it? */
    return asked < 0 ? referents(&view, &words, start, out, max) : (size_t)asked;
}

long castaway_api_get_referrers(const void *object, void **out, size_t max) {
    start_recording();
    return live_referrers((uintptr_t)object, out, max);
}

void castaway_api_get_count(long counts[3]) {
    generations_counts(counts);
}
void castaway_api_get_threshold(unsigned thresholds[3]) {
    live_thresholds(thresholds);
}
void castaway_api_set_threshold(unsigned young, unsigned middle, unsigned old) {
    live_set_thresholds((const unsigned[3]){young, middle, old});
}

void castaway_api_get_stats(long stats[3][3]) {
    generations_stats(stats);
}

int castaway_api_freeze(void) {
    start_recording();
    return live_freeze();
}
void castaway_api_unfreeze(void) {
    frozen_end();
}
long castaway_api_get_freeze_count(void) {
    return frozen_count();
}

int castaway_api_on_scan(castaway_scan_cb *callback, void *context) {
    start_recording();
    return told_add(callback, context);
}
void castaway_api_off_scan(castaway_scan_cb *callback, void *context) {
    told_remove(callback, context);
}
