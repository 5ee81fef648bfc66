/* seccomp.c - is a program that filters its own system calls still to be scanned?
 *
 * A filter that kills for a call that a scan makes would kill the program at its end, where it would have ended well. So
 * filters are looked at as they are installed, run for each of those calls, and after one that kills there is no scan: a
 * recording that says so is left while it can still be written. A call that merely fails is no harm: the scan does
 * without it or gives up. What else we would call, around calls of the program's, is left out if a filter kills for it.
 *
 * Owns:    rights_confined, rights_filtered, rights_unscanned, rights_unfollowed; what may be called.
 * Never:   changes what the calls do.
 * Source:  Linux, Documentation/userspace-api/seccomp_filter.rst; networking/filter.rst for the machine
 * Start:   rights_before_mode(). */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "fatal.h"
#include "hooks.h"
#include "init.h"
#include "live.h"
#include "next.h"
#include "rights.h"
#include "sys.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

int rights_confined;
int rights_filtered;
int rights_unscanned;
int rights_unfollowed;

/* What a scan, the writing of its recording and a stop of the threads ask of the kernel. */
static const int needed[] = {
    SYS_clock_gettime, SYS_clone,     SYS_close,      SYS_exit_group,      SYS_faccessat,    SYS_futex,
    SYS_getdents64,    SYS_geteuid,   SYS_getpid,     SYS_getppid,         SYS_gettid,       SYS_lseek,
    SYS_mincore,       SYS_mmap,      SYS_newfstatat, SYS_openat,          SYS_prctl,        SYS_pread64,
    SYS_prlimit64,     SYS_read,      SYS_readlinkat, SYS_renameat2,       SYS_rt_sigaction, SYS_rt_sigprocmask,
    SYS_rt_sigreturn,  SYS_nanosleep, SYS_ftruncate,  SYS_rt_sigtimedwait, SYS_sigaltstack,  SYS_rt_tgsigqueueinfo,
    SYS_tgkill,        SYS_unlinkat,  SYS_wait4,      SYS_write,
#if defined(__x86_64__)
    SYS_arch_prctl,
#endif
};

/* And what scans while the program runs ask for besides. */
static const int needed_live[] = {
    SYS_bind,          SYS_close_range, SYS_fchmodat, SYS_fcntl,           SYS_getsockopt,
    SYS_getuid,        SYS_ioctl,       SYS_kill,     SYS_madvise,         SYS_mkdirat,
    SYS_munmap,        SYS_ppoll,       SYS_recvmsg,  SYS_restart_syscall, SYS_rt_sigpending,
    SYS_setpriority,   SYS_setsockopt,  SYS_socket,   SYS_timer_create,    SYS_timer_delete,
    SYS_timer_settime, SYS_userfaultfd,
};

/* And a program that is started then: it knows nothing of the filter, and tries all. */
static const int needed_anew[] = {
    SYS_fgetxattr,         SYS_fstat,   SYS_fstatfs,  SYS_getegid,          SYS_getgid,
    SYS_mprotect,          SYS_pipe2,   SYS_renameat, SYS_process_vm_readv, SYS_sched_yield,
    SYS_sched_getaffinity, SYS_unshare,
};

/* And what is left out, each by itself. */
static struct {
    int call, is_deadly;
} optional[] = {{SYS_capget, 0},  {SYS_fchmodat, 0}, {SYS_fchownat, 0},    {SYS_fcntl, 0},
                {SYS_mkdirat, 0}, {SYS_munlock, 0},  {SYS_memfd_create, 0}};
enum { OPTIONAL = sizeof optional / sizeof optional[0] };

int rights_may_call(int call) {
    for (size_t i = 0; i < OPTIONAL; i++)
        if (optional[i].call == call)
            return !rights_confined && !optional[i].is_deadly;
    return !rights_filtered;
}

enum { NOT_UNDERSTOOD = SECCOMP_RET_KILL_THREAD };

struct machine {
    uint32_t a, x, memory[BPF_MEMWORDS];
};

static uint32_t compute(unsigned operation, uint32_t a, uint32_t b) {
    switch (operation) {
    case BPF_ADD:
        return a + b;
    case BPF_SUB:
        return a - b;
    case BPF_MUL:
        return a * b;
    case BPF_DIV:
        return b ? a / b : 0;
    case BPF_AND:
        return a & b;
    case BPF_OR:
        return a | b;
    case BPF_XOR:
        return a ^ b;
    case BPF_LSH:
        return b < 32 ? a << b : 0;
    case BPF_RSH:
        return b < 32 ? a >> b : 0;
    default:
        return 0 - a; /* BPF_NEG */
    }
}

static int jumps(unsigned operation, uint32_t a, uint32_t b) {
    switch (operation) {
    case BPF_JEQ:
        return a == b;
    case BPF_JGT:
        return a > b;
    case BPF_JGE:
        return a >= b;
    default:
        return (a & b) != 0; /* BPF_JSET */
    }
}

static int load(struct machine *machine, const struct sock_filter *at, const struct seccomp_data *data, uint32_t *out) {
    switch (BPF_MODE(at->code)) {
    case BPF_IMM:
        *out = at->k;
        return 0;
    case BPF_LEN:
        *out = sizeof *data;
        return 0;
    case BPF_MEM:
        *out = machine->memory[at->k % BPF_MEMWORDS];
        return 0;
    case BPF_ABS:
        if (at->k > sizeof *data - sizeof *out)
            return -1;
        memcpy(out, (const char *)data + at->k, sizeof *out);
        return 0;
    default:
        return -1;
    }
}

/* What the filter answers: SECCOMP_RET_*. */
static uint32_t run(const struct sock_filter *code, size_t count, const struct seccomp_data *data) {
    struct machine machine = {0};
    for (size_t i = 0; i < count; i++) {
        const struct sock_filter *at = &code[i];
        uint32_t operand = BPF_SRC(at->code) == BPF_X ? machine.x : at->k;
        switch (BPF_CLASS(at->code)) {
        case BPF_RET:
            return BPF_RVAL(at->code) == BPF_A ? machine.a : at->k;
        case BPF_ST:
            machine.memory[at->k % BPF_MEMWORDS] = machine.a;
            break;
        case BPF_STX:
            machine.memory[at->k % BPF_MEMWORDS] = machine.x;
            break;
        case BPF_ALU:
            machine.a = compute(BPF_OP(at->code), machine.a, operand);
            break;
        case BPF_JMP:
            i += BPF_OP(at->code) == BPF_JA ? at->k : jumps(BPF_OP(at->code), machine.a, operand) ? at->jt : at->jf;
            break;
        case BPF_MISC:
            *(BPF_MISCOP(at->code) == BPF_TAX ? &machine.x : &machine.a) =
                BPF_MISCOP(at->code) == BPF_TAX ? machine.a : machine.x;
            break;
        default:
            if (load(&machine, at, data, BPF_CLASS(at->code) == BPF_LD ? &machine.a : &machine.x) != 0)
                return NOT_UNDERSTOOD;
        }
    }
    return NOT_UNDERSTOOD;
}

static int kills(const struct sock_fprog *program, const struct seccomp_data *data) {
    uint32_t answer = run(program->filter, program->len, data) & SECCOMP_RET_ACTION_FULL;
    return answer != SECCOMP_RET_ALLOW && answer != SECCOMP_RET_ERRNO && answer != SECCOMP_RET_LOG;
}

static int kills_one(const struct sock_fprog *program, const int *calls, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (kills(program, &(struct seccomp_data){.nr = calls[i], .arch = ARCHITECTURE}))
            return 1;
    return 0;
}

static int kills_for_writing(const struct sock_fprog *program) {
    struct seccomp_data data = {.nr = SYS_openat, .arch = ARCHITECTURE};
    data.args[2] = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
    return kills(program, &data);
}

static int is_there(const struct sock_fprog *program) {
    return sys_can_read(program) && sys_can_read(&program->filter) && program->len && sys_can_read(program->filter) &&
           sys_can_read(&program->filter[program->len - 1]);
}

/* Will the kernel refuse it? Source: seccomp(2), EACCES, EFAULT, EINVAL. */
static int is_refused(const struct sock_fprog *program) {
    if (!is_there(program) || program->len > BPF_MAXINSNS)
        return 1;
    return !rights_filtered && sys(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 && !rights_have(CAP_SYS_ADMIN);
}

/* ---- whose memory is it? ---- */

enum { PAGE_BYTES = 4096 };
static struct { _Alignas(PAGE_BYTES) int is_marked; } wiped; /* a page of its own: zero in a child that has a copy */

void rights_start(void) {
    if (sys(SYS_madvise, &wiped, sizeof wiped, MADV_WIPEONFORK) == 0)
        wiped.is_marked = 1;
}

void rights_after_fork(void) {
    wiped.is_marked = 1;
}

/* A child of vfork may forbid itself what it likes: the memory is that of a program which did not. One that was made by a
 * bare system call has a copy, but the recording is not its own. */
enum memory { MEMORY_OWN, MEMORY_COPY, MEMORY_SHARED };

static enum memory memory_is(void) {
    if ((int)sys(SYS_getpid, 0) == process.pid)
        return MEMORY_OWN;
    return wiped.is_marked ? MEMORY_SHARED : MEMORY_COPY;
}

static void confine(enum memory memory) {
    rights_filtered = rights_unscanned = rights_unfollowed = 1;
    if (memory == MEMORY_OWN) {
        live_end();
        exit_scan_give_up(REASON_CALLS_FORBIDDEN);
    }
    fatal_end();
    rights_confined = 1;
    hook_recording_ends(); /* nobody will ask, and it could take a call that kills */
}

static void look_at(const struct sock_fprog *program, enum memory memory) {
    if (is_refused(program))
        return;
    if (kills_one(program, needed, sizeof needed / sizeof needed[0]) || kills_for_writing(program)) {
        confine(memory);
        return;
    }
    rights_filtered = 1;
    rights_unfollowed |= kills_one(program, needed_anew, sizeof needed_anew / sizeof needed_anew[0]);
    for (size_t i = 0; i < OPTIONAL; i++)
        rights_unfollowed |= (optional[i].is_deadly |= kills_one(program, &optional[i].call, 1));
    if (kills_one(program, needed_live, sizeof needed_live / sizeof needed_live[0])) {
        rights_unscanned = rights_unfollowed = 1;
        if (memory == MEMORY_OWN)
            live_end();
    }
}

void rights_before_mode(unsigned long mode, const struct sock_fprog *program) {
    enum memory memory;
    if (!process.started || rights_confined || (memory = memory_is()) == MEMORY_SHARED)
        return;
    if (mode == SECCOMP_MODE_FILTER)
        look_at(program, memory);
    else if (mode == SECCOMP_MODE_STRICT)
        confine(memory);
}

EXPORT int prctl(int option, ...) {
    va_list arguments;
    unsigned long more[4];
    va_start(arguments, option);
    for (int i = 0; i < 4; i++)
        more[i] = va_arg(arguments, unsigned long); // NOLINT(clang-analyzer-valist.Uninitialized): it was begun
    va_end(arguments);
    if (option == PR_SET_SECCOMP)
        rights_before_mode(more[0], (const struct sock_fprog *)more[1]);
    long result = sys(SYS_prctl, option, more[0], more[1], more[2], more[3]);
    if (!sys_failed(result))
        return (int)result;
    errno = (int)-result;
    return -1;
}
