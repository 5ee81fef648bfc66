/* api.c - castaway.h and LeakSanitizer's interface, as exported functions.
 *
 * Programs that are annotated for LeakSanitizer call the same names here and mean the same. What an annotation can't be
 * done for (an object that nobody knows, an enable too many, a root that was never registered) is no error: the program
 * must run as it does without us.
 *
 * Owns:    declared roots.
 * Never:   fails, for the program to see.
 * Start:   castaway_api_ignore(). Pools: pooled.c. Source of the semantics: LeakSanitizer, lsan_interface.h */
#include "api.h"

#include "duties.h"
#include "hooks.h"
#include "init.h"
#include "lock.h"
#include "pages.h"
#include "record.h"
#include "thread.h"

__thread int api_disabled;

static struct range *roots;
static size_t root_count, root_capacity;

const struct range *api_roots(size_t *count) {
    *count = root_count;
    return roots;
}

static void root_add_locked(struct range range) {
    struct range *grown = pages_grow(roots, root_count, &root_capacity, sizeof *roots);
    if (!grown)
        return;
    roots = grown;
    roots[root_count++] = range;
}

static void root_add(struct range range) {
    start_recording();
    thread_busy++;
    lock_take(LOCK_ROOTS);
    if (range.hi > range.lo)
        root_add_locked(range);
    lock_release(LOCK_ROOTS);
    thread_busy--;
}

static void root_remove(struct range range) {
    thread_busy++;
    lock_take(LOCK_ROOTS);
    for (size_t i = root_count; i-- > 0;)
        if (roots[i].lo == range.lo && roots[i].hi == range.hi) {
            roots[i] = roots[--root_count];
            break;
        }
    lock_release(LOCK_ROOTS);
    thread_busy--;
}

static struct range range_of(const void *lo, size_t size) {
    return (struct range){(uintptr_t)lo, (uintptr_t)lo + size};
}

/* ---- castaway.h ---- */

EXPORT void castaway_api_ignore(const void *object);
EXPORT void castaway_api_disable(void);
EXPORT void castaway_api_enable(void);
EXPORT void castaway_api_root(const void *lo, size_t size);
EXPORT void castaway_api_unroot(const void *lo, size_t size);

void castaway_api_ignore(const void *object) {
    uintptr_t start;
    thread_busy++;
    object_id id = record_find((uintptr_t)object, &start);
    if (id)
        record_flag(id, OBJECT_IGNORED);
    thread_busy--;
}

void castaway_api_disable(void) {
    duty_add(DUTY_DISABLED);
    api_disabled++;
}

void castaway_api_enable(void) {
    if (api_disabled > 0)
        api_disabled--;
}

void castaway_api_root(const void *lo, size_t size) {
    root_add(range_of(lo, size));
}

void castaway_api_unroot(const void *lo, size_t size) {
    root_remove(range_of(lo, size));
}

/* ---- LeakSanitizer's names ---- */

#define SAME_AS(ours) __attribute__((visibility("default"), alias(#ours)))

void __lsan_ignore_object(const void *object) SAME_AS(castaway_api_ignore);
void __lsan_disable(void) SAME_AS(castaway_api_disable);
void __lsan_enable(void) SAME_AS(castaway_api_enable);
void __lsan_register_root_region(const void *lo, size_t size) SAME_AS(castaway_api_root);
void __lsan_unregister_root_region(const void *lo, size_t size) SAME_AS(castaway_api_unroot);
