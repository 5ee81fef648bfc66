/* hooks.h - what every interposed function does besides calling the real one. */
#ifndef CASTAWAY_PRELOAD_HOOKS_H
#define CASTAWAY_PRELOAD_HOOKS_H

#include "arch.h"
#include "duties.h"

#define EXPORT __attribute__((visibility("default")))

/* From when recording starts until it is over (seccomp.c, give_way.c, init.c). */
static inline int hook_is_recording(void) {
    return __builtin_expect(!(atomic_load_explicit(&duties, memory_order_relaxed) & DUTY_NOTHING), 1);
}
void hook_recording_begins(void);
void hook_recording_ends(void);

/* `address` was just handed out. context: hook; keeps errno */
void hook_made(void *address, size_t size_bytes, const struct caller *caller);
/* Bytes that an operator new was asked for, while it calls an aligned allocation: it rounds them up to a multiple of the
 * alignment. Taken, and then 0, when that is recorded. */
extern __thread size_t hook_asked;
/* The same of a pool's object: the allocator does not know the address. */
void hook_made_in_pool(void *address, size_t size_bytes, const struct caller *caller);
/* `address` is about to be freed. */
void hook_free(void *address);
/* Record `address` unless the real function has passed through another of our hooks and is recorded already. */
void hook_made_once(void *address, size_t size_bytes, const struct caller *caller);

/* A call that leaves our books ends: what could not be done in the middle of it is done now. context: hook, busy; not so
 * afterwards. pc: return address of an allocation, else 0 */
void hook_ends(uintptr_t pc);

/* The stack above `caller`, as an id (site.h). context: hook, busy, thread_self made */
uint32_t hook_site(const struct caller *caller);

uint64_t hook_without_stack(void); /* objects recorded by a signal handler that interrupted a hook: no stack taken */

#endif
