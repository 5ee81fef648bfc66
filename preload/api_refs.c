/* api_refs.c - castaway.h's reference counts, as exported functions.
 *
 * Owns:    nothing.
 * Never:   puts a call between: ARCH_CALLER() means the caller of the function that it stands in, the program.
 * Start:   castaway_api_ref(). */
#include "hooks.h"
#include "refs.h"
#include "weak.h"

EXPORT void castaway_api_ref(const void *object);
EXPORT void castaway_api_unref(const void *object);
EXPORT void castaway_api_weak(const void *slot);
EXPORT void castaway_api_unweak(const void *slot);
EXPORT void castaway_api_finalizer(const void *object, const char *name);
EXPORT void castaway_api_type(const void *object, const char *name);

void castaway_api_ref(const void *object) {
    refs_change((uintptr_t)object, REFS_TAKE, COUNT_HOOK, ARCH_CALLER());
}
void castaway_api_unref(const void *object) {
    refs_change((uintptr_t)object, REFS_GIVE, COUNT_HOOK, ARCH_CALLER());
}
void castaway_api_weak(const void *slot) {
    weak_add((uintptr_t)slot, ARCH_CALLER());
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
