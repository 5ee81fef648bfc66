/* deepbind.c - see the header.
 *
 * A module that is opened with RTLD_DEEPBIND takes malloc and free from libc, which it depends on: what it allocates would
 * not be seen, and what it frees for the program would stay in our books. So its imports are rebound (bind.c).
 *
 * Owns:    nothing: the imports are bind.c's.
 * Never:   leads a program with an allocator of its own to ours.
 * Start:   deepbind_start(). Source: dlopen(3), RTLD_DEEPBIND. */
#include "deepbind.h"

#include "bind.h"
#include "init.h"
#include "next.h"

#define X(result, name, parameters) extern result name parameters;
NEXT_FUNCTIONS(X)
#undef X

void deepbind_start(void) {
    if (process.own_malloc) /* a program with an allocator of its own has its reasons */
        return;
#define X(result, name, parameters) bind_replace(#name, (void *)name, (void *)next.name);
    NEXT_FUNCTIONS(X)
#undef X
    bind_start_later();
}
