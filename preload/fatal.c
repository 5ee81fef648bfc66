/* fatal.c - a signal that ends the process finds the scan made before it does.
 *
 * Where a signal's disposition is the default and the default ends the process, a handler of ours stands. It makes the
 * scan, puts the default back and sends itself the same signal with the same information, which arrives as the handler
 * returns: so the status, the core and its registers are those of the signal as it came. The program's own handlers are
 * never touched: they come first, and ours stands again as soon as they put the default back.
 *
 * The program never sees ours: sigaction() and its kin are interposed and show the default in its place. exec resets
 * handlers by itself; process 1 keeps its defaults, since the kernel shields it from them.
 * abort() is interposed because libc would put the default back behind our back when a handler of the program returns.
 *
 * Owns:    the handlers of fatal signals, what the program asked for in their place.
 * Never:   changes a disposition other than the default.
 * Start:   on_fatal(), fatal_init(). */
#include "fatal.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "hooks.h"
#include "init.h"
#include "interrupt.h"
#include "let_in.h"
#include "live.h"
#include "next.h"
#include "sys.h"

enum { SIGNALS = 65, KERNEL_SET_BYTES = 8, INIT_PID = 1 };

/* Signals whose default does not end the process, or that can't be handled, or that libc keeps for itself. */
#define BIT(signal) (1ul << ((signal)-1))
#define HARMLESS                                                                                                       \
    (BIT(SIGCHLD) | BIT(SIGURG) | BIT(SIGWINCH) | BIT(SIGCONT) | BIT(SIGSTOP) | BIT(SIGTSTP) | BIT(SIGTTIN) |          \
     BIT(SIGTTOU) | BIT(SIGKILL) | BIT(32) | BIT(33))

static int is_fatal(int signal) {
    return signal > 0 && signal < SIGNALS && !(HARMLESS & BIT(signal));
}

static int standing;                         /* handlers may be put in place */
static struct sigaction by_default[SIGNALS]; /* what the program asked for where ours stands; handler SIG_DFL */
static struct sigaction once[SIGNALS];       /* the program's handler that is to run once (SA_RESETHAND) */

/* The first word of a set is all that the kernel knows. */
static void mask_set(sigset_t *set, unsigned long bits) {
    memset(set, 0, sizeof *set);
    memcpy(set, &bits, sizeof bits);
}

/* ---- dying ---- */

/* The default, and the same signal again: it arrives when the handler returns and the mask is as it was. */
static void send_again(int signal, siginfo_t *info) {
    struct kernel_sigaction action = {.handler = NULL};
    int pid = (int)sys(SYS_getpid, 0), tid = (int)sys(SYS_gettid, 0);
    sys(SYS_rt_sigaction, signal, &action, NULL, KERNEL_SET_BYTES);
    if (sys_failed(sys(SYS_rt_tgsigqueueinfo, pid, tid, signal, info)))
        sys(SYS_tgkill, pid, tid, signal);
}

static void on_fatal(int signal, siginfo_t *info, void *context) {
    int error = errno;
    exit_scan_signal(signal, context);
    send_again(signal, info);
    errno = error;
}

static void stand(int signal, const struct sigaction *asked) {
    struct sigaction ours = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    mask_set(&ours.sa_mask, ~(BIT(32) | BIT(33))); /* libc's, and with it our stop signal, must get through */
    by_default[signal] = *asked;
    next.sigaction(signal, &ours, NULL);
}

/* A handler that is to run once: what comes after it is the default, so ours. */
static void on_once(int signal, siginfo_t *info, void *context) {
    struct sigaction program = once[signal], by = {.sa_handler = SIG_DFL};
    stand(signal, &by);
    if (program.sa_flags & SA_SIGINFO)
        program.sa_sigaction(signal, info, context);
    else
        program.sa_handler(signal);
}

/* ---- what the program sees ---- */

static int is_ours(const struct sigaction *action, void (*handler)(int, siginfo_t *, void *)) {
    return action->sa_flags & SA_SIGINFO && action->sa_sigaction == handler;
}

static void show(int signal, struct sigaction *action) {
    if (is_ours(action, on_fatal))
        *action = by_default[signal];
    else if (is_ours(action, on_once))
        *action = once[signal];
}

static int set(int signal, const struct sigaction *action) {
    if (action->sa_handler == SIG_DFL) {
        stand(signal, action);
        return 0;
    }
    struct sigaction changed = *action;
    if (action->sa_handler != SIG_IGN && action->sa_flags & SA_RESETHAND) {
        once[signal] = *action;
        changed.sa_sigaction = on_once;
        changed.sa_flags = (action->sa_flags & ~SA_RESETHAND) | SA_SIGINFO;
    }
    return next.sigaction(signal, &changed, NULL);
}

static int set_harmless(int signal, const struct sigaction *action, struct sigaction *old) {
    if (!action || !live_is_on() || !interrupt_is_harmless(signal))
        return next.sigaction(signal, action, old);
    interrupt_expect(signal);
    int error = next.sigaction(signal, action, old);
    interrupt_expected(signal);
    return error;
}

EXPORT int sigaction(int signal, const struct sigaction *action, struct sigaction *old) {
    next_find();
    if (action && action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN)
        let_in_expect();
    if (!standing || !is_fatal(signal))
        return set_harmless(signal, action, old);
    struct sigaction before, wanted;
    if (action)
        wanted = *action; /* `old` may be the same place */
    int error = next.sigaction(signal, NULL, &before);
    if (error == 0 && action)
        error = set(signal, &wanted);
    if (error == 0 && old) {
        show(signal, &before);
        *old = before;
    }
    return error;
}

/* ---- older ways to the same ---- */

static unsigned long interrupting; /* signals whose handlers break off system calls: siginterrupt() */

static sighandler_t set_handler(int number, sighandler_t handler, int flags, unsigned long mask) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags}, old;
    if (handler == SIG_ERR || number < 1 || number >= SIGNALS) {
        errno = EINVAL;
        return SIG_ERR;
    }
    mask_set(&action.sa_mask, mask);
    return sigaction(number, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

EXPORT sighandler_t signal(int number, sighandler_t handler) {
    unsigned long bit = number > 0 && number < SIGNALS ? BIT(number) : 0;
    return set_handler(number, handler, interrupting & bit ? 0 : SA_RESTART, bit);
}
EXPORT sighandler_t bsd_signal(int number, sighandler_t handler);
EXPORT sighandler_t bsd_signal(int number, sighandler_t handler) {
    return signal(number, handler);
}
EXPORT sighandler_t ssignal(int number, sighandler_t handler) {
    return signal(number, handler);
}

EXPORT sighandler_t sysv_signal(int number, sighandler_t handler);
EXPORT sighandler_t sysv_signal(int number, sighandler_t handler) {
    return set_handler(number, handler, (int)SA_RESETHAND | SA_NODEFER, 0);
}
EXPORT sighandler_t __sysv_signal(int number, sighandler_t handler) {
    return sysv_signal(number, handler);
}

EXPORT int siginterrupt(int number, int interrupt) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) != 0)
        return -1;
    interrupting = interrupt ? interrupting | BIT(number) : interrupting & ~BIT(number);
    action.sa_flags = interrupt ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
    return sigaction(number, &action, NULL);
}

static int change_mask(int how, int number) {
    unsigned long bit = BIT(number), before = 0;
    sys(SYS_rt_sigprocmask, how, &bit, &before, KERNEL_SET_BYTES);
    return (before & bit) != 0;
}

EXPORT sighandler_t sigset(int number, sighandler_t disposition) {
    struct sigaction old;
    if (sigaction(number, NULL, &old) != 0)
        return SIG_ERR;
    if (disposition == SIG_HOLD)
        return change_mask(SIG_BLOCK, number) ? SIG_HOLD : old.sa_handler;
    if (set_handler(number, disposition, 0, 0) == SIG_ERR)
        return SIG_ERR;
    return change_mask(SIG_UNBLOCK, number) ? SIG_HOLD : old.sa_handler;
}

/* libc's own undoes any handler before it ends the process: ours is put in place between the program's handler and that. */
EXPORT void abort(void) {
    struct sigaction program, by = {.sa_handler = SIG_DFL};
    next_find();
    if (standing && next.sigaction(SIGABRT, NULL, &program) == 0 && !is_ours(&program, on_fatal)) {
        if (program.sa_handler != SIG_IGN) {
            change_mask(SIG_UNBLOCK, SIGABRT);
            sys(SYS_tgkill, sys(SYS_getpid, 0), sys(SYS_gettid, 0), SIGABRT);
        }
        stand(SIGABRT, &by);
    }
    next.abort();
    __builtin_unreachable();
}

void fatal_init(void) {
    if (!next.sigaction || process.pid == INIT_PID)
        return;
    for (int number = 1; number < SIGNALS; number++) {
        struct sigaction action;
        if (is_fatal(number) && next.sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
            stand(number, &action);
    }
    standing = 1;
}

void fatal_end(void) {
    standing = 0;
    for (int number = 1; number < SIGNALS; number++) {
        struct sigaction action;
        if (!is_fatal(number) || next.sigaction(number, NULL, &action) != 0)
            continue;
        struct sigaction shown = action;
        show(number, &shown);
        if (is_ours(&action, on_fatal) || is_ours(&action, on_once))
            next.sigaction(number, &shown, NULL);
    }
}
