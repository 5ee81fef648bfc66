/* interrupt.c - signal 33 and its handler.
 *
 * glibc keeps SIGSETXID (33) for itself: its own sigprocmask, sigaction and sigfillset leave that signal alone, so every
 * thread receives it and no program handles it. glibc's own uses are handed on. The handler stands there while threads
 * are stopped (stop.c) and, in a process that scans while it runs (live.c), all the time; glibc puts its own in our place
 * when it makes the first thread, so behind each pthread_create() it is installed again.
 *
 * A system call that the kernel broke off with EINTR because of our signal is taken up again, with the time that was left
 * to it: a wait must end when it would have ended without us.
 *
 * Owns:    the handler of that signal, and what stood there before.
 * Never:   uses libc, or TLS of threads that glibc did not make.
 * Start:   on_signal(), then hide(). */
#include "interrupt.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

#include "altstack.h"
#include "arch.h"
#include "clock.h"
#include "give_way.h"
#include "hooks.h"
#include "let_in.h"
#include "live.h"
#include "next.h"
#include "rights.h"
#include "stop.h"
#include "sys.h"
#include "thread.h"

#define BIT(signal) (1ul << ((signal)-1))
enum { FIRST_QUEUED_SIGNAL = 32 };
static struct kernel_sigaction program_action; /* what stood there before */

static struct kernel_sigaction action_of(int signal) {
    struct kernel_sigaction action = {.handler = NULL};
    sys(SYS_rt_sigaction, signal, 0, &action, 8);
    return action;
}
static int is_handled(int signal) {
    struct kernel_sigaction action = action_of(signal);
    return action.handler && (uintptr_t)action.handler != (uintptr_t)SIG_IGN;
}

#if defined(__x86_64__)
/* castaway_resume(mask): let the program's signals in again and go on with the system call that was broken off, by the
 * kernel's own restart_syscall, which knows the time left. Should our signal break it off once more, the handler goes
 * back to castaway_resume_again on the frame at hand, not through the kernel's signal return, which would forget the
 * call; so a thread that sleeps through a thousand scans has one frame of ours on its stack, not a thousand. */
__asm__(".text\n"
        ".type castaway_restore, @function\n"
        "castaway_restore:\n"
        "mov $15, %rax\n"
        "syscall\n"
        ".size castaway_restore, .-castaway_restore\n"
        ".type castaway_resume, @function\n"
        "castaway_resume:\n"
        ".cfi_startproc\n"
        "push %rbx\n"
        ".cfi_def_cfa_offset 16\n"
        ".cfi_offset %rbx, -16\n"
        "mov %rdi, %rbx\n"
        "castaway_resume_again:\n"
        "mov $14, %eax\n" /* rt_sigprocmask */
        "mov $2, %edi\n"  /* SIG_SETMASK */
        "mov %rbx, %rsi\n"
        "xor %edx, %edx\n"
        "mov $8, %r10d\n"
        "syscall\n"
        "mov $219, %eax\n" /* restart_syscall */
        "syscall\n"
        "castaway_resumed:\n"
        "pop %rbx\n"
        ".cfi_def_cfa_offset 8\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size castaway_resume, .-castaway_resume\n");
extern void castaway_restore(void) __attribute__((visibility("hidden")));
extern long castaway_resume(const void *mask) __attribute__((visibility("hidden")));
extern const char castaway_resume_again[] __attribute__((visibility("hidden")));
extern const char castaway_resumed[] __attribute__((visibility("hidden")));
#define RESTORER castaway_restore
#define RESTORER_FLAG KERNEL_RESTORER

static int was_resuming(const greg_t *registers) {
    uintptr_t pc = (uintptr_t)registers[REG_RIP], again = (uintptr_t)castaway_resume_again;
    uintptr_t end = (uintptr_t)castaway_resumed;
    return pc - again < end - again || (pc == end && registers[REG_RAX] == -EINTR);
}

/* The registers of the program itself: a thread that waits in castaway_resume() stands on frames of ours, and what lies in
 * them is not the program's. The mask that it was called with is part of the first interruption's context. */
static ucontext_t *program_context(ucontext_t *context) {
    const greg_t *registers = context->uc_mcontext.gregs;
    if (!was_resuming(registers))
        return context;
    return (ucontext_t *)((uintptr_t)registers[REG_RBX] - offsetof(ucontext_t, uc_sigmask));
}

static __attribute__((noreturn)) void resume_again(const greg_t *registers) {
    __asm__ volatile("mov %c[bx](%%rax), %%rbx\n\t"
                     "mov %c[bp](%%rax), %%rbp\n\t"
                     "mov %c[r12](%%rax), %%r12\n\t"
                     "mov %c[r13](%%rax), %%r13\n\t"
                     "mov %c[r14](%%rax), %%r14\n\t"
                     "mov %c[r15](%%rax), %%r15\n\t"
                     "mov %c[sp](%%rax), %%rsp\n\t"
                     "jmp castaway_resume_again\n\t"
                     :
                     : "a"(registers), [bx] "i"(REG_RBX * 8), [bp] "i"(REG_RBP * 8), [r12] "i"(REG_R12 * 8),
                       [r13] "i"(REG_R13 * 8), [r14] "i"(REG_R14 * 8), [r15] "i"(REG_R15 * 8), [sp] "i"(REG_RSP * 8)
                     : "memory");
    __builtin_unreachable();
}

/* ---- system calls broken off ---- */

static unsigned long mask_of(const ucontext_t *context) {
    unsigned long blocked;
    __builtin_memcpy(&blocked, &context->uc_sigmask, sizeof blocked);
    return blocked;
}

/* Which handler of the program's will the kernel run when we return? Then the EINTR is the program's own affair.
 * A signal that arrived while all were blocked is kept even when nobody handles it. returns  the signal, 0: none */
static int program_signal(const ucontext_t *context) {
    unsigned long waiting = 0, blocked = mask_of(context);
    sys(SYS_rt_sigpending, &waiting, 8);
    waiting &= ~blocked & ~BIT(INTERRUPT_SIGNAL);
    for (; waiting; waiting &= waiting - 1)
        if (is_handled(__builtin_ctzl(waiting) + 1))
            return __builtin_ctzl(waiting) + 1;
    return 0;
}

/* One for the whole process is waited for by every thread, and handled by the first that returns; the others' waits are none of
 * its affair. So this thread takes it, and sends it to itself. Not those of which several may wait, in their order.
 * returns  0: another thread was first */
static int claim(int signal) {
    struct timespec none = {0};
    siginfo_t info = {.si_signo = 0};
    unsigned long set = BIT(signal);
    if (__libc_single_threaded || rights_filtered || signal >= FIRST_QUEUED_SIGNAL)
        return 1;
    if (sys_failed(sys(SYS_rt_sigtimedwait, &set, &info, &none, 8)))
        return 0;
    sys(SYS_rt_tgsigqueueinfo, sys(SYS_getpid, 0), sys(SYS_gettid, 0), signal, &info);
    return 1;
}

static int takes_signal(const ucontext_t *context) {
    for (int signal; (signal = program_signal(context)) != 0;)
        if (claim(signal))
            return 1;
    return 0;
}

/* How a call is taken up again. */
enum how {
    AGAIN,      /* made again as it was */
    BY_KERNEL,  /* its relative time limit is known to the kernel only, which gives EINTR where a handler has run */
    REST_THERE, /* the kernel left the remaining time where the limit was; what the stop took comes off it */
    REST_MILLISECONDS, /* wait.c knows when it began: the limit is a number, */
    REST_TIMESPEC,     /* or stands in memory, */
    REST_SOCKET,       /* or is the socket's own */
};
struct call {
    int number;
    enum how how;
    int limit; /* register that holds the limit or points to it */
};
/* Any that is not named is made again. */
static const struct call CALLS[] = {
    {SYS_poll, BY_KERNEL, 0},
    {SYS_nanosleep, BY_KERNEL, 0},
    {SYS_clock_nanosleep, BY_KERNEL, 0},
    {SYS_futex, BY_KERNEL, 0},
    {SYS_ppoll, REST_THERE, REG_RDX},
    {SYS_pselect6, REST_THERE, REG_R8},
    {SYS_epoll_wait, REST_MILLISECONDS, REG_R10},
    {SYS_epoll_pwait, REST_MILLISECONDS, REG_R10},
    {SYS_epoll_pwait2, REST_TIMESPEC, REG_R10},
    {SYS_rt_sigtimedwait, REST_TIMESPEC, REG_RDX},
    {SYS_semtimedop, REST_TIMESPEC, REG_R10},
    {SYS_recvfrom, REST_SOCKET, REG_RDI},
    {SYS_recvmsg, REST_SOCKET, REG_RDI},
    {SYS_recvmmsg, REST_SOCKET, REG_RDI},
    {SYS_read, REST_SOCKET, REG_RDI},
    {SYS_readv, REST_SOCKET, REG_RDI},
    {SYS_accept, REST_SOCKET, REG_RDI},
    {SYS_accept4, REST_SOCKET, REG_RDI},
};

/* Calls that the kernel makes again by itself, since our handler asks for that (SA_RESTART): one of them that comes back with
 * EINTR was ended by a handler of the program's that does not. On files it is so where they have no limit in time.
 * Source: signal(7), "Interruption of system calls" */
struct restarted {
    int number;
    int limit; /* the socket's option; 0: of no file */
};
static const struct restarted RESTARTED[] = {
    {SYS_wait4, 0},
    {SYS_waitid, 0},
    {SYS_fcntl, 0},
    {SYS_flock, 0},
    {SYS_read, SO_RCVTIMEO},
    {SYS_readv, SO_RCVTIMEO},
    {SYS_recvfrom, SO_RCVTIMEO},
    {SYS_recvmsg, SO_RCVTIMEO},
    {SYS_accept, SO_RCVTIMEO},
    {SYS_accept4, SO_RCVTIMEO},
    {SYS_write, SO_SNDTIMEO},
    {SYS_writev, SO_SNDTIMEO},
    {SYS_sendto, SO_SNDTIMEO},
    {SYS_sendmsg, SO_SNDTIMEO},
    {SYS_connect, SO_SNDTIMEO},
};

/* Of other files nothing is known. */
static int is_restarted_on(int file, int option) {
    struct timeval limit = {0};
    struct stat status = {.st_mode = 0};
    char modes[128]; /* of a terminal, more than they take */
    unsigned bytes = sizeof limit;
    if (rights_filtered)
        return 0;
    long error = sys(SYS_getsockopt, file, SOL_SOCKET, option, &limit, &bytes);
    if (error != -ENOTSOCK)
        return error == 0 && !limit.tv_sec && !limit.tv_usec;
    sys(SYS_fstat, file, &status);
    return S_ISFIFO(status.st_mode) || (S_ISCHR(status.st_mode) && sys(SYS_ioctl, file, TCGETS, modes) == 0);
}

static int is_restarted(int number, const greg_t *registers) {
    for (size_t i = 0; i < sizeof RESTARTED / sizeof RESTARTED[0]; i++)
        if (RESTARTED[i].number == number)
            return !RESTARTED[i].limit || is_restarted_on((int)registers[REG_RDI], RESTARTED[i].limit);
    return 0;
}

static struct call call_of(int number, const greg_t *registers) {
    enum { TIMER_IS_ABSOLUTE = 1 };
    struct call call = {number, AGAIN, 0};
    for (size_t i = 0; i < sizeof CALLS / sizeof CALLS[0]; i++)
        if (CALLS[i].number == number)
            call = CALLS[i];
    if (number == SYS_clock_nanosleep && registers[REG_RSI] & TIMER_IS_ABSOLUTE)
        call.how = AGAIN;
    if (call.how >= REST_THERE && call.how != REST_MILLISECONDS && call.how != REST_SOCKET && !registers[call.limit])
        call.how = AGAIN; /* no limit */
    if (call.how == REST_MILLISECONDS && (int)registers[call.limit] <= 0)
        call.how = AGAIN;
    return call;
}

/* Length of the instruction that loads a register from the stack, or 0: it is another one. */
static size_t stack_load_bytes(const unsigned char *at) {
    size_t prefix = (*at & 0xf0) == 0x40;
    const unsigned char *modrm = at + prefix + 1;
    if (at[prefix] != 0x8b || (modrm[0] & 7) != 4 || modrm[1] != 0x24)
        return 0;
    return modrm[0] >> 6 == 0 ? prefix + 3 : modrm[0] >> 6 == 1 ? prefix + 4 : 0;
}

/* Do these bytes load a number, or set it to 0 (SYS_read)? returns their length, or 0; `number` receives it. */
static size_t number_load_bytes(const unsigned char *at, int *number) {
    if (at[0] == 0x31 && at[1] == 0xc0) {
        *number = 0;
        return 2;
    }
    __builtin_memcpy(number, at + 1, sizeof *number);
    return at[0] == 0xb8 ? 5 : 0;
}

/* The number of the system call behind which `pc` stands: libc's wrappers load it right before, with nothing but the
 * loading of saved arguments in between. returns -1: not such code. */
static int number_before(const unsigned char *pc) {
    enum { LOADS_BYTES_MAX = 24, LOOKED_AT = 7 + LOADS_BYTES_MAX, PAGE_BYTES = 4096 };
    if ((uintptr_t)pc % PAGE_BYTES < LOOKED_AT && !sys_can_read(pc - LOOKED_AT)) /* the first code of a mapping */
        return -1;
    if (pc[-2] != 0x0f || pc[-1] != 0x05)
        return -1;
    for (const unsigned char *at = pc - 4; at > pc - 7 - LOADS_BYTES_MAX; at--) {
        int number;
        size_t bytes = number_load_bytes(at, &number);
        const unsigned char *behind = at + bytes;
        for (; bytes && behind < pc - 2 && (bytes = stack_load_bytes(behind)) > 0;)
            behind += bytes;
        if (bytes && behind == pc - 2)
            return number;
    }
    return -1;
}

static struct timespec timespec_of(int64_t ns) {
    return (struct timespec){ns / 1000000000, ns % 1000000000};
}

static void shorten(struct timespec *limit, int64_t ns) {
    if (limit->tv_sec >= WAIT_SECONDS_MAX)
        return;
    int64_t left = limit->tv_sec * 1000000000ll + limit->tv_nsec - ns;
    *limit = timespec_of(left > 0 ? left : 0);
}

/* Has the socket's own limit passed? */
static int socket_is_late(int file, int64_t waited_ns) {
    struct timeval limit = {0};
    unsigned bytes = sizeof limit;
    sys(SYS_getsockopt, file, SOL_SOCKET, SO_RCVTIMEO, &limit, &bytes);
    int64_t limit_ns = wait_ns(limit.tv_sec, limit.tv_usec * 1000);
    return limit_ns > 0 && waited_ns >= limit_ns;
}

/* Set the registers so that the call goes on with what is left of its limit.
 * returns  1 to make it again, 0: its result stands in the registers */
static int set_rest(greg_t *registers, struct call call, int64_t since_ns) {
    greg_t *limit = &registers[call.limit];
    struct wait *wait = thread_wait(arch_thread_pointer());
    int64_t waited_ns = wait ? clock_ns() - wait->began_ns : 0;
    int64_t left_ns = wait && waited_ns < wait->limit_ns ? wait->limit_ns - waited_ns : 0;
    switch (call.how) {
    case REST_THERE:
        shorten((struct timespec *)*limit, clock_ns() - since_ns);
        return 1;
    case REST_MILLISECONDS:
        *limit = (left_ns + 999999) / 1000000;
        return wait != NULL;
    case REST_TIMESPEC:
        if (!wait)
            return 0;
        wait->rest = timespec_of(left_ns);
        *limit = (greg_t)&wait->rest;
        return 1;
    case REST_SOCKET:
        if (wait && socket_is_late((int)*limit, waited_ns))
            registers[REG_RAX] = -EAGAIN;
        return registers[REG_RAX] == -EINTR;
    default:
        return 1;
    }
}

/* The kernel has set the thread back before the call, to make it again. But a handler of the program's runs first, that came
 * while ours did: without us it would have met the call, and ended it.
 * Of a call that has not begun rcx tells: the processor leaves there where a call returns to. */
static void end_restarted(ucontext_t *context) {
    greg_t *registers = context->uc_mcontext.gregs;
    const unsigned char *behind = (const unsigned char *)registers[REG_RIP] + 2;
    if (registers[REG_RCX] != (greg_t)behind || number_before(behind) != registers[REG_RAX])
        return;
    int signal = program_signal(context);
    if (!signal || action_of(signal).flags & SA_RESTART || !is_restarted((int)registers[REG_RAX], registers))
        return;
    if (!__libc_single_threaded && (signal >= FIRST_QUEUED_SIGNAL || !claim(signal)))
        return; /* another thread's, or nobody knows whose */
    registers[REG_RAX] = -EINTR;
    registers[REG_RIP] = (greg_t)behind;
}

/* since_ns, mask: when the handler was entered. */
static void hide(ucontext_t *context, int64_t since_ns, unsigned long mask) {
    greg_t *registers = context->uc_mcontext.gregs;
    if (was_resuming(registers))
        resume_again(registers);
    end_restarted(context);
    int is_part = registers[REG_RAX] > 0; /* or all of it: the wrapper knows */
    if (registers[REG_RAX] != -EINTR && !is_part)
        return;
    int number = number_before((const unsigned char *)registers[REG_RIP]);
    if (number < 0 || takes_signal(context) || let_in_has_ended(mask_of(context), mask))
        return;
    if (is_part) {
        thread_note_cut(arch_thread_pointer());
        return;
    }
    struct call call = call_of(number, registers);
    if (call.how == BY_KERNEL)
        registers[REG_RAX] = castaway_resume(&context->uc_sigmask);
    else if (!is_restarted(number, registers) && set_rest(registers, call, since_ns)) {
        registers[REG_RAX] = number;
        registers[REG_RIP] -= 2;
    }
}
#else
#define RESTORER NULL
#define RESTORER_FLAG 0
static ucontext_t *program_context(ucontext_t *context) {
    return context;
}
static void hide(ucontext_t *context, int64_t since_ns, unsigned long mask) {
    (void)context;
    (void)since_ns;
    (void)mask;
}
#endif

/* ---- the handler ---- */

/* That the new thread asks for. Source: pthread_create(3), where the attributes are NULL */
static size_t stack_bytes(const pthread_attr_t *attributes) {
    enum { USUAL_BYTES = 8 << 20 };
    struct rlimit limit = {0};
    size_t bytes = 0;
    if (attributes && pthread_attr_getstacksize(attributes, &bytes) == 0)
        return bytes;
    sys(SYS_prlimit64, 0, RLIMIT_STACK, 0, &limit);
    return limit.rlim_cur == RLIM_INFINITY ? USUAL_BYTES : limit.rlim_cur;
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    next_find();
    int error = next.pthread_create(thread, attributes, run, argument);
    while (error == EAGAIN && !rights_confined && give_way(stack_bytes(attributes)))
        error = next.pthread_create(thread, attributes, run, argument);
    if (live_is_on())
        interrupt_install();
    return error;
}

/* Signals that are ignored by default must not be blocked: the kernel would keep one for us, wake another thread out of its
 * system call for it, and then ignore it. But those of them that the program handles must be, from the moment ours comes: a
 * handler that runs on top of ours has ended a wait such as sigsuspend() that we take up again, and nothing else may end it. */
#define HARMLESS (BIT(SIGCHLD) | BIT(SIGCONT) | BIT(SIGURG) | BIT(SIGWINCH))
static _Atomic unsigned long expected; /* of these, those that the program is about to handle */

static unsigned long handled(void) {
    unsigned long bits = atomic_load(&expected);
    for (unsigned long left = HARMLESS & ~bits; left; left &= left - 1)
        if (is_handled(__builtin_ctzl(left) + 1))
            bits |= left & -left;
    return bits;
}

/* A handler that came by a system call of the program's own was not noticed. returns  the mask before */
static unsigned long block_handled(void) {
    unsigned long bits = handled() | BIT(LET_IN_SIGNAL), before = 0;
    sys(SYS_rt_sigprocmask, SIG_BLOCK, &bits, &before, 8);
    return before;
}

int interrupt_is_harmless(int signal) {
    return signal > 0 && signal < 65 && HARMLESS & BIT(signal);
}

void interrupt_expect(int signal) {
    atomic_fetch_or(&expected, BIT(signal));
    interrupt_install();
}

void interrupt_expected(int signal) {
    atomic_fetch_and(&expected, ~BIT(signal));
    interrupt_install();
}

static void on_signal(int signal, siginfo_t *info, void *context_pointer) {
    ucontext_t *context = context_pointer;
    int64_t since_ns = clock_ns();
    ucontext_t *program = program_context(context);
    unsigned long mask = rights_confined ? 0 : block_handled(); /* to ask may be forbidden */
    if (!rights_confined && (stop_interrupted(info, program) || live_interrupted(info, program)))
        hide(context, since_ns, mask);
    else if (program_action.handler && (uintptr_t)program_action.handler != (uintptr_t)SIG_IGN)
        program_action.handler(signal, info, context_pointer);
}

int interrupt_install(void) {
    struct kernel_sigaction action = {
        .handler = on_signal,
        .flags = SA_SIGINFO | SA_RESTART | (altstack_is_shared() ? 0 : SA_ONSTACK) | RESTORER_FLAG,
        .restorer = RESTORER,
        .mask = (~HARMLESS | handled()) & ~BIT(LET_IN_SIGNAL),
    };
    struct kernel_sigaction before = {.handler = NULL};
    long error = sys(SYS_rt_sigaction, INTERRUPT_SIGNAL, &action, &before, 8);
    if (!sys_failed(error) && before.handler != on_signal)
        program_action = before;
    return (int)error;
}

void interrupt_remove(void) {
    sys(SYS_rt_sigaction, INTERRUPT_SIGNAL, &program_action, NULL, 8);
}

void interrupt_self(void) {
    siginfo_t info = {.si_signo = INTERRUPT_SIGNAL, .si_code = SI_QUEUE};
    info.si_pid = (int)sys(SYS_getpid, 0);
    info.si_value.sival_ptr = NULL; /* no slot of stop.c's: live.c's */
    int tid = (int)sys(SYS_gettid, 0);
    arch_clear_scratch();
    sys(SYS_rt_tgsigqueueinfo, info.si_pid, tid, INTERRUPT_SIGNAL, &info);
}
