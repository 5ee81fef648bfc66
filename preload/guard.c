/* guard.c - see the header.
 *
 * Owns:    where to go on after a crash; the handlers of the signals that tell of one, meanwhile.
 * Never:   keeps a signal that somebody else sent.
 * Runs in: the end of the process.
 * Start:   guard_run(). */
#include "guard.h"

#include <signal.h>
#include <stddef.h>

#include "sys.h"

enum { CRASHES = 4, KERNEL_SET_BYTES = 8 };
static const int NUMBERS[CRASHES] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};

static void *way_out[5];  /* as many words as the compiler's built-in functions take */
static volatile int sent; /* the signal that ended the work, if no crash raised it */

static void leave(int number, siginfo_t *info, void *context) {
    (void)context;
    sent = info->si_code > 0 ? 0 : number;
    __builtin_longjmp(way_out, 1);
}

/* A frame of its own, because what stands in registers when the jump comes is lost. A signal may be waiting already. */
static __attribute__((noinline)) int run(int (*work)(void *), void *argument, unsigned long crashes) {
    if (__builtin_setjmp(way_out))
        return GUARD_CRASHED;
    sys(SYS_rt_sigprocmask, SIG_UNBLOCK, &crashes, 0, KERNEL_SET_BYTES);
    return work(argument);
}

int guard_run(int (*work)(void *argument), void *argument) {
    const struct kernel_sigaction action = {leave, SA_SIGINFO | KERNEL_RESTORER, (void (*)(void))leave, 0};
    struct kernel_sigaction before[CRASHES];
    unsigned long crashes = 0, mask = 0;
    for (size_t i = 0; i < CRASHES; i++) {
        sys(SYS_rt_sigaction, NUMBERS[i], &action, &before[i], KERNEL_SET_BYTES);
        crashes |= 1ul << (NUMBERS[i] - 1);
    }
    sys(SYS_rt_sigprocmask, SIG_SETMASK, 0, &mask, KERNEL_SET_BYTES);
    int result = run(work, argument, crashes);
    sys(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, KERNEL_SET_BYTES);
    for (size_t i = 0; i < CRASHES; i++)
        sys(SYS_rt_sigaction, NUMBERS[i], &before[i], 0, KERNEL_SET_BYTES);
    if (result == GUARD_CRASHED && sent)
        sys(SYS_tgkill, sys(SYS_getpid, 0), sys(SYS_gettid, 0), sent);
    return result;
}
