/* locked.c - mlockall, which locks what we have and map later as well.
 *
 * There is a limit on locked memory, and the program shall have all of it: ours is unlocked as soon as it was locked. Where
 * mlockall itself is refused for what we have, that is given back.
 *
 * Owns:    whether memory to come is locked.
 * Never:   unlocks memory of the program's.
 * Start:   mlockall(). Source: mlockall(2). */
#include "locked.h"

#include <errno.h>
#include <sys/mman.h>

#include "give_way.h"
#include "hooks.h"
#include "init.h"
#include "next.h"
#include "pages.h"
#include "rights.h"
#include "sys.h"

_Atomic int locked_always;

void locked_release(void *memory, size_t bytes) {
    if (locked_always && rights_may_call(SYS_munlock))
        sys(SYS_munlock, memory, bytes);
}

static void release_all(void) {
    size_t count;
    const struct range *own = pages_ranges(&count), *module = &process.facts.castaway;
    for (size_t i = 0; i < count; i++)
        if (own[i].hi > own[i].lo)
            sys(SYS_munlock, own[i].lo, own[i].hi - own[i].lo);
    sys(SYS_munlock, module->lo, module->hi - module->lo);
}

EXPORT int mlockall(int flags) {
    next_find();
    int before = locked_always;
    locked_always = 1; /* or so it is about to be */
    pages_save_space();
    give_way_start();
    int result = next.mlockall(flags);
    if (result != 0 && errno == ENOMEM) {
        give_way_now();
        result = next.mlockall(flags);
    }
    locked_always = result == 0 ? (flags & MCL_FUTURE) != 0 : before;
    if (result == 0 && rights_may_call(SYS_munlock))
        release_all();
    return result;
}

EXPORT int munlockall(void) {
    next_find();
    locked_always = 0;
    return next.munlockall();
}
