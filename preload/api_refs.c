/* api_refs.c - castaway.h's reference counts, as exported functions; and Python's words for looking at the collector.
 *
 * Start: castaway_api_ref(). */
#include <string.h>

#include "hooks.h"
#include "init.h"
#include "live.h"
#include "record.h"
#include "refs.h"
#include "thread.h"
#include "weak.h"

EXPORT void castaway_api_ref(const void *object);
EXPORT void castaway_api_unref(const void *object);
EXPORT void castaway_api_weak(const void *slot);
EXPORT void castaway_api_unweak(const void *slot);
EXPORT void castaway_api_finalizer(const void *object, const char *name);
EXPORT void castaway_api_type(const void *object, const char *name);
EXPORT int castaway_api_is_tracked(const void *address);
EXPORT size_t castaway_api_get_referents(const void *object, void **out, size_t max);
EXPORT void castaway_api_get_count(long counts[3]);
EXPORT void castaway_api_get_threshold(unsigned thresholds[3]);
EXPORT void castaway_api_set_threshold(unsigned young, unsigned middle, unsigned old);

void castaway_api_ref(const void *object) {
    refs_change((uintptr_t)object, REFS_TAKE, COUNT_HOOK, ARCH_CALLER());
}
void castaway_api_unref(const void *object) {
    refs_change((uintptr_t)object, REFS_GIVE, COUNT_HOOK, ARCH_CALLER());
}
void castaway_api_weak(const void *slot) {
    weak_add((uintptr_t)slot);
}
void castaway_api_unweak(const void *slot) {
    weak_remove((uintptr_t)slot);
}
void castaway_api_finalizer(const void *object, const char *name) {
    refs_set_finalizer((uintptr_t)object, name);
}
void castaway_api_type(const void *object, const char *name) {
    refs_set_type((uintptr_t)object, name);
}

static object_id find(uintptr_t address, uintptr_t *start) {
    thread_busy++;
    object_id id = record_find(address, start);
    thread_busy--;
    return id;
}

int castaway_api_is_tracked(const void *address) {
    uintptr_t start;
    return hook_recording && find((uintptr_t)address, &start) != 0;
}

/* Pointers into the object itself are its own affair. */
size_t castaway_api_get_referents(const void *object, void **out, size_t max) {
    uintptr_t start, target;
    object_id id = hook_recording ? find((uintptr_t)object, &start) : 0;
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

void castaway_api_get_count(long counts[3]) {
    live_counts(counts);
}
void castaway_api_get_threshold(unsigned thresholds[3]) {
    live_thresholds(thresholds);
}
void castaway_api_set_threshold(unsigned young, unsigned middle, unsigned old) {
    live_set_thresholds((const unsigned[3]){young, middle, old});
}
