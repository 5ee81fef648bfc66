/* beside.c - see the header.
 *
 * Owns:    the child's stack, kept for the next one, and its handlers.
 * Never:   copies the memory; leaves a core of it.
 * Start:   beside_run().
 * Source:  clone(2), CLONE_VM and CLONE_VFORK */
#include "beside.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/wait.h>

#include "arch.h"
#include "limits.h"
#include "pages.h"
#include "sys.h"
#include "usage.h"

enum { STACK_BYTES = 256 << 10 };

struct beside {
    void (*work)(void *argument);
    void *argument;
};

static void end(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    (void)context;
    sys(SYS_exit_group, BESIDE_FAILED);
}

/* A signal that ends it may end all who have its memory, for a core of that (Linux before 5.16). Its handlers are its own,
 * and never return. */
static void end_at_crash(void) {
    static const int CRASHES[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    const struct kernel_sigaction action = {end, KERNEL_RESTORER, (void (*)(void))end, 0};
    unsigned long signals = 0;
    for (size_t i = 0; i < sizeof CRASHES / sizeof CRASHES[0]; i++) {
        sys(SYS_rt_sigaction, CRASHES[i], &action, 0, 8);
        signals |= 1ul << (CRASHES[i] - 1);
    }
    sys(SYS_rt_sigprocmask, SIG_UNBLOCK, &signals, 0, 8);
}

static void begin(void *argument) {
    const struct beside *beside = argument;
    end_at_crash();
    beside->work(beside->argument);
}

static char *_Atomic spare_stack;

static char *stack_take(void) {
    char *stack = atomic_exchange(&spare_stack, NULL);
    return stack ? stack : pages_alloc(STACK_BYTES);
}

static long child_make(char *stack, struct beside *beside) {
    enum { FLAGS = CLONE_VM | CLONE_VFORK };
    struct limit_lifted limit;
    long child = arch_clone_thread(FLAGS, stack + STACK_BYTES, NULL, begin, beside);
    if (child != -EAGAIN || !limit_lift_processes(&limit))
        return child;
    child = arch_clone_thread(FLAGS, stack + STACK_BYTES, NULL, begin, beside);
    limit_drop_processes(&limit);
    return child;
}

/* Without CLONE_VFORK the child would not have the alternate signal stack, which is a root. A signal for the whole process
 * group must not run the program's handler there. */
int beside_run(void (*work)(void *argument), void *argument) {
    struct beside beside = {work, argument};
    char *stack = stack_take();
    unsigned long all = ~0ul, before = 0;
    int status = 0;
    if (!stack)
        return BESIDE_FAILED;
    sys(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, 8);
    long child = child_make(stack, &beside);
    sys(SYS_rt_sigprocmask, SIG_SETMASK, &before, 0, 8);
    while (!sys_failed(child) && usage_wait(child, &status, __WALL) == -EINTR) {
    }
    atomic_store(&spare_stack, stack);
    if (sys_failed(child))
        return BESIDE_FAILED;
    return WIFEXITED(status) && WEXITSTATUS(status) != (BESIDE_FAILED & 0xff) ? WEXITSTATUS(status) : BESIDE_FAILED;
}
