/* bind.h - calls from one module to another are led through our stubs, in modules opened later too. */
#ifndef CASTAWAY_PRELOAD_BIND_H
#define CASTAWAY_PRELOAD_BIND_H

#include <link.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/reason.h"
#include "arch.h"
#include "thread.h"

/* What became of a name. */
enum bind_state {
    BIND_UNKNOWN,     /* no module needed it */
    BIND_BOUND,       /* calls of it are seen */
    BIND_NO_FUNCTION, /* it names data, or a function that the loader chooses at run time */
    BIND_NO_ROOM,     /* more names than there are stubs, or a machine without any */
    BIND_READ_ONLY    /* the kernel would not let us write where the loader had written */
};

/* Calls of `name` are to be led through a stub for `rule`, from bind_start() on. `name` stays the caller's.
 * patch    calls inside its own library too, by changing its first instructions where that is safe (patch.h)
 * returns  0, or -1: no memory, or the name has a rule already. context: cold */
struct bind_rule {
    uint32_t rule;
    int wants_result, patch;
};
int bind_name(const char *name, struct bind_rule rule);

/* Look at all modules, and from now on at every new one. context: cold, after libc has started */
void bind_start(void);

/* Imports of `name` that lead to `real` are to lead to `ours`, in modules that are opened from bind_start_later() on. That
 * does nothing after bind_start(), which looks at them all. context: cold */
void bind_replace(const char *name, void *ours, void *real);
void bind_start_later(void);

/* Has a module come that was not looked at? Cheap enough for every allocation; bind_look() then looks.
 * context: hook, busy, no lock held */
HIDDEN extern const struct link_map *bind_last;
static inline int bind_is_due(void) {
    return __builtin_expect(bind_last->l_next != NULL, 0);
}
void bind_look(void);

/* Both, for calls of the program's that may come before its next allocation. context: hook, no lock held */
static inline void bind_catch_up(void) {
    if (!bind_is_due() || thread_busy)
        return;
    thread_busy++;
    bind_look();
    thread_busy--;
}

/* Around the real dlclose: no module is looked at while one may be unmapped. context: the program's call, busy */
void bind_close_begins(void);
void bind_close_ends(void);
void bind_after_fork(void); /* other threads' closes have no end */

enum bind_state bind_state(const char *name);
/* Why calls inside its library are not seen; REASON_NONE: not asked, or they are. */
enum reason bind_not_patched(const char *name);
/* Does any module define it? context: threads stopped */
int bind_is_defined(const char *name);

#endif
