/* api_gc.c - the words of Python's gc, as exported functions.
 *
 * Owns:    nothing.
 * Never:   searches the heap for a pointer: that is a snapshot's work. Reads no object but the one it is asked about.
 * Start:   castaway_api_get_referents(). castaway_api_collect(): collect.c. */
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

/* Pointers into the object itself are its own affair. */
size_t castaway_api_get_referents(const void *object, void **out, size_t max) {
    uintptr_t start, target;
    object_id id = hook_is_recording() ? find((uintptr_t)object, &start) : 0;
    size_t count = 0;
    if (!id)
        return 0;
    struct range words = heap_words(start, record_size(id));
    for (uintptr_t at = words.lo; at < words.hi; at += sizeof at) {
        object_id other = find(heap_load(at), &target);
        if (!other || other == id)
            continue;
        if (count < max)
            out[count] = (void *)target;
        count++;
    }
    return count;
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
