/* children.c - a program that waits for children of every kind does not meet ours.
 *
 * Snapshot children send no signal at their end, so that no ordinary wait sees them. One with __WALL or __WCLONE does:
 * debuggers wait so, and others that know of threads as processes.
 *
 * Owns:    nothing.
 * Never:   waits for one of ours by itself: live.c takes ECHILD for its end, too.
 * Start:   wait4(). Source: waitpid(2), "Linux notes". */
#include <sys/resource.h>
#include <sys/wait.h>

#include "hooks.h"
#include "live.h"
#include "next.h"
#include "sys.h"
#include "usage.h"

static int sees_ours(int options) {
    return (options & (__WALL | __WCLONE)) != 0 && live_is_on();
}

EXPORT pid_t wait4(pid_t which, int *status, int options, struct rusage *usage) {
    next_find();
    int before = status && sees_ours(options) ? *status : 0;
    struct rusage own;
    if (!usage && sees_ours(options))
        usage = &own;
    pid_t child = next.wait4(which, status, options, usage);
    while (child > 0 && sees_ours(options) && live_is_child(child)) {
        usage_note(usage);
        if (status)
            *status = before;
        child = next.wait4(which, status, options, usage);
    }
    return child;
}
EXPORT pid_t waitpid(pid_t which, int *status, int options) {
    return wait4(which, status, options, NULL);
}
EXPORT pid_t wait3(int *status, int options, struct rusage *usage) {
    return wait4(-1, status, options, usage);
}

/* One that is only looked at would be there the next time. */
EXPORT int waitid(idtype_t type, id_t which, siginfo_t *info, int options) {
    next_find();
    int error = next.waitid(type, which, info, options);
    while (error == 0 && info && sees_ours(options) && live_is_child(info->si_pid)) {
        sys(SYS_wait4, info->si_pid, 0, __WALL | WNOHANG, 0);
        *info = (siginfo_t){.si_signo = 0};
        error = next.waitid(type, which, info, options);
    }
    return error;
}
