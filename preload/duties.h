/* duties.h - what hooks do beside recording, or instead of it. */
#ifndef CASTAWAY_PRELOAD_DUTIES_H
#define CASTAWAY_PRELOAD_DUTIES_H

#include <stdatomic.h>

#include "arch.h"

/* Most programs have none while they run, and hooks look at all of them at once. One that came stays, but DUTY_NOTHING. */
enum duty {
    DUTY_PROFILE = 1,         /* profile.c counts */
    DUTY_SHARED_GRANULES = 2, /* several objects may lie inside 16 bytes: slots may have two writers */
    DUTY_REFS = 4,            /* some object has a history */
    DUTY_POOLS = 8,           /* some pool was announced */
    DUTY_DISABLED = 16,       /* some thread's objects were to be ignored for a while (api.h) */
    DUTY_NOTHING = 32,        /* recording has not begun, or is over (hooks.h) */
};
HIDDEN extern _Atomic unsigned duties; /* bits */

static inline int duty_is_on(enum duty duty) {
    return __builtin_expect(atomic_load_explicit(&duties, memory_order_relaxed) & duty, 0) != 0;
}
static inline void duty_add(enum duty duty) {
    if (!duty_is_on(duty))
        atomic_fetch_or_explicit(&duties, duty, memory_order_relaxed);
}

#endif
