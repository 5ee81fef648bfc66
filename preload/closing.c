/* closing.c - a program that closes all descriptors it does not know closes none of ours.
 *
 * Our numbers fail as they would without us: nothing is open there. A descriptor that the program puts on one of them
 * itself (dup2) is its own from then on.
 *
 * Owns:    nothing.
 * Never:   closes one of ours, or another than the program asked for.
 * Start:   close_range(). Source: close(2), close_range(2), closefrom(3). */
#include <errno.h>
#include <linux/close_range.h>

#include "closing.h"
#include "descriptor.h"
#include "hooks.h"
#include "next.h"
#include "sys.h"

EXPORT int close(int file) {
    next_find();
    if (descriptor_is_kept(file)) {
        errno = EBADF;
        return -1;
    }
    return next.close(file);
}

/* The ranges between ours, one after the other, until one fails. */
long closing_range(unsigned first, unsigned last, unsigned flags) {
    long result = 0;
    if (flags & CLOSE_RANGE_CLOEXEC || first > last) /* ours are so already; no range at all is an error */
        return sys(SYS_close_range, first, last, flags);
    for (int kept; !result && first <= last && (kept = descriptor_kept_from(first, last)) >= 0;
         first = (unsigned)kept + 1)
        if ((unsigned)kept > first)
            result = sys(SYS_close_range, first, kept - 1, flags);
    return result || first > last ? result : sys(SYS_close_range, first, last, flags);
}

EXPORT int close_range(unsigned first, unsigned last, int flags) {
    next_find();
    long result = closing_range(first, last, (unsigned)flags);
    if (!sys_failed(result))
        return 0;
    errno = (int)-result;
    return -1;
}

EXPORT void closefrom(int first) {
    next_find();
    if (sys_failed(closing_range(first < 0 ? 0 : (unsigned)first, ~0u, 0)))
        next.closefrom(first); /* a kernel without that call */
}
