/* stop.c - threads are stopped by a signal that no program can block, take or see.
 *
 * glibc keeps SIGSETXID (33) for itself: its own sigprocmask, sigaction and sigfillset leave that signal alone, so every
 * thread receives it, and no program handles it. Our handler stands there only while threads are being stopped, and
 * hands glibc's own uses on. A thread stands in the handler on a futex until it is released; a system call that the
 * kernel broke off is begun again (arch_hide_interruption).
 *
 * Owns:    the handler, the list of stopped threads.
 * Never:   uses TLS or libc in the handler: threads made without glibc have neither.
 * Start:   stop_all(). */
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "arch.h"
#include "pages.h"
#include "sys.h"

enum { SIGNAL_STOP = 33, THREADS_MIN = 64, ROUNDS_MAX = 1000 };

/* The kernel's view of a handler. Source: Linux, include/uapi/asm-generic/signal.h */
struct kernel_sigaction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};
enum { KERNEL_RESTORER = 0x04000000 };

#if defined(__x86_64__)
__asm__(".text\n"
        ".type castaway_restore, @function\n"
        "castaway_restore:\n"
        "mov $15, %rax\n"
        "syscall\n"
        ".size castaway_restore, .-castaway_restore\n");
extern void castaway_restore(void) __attribute__((visibility("hidden")));
#define RESTORER castaway_restore
#define RESTORER_FLAG KERNEL_RESTORER
#else
#define RESTORER NULL
#define RESTORER_FLAG 0
#endif

static struct kernel_sigaction program_action; /* what stood there before */
static struct stopped_thread *slots;
static size_t slot_capacity;
static _Atomic int held;     /* threads in the handler; a futex word for the stopper */
static _Atomic int released; /* futex word for the stopped: the round they may leave after */

static void on_stop(int signal, siginfo_t *info, void *context_pointer) {
    ucontext_t *context = context_pointer;
    struct stopped_thread *slot = info->si_value.sival_ptr;
    if (info->si_code != SI_QUEUE || slot < slots || slot >= slots + slot_capacity) {
        if (program_action.handler && (uintptr_t)program_action.handler != (uintptr_t)SIG_IGN)
            program_action.handler(signal, info, context_pointer);
        return;
    }
    int round = atomic_load_explicit(&released, memory_order_acquire);
    slot->context = context;
    slot->thread_pointer = arch_thread_pointer();
    int asked = STOP_ASKED;
    if (!atomic_compare_exchange_strong_explicit(&slot->state, &asked, STOP_HELD, memory_order_acq_rel,
                                                 memory_order_relaxed))
        return;
    atomic_fetch_add_explicit(&held, 1, memory_order_release);
    sys(SYS_futex, &held, FUTEX_WAKE_PRIVATE, 1);
    while (atomic_load_explicit(&released, memory_order_acquire) == round)
        sys(SYS_futex, &released, FUTEX_WAIT_PRIVATE, round, 0);
    arch_hide_interruption(context);
}

struct directory_entry {
    uint64_t inode;
    int64_t offset;
    unsigned short bytes;
    unsigned char type;
    char name[];
};

static int number_of(const char *name) {
    int number = 0;
    for (; *name; name++) {
        if (*name < '0' || *name > '9')
            return 0;
        number = number * 10 + (*name - '0');
    }
    return number;
}

static struct stopped_thread *slot_of(struct stopped *out, int tid) {
    for (size_t i = 0; i < out->count; i++)
        if (slots[i].tid == tid)
            return &slots[i];
    return NULL;
}

static int slot_room(size_t count) {
    if (count < slot_capacity)
        return 0;
    size_t capacity = slot_capacity ? slot_capacity * 2 : THREADS_MIN;
    /* Slots that are in use are pointed at by signals under way: a larger array can only be had between stops. */
    if (count)
        return -ENOMEM;
    struct stopped_thread *larger = pages_alloc(capacity * sizeof *larger);
    if (!larger)
        return -ENOMEM;
    slots = larger;
    slot_capacity = capacity;
    return 0;
}

static int ask(int pid, struct stopped_thread *slot) {
    siginfo_t info = {.si_signo = SIGNAL_STOP, .si_code = SI_QUEUE};
    info.si_pid = pid;
    info.si_value.sival_ptr = slot;
    return (int)sys(SYS_rt_tgsigqueueinfo, pid, slot->tid, SIGNAL_STOP, &info);
}

/* One pass over the thread list; returns how many threads were newly asked, or a negative errno. */
static int ask_new_threads(struct stopped *out, int own_tid, int pid) {
    int asked = 0;
    long directory = sys(SYS_openat, AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (sys_failed(directory))
        return (int)directory;
    _Alignas(8) char buffer[4096];
    long bytes;
    while ((bytes = sys(SYS_getdents64, directory, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < bytes;) {
            struct directory_entry *entry = (struct directory_entry *)(buffer + at);
            at += entry->bytes;
            int tid = number_of(entry->name);
            if (!tid || tid == own_tid || slot_of(out, tid) || out->count >= slot_capacity)
                continue;
            struct stopped_thread *slot = &slots[out->count++];
            *slot = (struct stopped_thread){.tid = tid, .state = STOP_ASKED};
            if (ask(pid, slot) == 0)
                asked++;
            else
                atomic_store_explicit(&slot->state, STOP_GONE, memory_order_relaxed);
        }
    sys(SYS_close, directory);
    return bytes < 0 ? (int)bytes : asked;
}

static int64_t now_ms(void) {
    struct timespec now;
    sys(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Threads that were asked and neither stand nor have gone. */
static size_t outstanding(struct stopped *out, int pid) {
    size_t count = 0;
    for (size_t i = 0; i < out->count; i++) {
        if (atomic_load_explicit(&slots[i].state, memory_order_acquire) != STOP_ASKED)
            continue;
        if (sys(SYS_tgkill, pid, slots[i].tid, 0) == -ESRCH)
            atomic_store_explicit(&slots[i].state, STOP_GONE, memory_order_relaxed);
        else
            count++;
    }
    return count;
}

static void wait_held(struct stopped *out, int pid, int64_t deadline_ms) {
    for (;;) {
        int seen = atomic_load_explicit(&held, memory_order_acquire);
        if (outstanding(out, pid) == 0 || now_ms() >= deadline_ms)
            return;
        struct timespec slice = {.tv_nsec = 2000000};
        sys(SYS_futex, &held, FUTEX_WAIT_PRIVATE, seen, &slice);
    }
}

static size_t count_threads(void) {
    long directory = sys(SYS_openat, AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    _Alignas(8) char buffer[4096];
    size_t count = 0;
    long bytes;
    if (sys_failed(directory))
        return 0;
    while ((bytes = sys(SYS_getdents64, directory, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < bytes; at += ((struct directory_entry *)(buffer + at))->bytes)
            count++;
    sys(SYS_close, directory);
    return count;
}

int stop_all(struct stopped *out, int limit_ms) {
    int pid = (int)sys(SYS_getpid, 0), own = (int)sys(SYS_gettid, 0);
    *out = (struct stopped){0};
    size_t threads = count_threads();
    while (threads + THREADS_MIN / 2 > slot_capacity)
        if (slot_room(0) != 0)
            return -ENOMEM;
    struct kernel_sigaction action = {
        .handler = on_stop,
        .flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK | RESTORER_FLAG,
        .restorer = RESTORER,
        .mask = ~0ul,
    };
    long error = sys(SYS_rt_sigaction, SIGNAL_STOP, &action, &program_action, 8);
    if (sys_failed(error))
        return (int)error;
    int64_t deadline_ms = now_ms() + limit_ms;
    /* A thread that is being created may start another while we look: until a pass finds nobody new. */
    for (int round = 0; round < ROUNDS_MAX; round++) {
        int asked = ask_new_threads(out, own, pid);
        wait_held(out, pid, deadline_ms);
        if (asked <= 0)
            break;
    }
    out->threads = slots;
    out->running = outstanding(out, pid);
    return 0;
}

void stop_release(struct stopped *stopped) {
    /* A thread that did not come in time must not stop any more when it does. */
    for (size_t i = 0; i < stopped->count; i++) {
        int asked = STOP_ASKED;
        atomic_compare_exchange_strong_explicit(&slots[i].state, &asked, STOP_GONE, memory_order_acq_rel,
                                                memory_order_relaxed);
    }
    atomic_fetch_add_explicit(&released, 1, memory_order_release);
    sys(SYS_futex, &released, FUTEX_WAKE_PRIVATE, 1 << 30);
    /* Signals still on their way need our handler; without any, glibc's own comes back. */
    if (stopped->running == 0)
        sys(SYS_rt_sigaction, SIGNAL_STOP, &program_action, NULL, 8);
}
