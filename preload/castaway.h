/* castaway.h - for programs that want to know about castaway. They need no library and no option to the linker.
 *
 * castaway finds heap objects that a running program can no longer reach. It works on unmodified programs; nothing here
 * has to be called. The names below are weak: they are there when libcastaway.so is preloaded (`castaway PROGRAM`),
 * and the inline functions answer for it when it is not: they do nothing then.
 *
 * note     code that is built with -fno-pic never finds castaway: a weak name that no library defines is fixed when
 *          linking */
#ifndef CASTAWAY_H
#define CASTAWAY_H

#include <stddef.h>

#define CASTAWAY_VERSION_MAJOR 0
#define CASTAWAY_VERSION_MINOR 1
#define CASTAWAY_VERSION_PATCH 0
/* One number that grows with the version, for #if. */
#define CASTAWAY_VERSION_NUMBER (CASTAWAY_VERSION_MAJOR * 10000 + CASTAWAY_VERSION_MINOR * 100 + CASTAWAY_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

/* What libcastaway.so exports, for the inline functions below. */
extern int castaway_active(void) __attribute__((weak));
extern long castaway_api_collect(int generation) __attribute__((weak));
extern long castaway_api_check(void) __attribute__((weak));
extern void castaway_api_ignore(const void *object) __attribute__((weak));
extern void castaway_api_disable(void) __attribute__((weak));
extern void castaway_api_enable(void) __attribute__((weak));
extern void castaway_api_root(const void *lo, size_t size) __attribute__((weak));
extern void castaway_api_unroot(const void *lo, size_t size) __attribute__((weak));
extern void castaway_api_pool_alloc(const void *pool, const void *object, size_t size) __attribute__((weak));
extern void castaway_api_pool_free(const void *object) __attribute__((weak));
extern void castaway_api_pool_end(const void *pool) __attribute__((weak));
extern void castaway_api_ref(const void *object) __attribute__((weak));
extern void castaway_api_unref(const void *object) __attribute__((weak));
extern void castaway_api_weak(const void *slot) __attribute__((weak));
extern void castaway_api_unweak(const void *slot) __attribute__((weak));
extern void castaway_api_finalizer(const void *object, const char *name) __attribute__((weak));
extern void castaway_api_type(const void *object, const char *name) __attribute__((weak));
extern void castaway_api_scope_begin(const char *name) __attribute__((weak));
extern long castaway_api_scope_end(void) __attribute__((weak));
struct castaway_finding;
struct castaway_scan;
typedef void castaway_scan_cb(const struct castaway_scan *scan, void *context);
extern long castaway_api_scope_findings(struct castaway_finding *out, long max) __attribute__((weak));
extern int castaway_api_is_tracked(const void *address) __attribute__((weak));
extern size_t castaway_api_get_referents(const void *object, void **out, size_t max) __attribute__((weak));
extern long castaway_api_get_referrers(const void *object, void **out, size_t max) __attribute__((weak));
extern void castaway_api_get_count(long counts[3]) __attribute__((weak));
extern void castaway_api_get_stats(long stats[3][3]) __attribute__((weak));
extern int castaway_api_freeze(void) __attribute__((weak));
extern void castaway_api_unfreeze(void) __attribute__((weak));
extern long castaway_api_get_freeze_count(void) __attribute__((weak));
extern int castaway_api_on_scan(castaway_scan_cb *callback, void *context) __attribute__((weak));
extern void castaway_api_off_scan(castaway_scan_cb *callback, void *context) __attribute__((weak));
extern void castaway_api_get_threshold(unsigned thresholds[3]) __attribute__((weak));
extern void castaway_api_set_threshold(unsigned young, unsigned middle, unsigned old) __attribute__((weak));

/* Whether castaway records this process's objects: 1 or 0.
 *
 * context  any; signal-safe */
static inline int castaway_is_active(void) {
    return castaway_active ? castaway_active() : 0;
}

/* Count the object as reachable, and all that it leads to, until it is freed. `object` may point into its middle; one that
 * castaway does not know is no error. */
static inline void castaway_ignore(const void *object) {
    if (castaway_api_ignore)
        castaway_api_ignore(object);
}

/* Objects that this thread makes from here to castaway_enable() are ignored as by castaway_ignore(). Calls nest; an enable
 * without its disable does nothing. */
static inline void castaway_disable(void) {
    if (castaway_api_disable)
        castaway_api_disable();
}
static inline void castaway_enable(void) {
    if (castaway_api_enable)
        castaway_api_enable();
}

/* Look for pointers in the `size` bytes from `lo`, memory that castaway would not look into (a heap of the program's own, a
 * device). What can't be read when a scan is made is left out. castaway_unroot() takes back one such call with the same
 * arguments. */
static inline void castaway_root(const void *lo, size_t size) {
    if (castaway_api_root)
        castaway_api_root(lo, size);
}
static inline void castaway_unroot(const void *lo, size_t size) {
    if (castaway_api_unroot)
        castaway_api_unroot(lo, size);
}

/* For allocators that cut objects out of larger blocks: `object` of `size` bytes was handed out, was taken back, and all
 * of a pool's objects were taken back at once. They then count as objects of their own, with the stack of this call.
 *
 * pool     any address that names the pool
 * note     A block from malloc that holds them is no object any more; it is looked into only below its first one, where
 *          pools keep their heads. To free the block takes back what is in it. Objects may not overlap. */
static inline void castaway_pool_alloc(const void *pool, const void *object, size_t size) {
    if (castaway_api_pool_alloc)
        castaway_api_pool_alloc(pool, object, size);
}
static inline void castaway_pool_free(const void *object) {
    if (castaway_api_pool_free)
        castaway_api_pool_free(object);
}
static inline void castaway_pool_end(const void *pool) {
    if (castaway_api_pool_end)
        castaway_api_pool_end(pool);
}

/* Scan now, and wait for the outcome: generation 0 (objects born since the last scan), 1, or 2 (all). The first scan of a
 * process is always of all.
 *
 * returns  how many objects this scan found unreachable that no scan before had; they are findings once another scan
 *          confirms them. -1: no scan could be made; 0 without castaway
 * context  not in a signal handler; other threads are stopped for a moment */
static inline long castaway_collect(int generation) {
    return castaway_api_collect ? castaway_api_collect(generation) : 0;
}

/* How many objects are unreachable now: a full scan that is believed at once. -1 and 0 as above. */
static inline long castaway_check(void) {
    return castaway_api_check ? castaway_api_check() : 0;
}

/* ---- reference counts: which reference was never given back ---- */

/* Somebody took a reference to the object, or gave one back. A count begins at 1 when the object is made. `object` may
 * point up to 4 KiB into its middle; one that castaway does not know is no error.
 *
 * note     The stack of the call is kept: call it where the count changes. */
static inline void castaway_ref(const void *object) {
    if (castaway_api_ref)
        castaway_api_ref(object);
}
static inline void castaway_unref(const void *object) {
    if (castaway_api_unref)
        castaway_api_unref(object);
}

/* The pointer stored at `slot` does not keep its object alive, from now on and whatever is stored there; castaway_unweak()
 * takes that back. To be called before the memory of the slot is freed. A slot in an object or in a module's data that the
 * program can reach, and that points at an object that was freed, is a finding: `dangling-weak`. */
static inline void castaway_weak(const void *slot) {
    if (castaway_api_weak)
        castaway_api_weak(slot);
}
static inline void castaway_unweak(const void *slot) {
    if (castaway_api_unweak)
        castaway_api_unweak(slot);
}

/* What should run before the object dies, and what the object is; for people. The name is copied; NULL takes it back. */
static inline void castaway_finalizer(const void *object, const char *name) {
    if (castaway_api_finalizer)
        castaway_api_finalizer(object, name);
}
static inline void castaway_type(const void *object, const char *name) {
    if (castaway_api_type)
        castaway_api_type(object, name);
}

/* ---- scans, in the words of Python's gc ---- */

/* What this thread makes from here to castaway_scope_end() is to be gone then, or reachable. Scopes nest. */
static inline void castaway_scope_begin(const char *name) {
    if (castaway_api_scope_begin)
        castaway_api_scope_begin(name);
}

/* Scans the heap and waits for the outcome.
 * returns  findings (lost objects by their stacks, cycles by their shapes) among what was made since the scope began; 0
 *          without castaway; -1 when there is no scope, or no scan could be made */
static inline long castaway_scope_end(void) {
    return castaway_api_scope_end ? castaway_api_scope_end() : 0;
}

/* What a scope found: lost objects of one stack, or cycles of one shape. */
enum { CASTAWAY_FINDINGS_KEPT = 16, CASTAWAY_FRAMES_KEPT = 32 };
struct castaway_finding {
    int is_cycle;
    int frame_count;
    long objects;
    size_t bytes;
    const void *frames[CASTAWAY_FRAMES_KEPT]; /* return addresses, innermost first: where they were made */
};

/* The findings of the scope that this thread ended last, most bytes first; at most CASTAWAY_FINDINGS_KEPT are kept.
 * out      receives the first `max` of them; may be NULL when max is 0
 * returns  how many are kept */
static inline long castaway_scope_findings(struct castaway_finding *out, long max) {
    return castaway_api_scope_findings ? castaway_api_scope_findings(out, max) : 0;
}

/* Does castaway know an object at `address`, or around it? */
static inline int castaway_is_tracked(const void *address) {
    return castaway_api_is_tracked ? castaway_api_is_tracked(address) : 0;
}

/* The objects that the object points at, in the order of its words; one that it points at twice comes twice.
 * out      receives the first `max` of them; may be NULL when max is 0
 * returns  how many there are
 * context  as castaway_get_referrers(), if the object may be an array of pointers of 4 bytes (GLib's, below 4 GiB); else any */
static inline size_t castaway_get_referents(const void *object, void **out, size_t max) {
    return castaway_api_get_referents ? castaway_api_get_referents(object, out, max) : 0;
}

/* The objects that point at the object, or into it, in the order of their addresses; weak slots do not count. Roots are no
 * objects.
 * out      receives the first `max` of them; may be NULL when max is 0
 * returns  how many there are; 0 for an address that castaway does not know; -1: not known, no scan can be made
 * context  not in a signal handler; other threads are stopped for a moment */
static inline long castaway_get_referrers(const void *object, void **out, size_t max) {
    return castaway_api_get_referrers ? castaway_api_get_referrers(object, out, max) : 0;
}

/* Objects made less those freed since the last scan; scans of generation 0 since one of 1; those of 1 since one of 2. */
static inline void castaway_get_count(long counts[3]) {
    counts[0] = counts[1] = counts[2] = 0;
    if (castaway_api_get_count)
        castaway_api_get_count(counts);
}

/* What these counts must exceed before there is a scan; a first one of 0: there is none for that reason. */
static inline void castaway_get_threshold(unsigned thresholds[3]) {
    thresholds[0] = thresholds[1] = thresholds[2] = 0;
    if (castaway_api_get_threshold)
        castaway_api_get_threshold(thresholds);
}
static inline void castaway_set_threshold(unsigned young, unsigned middle, unsigned old) {
    if (castaway_api_set_threshold)
        castaway_api_set_threshold(young, middle, old);
}

/* What the scans of each generation have come to, since the process began or was forked. */
struct castaway_stats {
    long collections;   /* scans of this generation that were made */
    long found;         /* objects that they found unreachable and no scan before had */
    long uncollectable; /* objects that they confirmed: findings. castaway frees nothing */
};
static inline void castaway_get_stats(struct castaway_stats stats[3]) {
    long numbers[3][3] = {{0}};
    if (castaway_api_get_stats)
        castaway_api_get_stats(numbers);
    for (int i = 0; i < 3; i++) {
        stats[i].collections = numbers[i][0];
        stats[i].found = numbers[i][1];
        stats[i].uncollectable = numbers[i][2];
    }
}

/* What lives now counts as reachable from here on, with all that it leads to: no scan reports it, not that of the end
 * either. castaway_unfreeze() takes that back.
 * returns  0; -1: other threads could not be stopped for a moment, and nothing has changed */
static inline int castaway_freeze(void) {
    return castaway_api_freeze ? castaway_api_freeze() : 0;
}
static inline void castaway_unfreeze(void) {
    if (castaway_api_unfreeze)
        castaway_api_unfreeze();
}
/* How many of the frozen objects still live. */
static inline long castaway_get_freeze_count(void) {
    return castaway_api_get_freeze_count ? castaway_api_get_freeze_count() : 0;
}

/* A scan that has ended. Later versions may append to it. */
struct castaway_scan {
    long number; /* from 1 */
    int generation;
    long found, uncollectable; /* as in struct castaway_stats, of this scan */
    long lost;                 /* objects that count as lost now: those of all findings */
    long pause_us, scan_us;    /* how long the program stood; how long the search took beside it */
};

/* Call callback(scan, context) after each scan from now on. It is called in the program: at the end of an allocation that
 * the program's own code asks for (never libc, whose locks might be held), on the thread that does; or before
 * castaway_collect(), castaway_check() or castaway_scope_end() return. So it may do all that the program may do where it
 * allocates, and must take no lock that is held there. One call at a time; a scan asked for in a callback is not made (-1).
 * Of scans that end faster than there is an occasion to tell, the first 16 are told. The scan of the end is told by nobody.
 *
 * returns  0; -1: 8 callbacks are there already. 0 without castaway */
static inline int castaway_on_scan(castaway_scan_cb *callback, void *context) {
    return castaway_api_on_scan ? castaway_api_on_scan(callback, context) : 0;
}
/* Takes back one such call with the same arguments. A call of it that another thread is in may still be under way. */
static inline void castaway_off_scan(castaway_scan_cb *callback, void *context) {
    if (castaway_api_off_scan)
        castaway_api_off_scan(callback, context);
}

#ifdef __cplusplus
}
#endif
#endif
