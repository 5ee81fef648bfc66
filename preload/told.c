/* told.c - see the header; castaway_on_scan() says what is promised.
 *
 * The end of a scan is seen in a signal handler. It is noted there in a ring, and told by a thread that is at a place where
 * the program could call anything itself.
 *
 * Owns:    the functions, the ring of scans that were not told yet.
 * Never:   calls the program from a signal handler, or below libc's allocations: their locks would be waited for.
 * Start:   told_call(). */
#include "told.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "lock.h"
#include "thread.h"

enum { CALLBACKS_MAX = 8, RING = 16 };

struct callback {
    castaway_scan_cb *function;
    void *context;
};
static struct callback callbacks[CALLBACKS_MAX];
static size_t callback_count;

static struct castaway_scan ring[RING];
static _Atomic unsigned noted, told; /* ever */
static _Atomic uintptr_t calling;    /* thread pointer of the thread that calls; 0: none */

int told_add(castaway_scan_cb *callback, void *context) {
    int error = -1;
    thread_busy++;
    lock_take(LOCK_NAMES);
    if (callback && callback_count < CALLBACKS_MAX) {
        callbacks[callback_count++] = (struct callback){callback, context};
        error = 0;
    }
    lock_release(LOCK_NAMES);
    thread_busy--;
    return error;
}

void told_remove(castaway_scan_cb *callback, void *context) {
    thread_busy++;
    lock_take(LOCK_NAMES);
    for (size_t i = 0; i < callback_count; i++)
        if (callbacks[i].function == callback && callbacks[i].context == context) {
            callback_count--;
            memmove(&callbacks[i], &callbacks[i + 1], (callback_count - i) * sizeof callbacks[i]);
            break;
        }
    lock_release(LOCK_NAMES);
    thread_busy--;
}

static size_t copy_callbacks(struct callback out[CALLBACKS_MAX]) {
    thread_busy++;
    lock_take(LOCK_NAMES);
    size_t count = callback_count;
    memcpy(out, callbacks, sizeof callbacks);
    lock_release(LOCK_NAMES);
    thread_busy--;
    return count;
}

int told_note(const struct castaway_scan *scan) {
    if (!callback_count)
        return 0;
    if (noted - told < RING) {
        ring[noted % RING] = *scan;
        noted++;
    }
    return 1;
}

static const struct link_map *module_of(uintptr_t address) {
    struct dl_find_object found;
    return _dl_find_object((void *)address, &found) == 0 ? found.dlfo_link_map : NULL;
}

/* libc, or the loader: who allocates there may hold locks. */
static int is_of_libc(uintptr_t address) {
    const struct link_map *module = address ? module_of(address) : NULL;
    return module && (module == module_of((uintptr_t)fflush) || module == module_of((uintptr_t)_dl_find_object));
}

static void call_all(const struct castaway_scan *scan) {
    struct callback list[CALLBACKS_MAX];
    size_t count = copy_callbacks(list);
    for (size_t i = 0; i < count; i++)
        list[i].function(scan, list[i].context);
}

int told_call(uintptr_t from) {
    uintptr_t nobody = 0;
    int error = errno;
    if (is_of_libc(from))
        return 0;
    if (!atomic_compare_exchange_strong(&calling, &nobody, arch_own_thread_pointer()))
        return 1;
    for (unsigned end = noted; told != end; told++) {
        struct castaway_scan scan = ring[told % RING];
        call_all(&scan);
    }
    atomic_store(&calling, 0);
    errno = error;
    return noted == told;
}

int told_is_calling(void) {
    return calling && calling == arch_own_thread_pointer();
}

void told_after_fork(void) {
    told = noted;
    if (!told_is_calling())
        calling = 0;
}
