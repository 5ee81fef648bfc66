#!/usr/bin/env bash
# Programs that forbid themselves system calls: none dies of a call that is castaway's, whatever it does behind that.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
cd "$WORK" || exit 1

cat >forbids.c <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define FIELD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define OTHERWISE(what, value, skip) BPF_JUMP(BPF_JMP | BPF_##what | BPF_K, value, 0, skip)
static void *kept[2000];

static __attribute__((noinline)) void *make(int depth, size_t size) {
    void *volatile object = depth ? make(depth - 1, size) : malloc(size);
    return object;
}
static void allocate(void) {
    for (int i = 0; i < 1000; i++)
        kept[i] = realloc(make(i % 50, (size_t)i % 40), 50);
    for (int i = 0; i < 1000; i++)
        free(kept[i]);
}
static int forbid(struct sock_filter *code, unsigned short count) {
    struct sock_fprog program = {count, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
static int forbid_call(unsigned call) {
    struct sock_filter code[] = {FIELD(0), OTHERWISE(JEQ, call, 1), KILL, ALLOW};
    return forbid(code, sizeof code / sizeof *code);
}
static int forbid_writing(void) {
    struct sock_filter code[] = {FIELD(0),
                                 OTHERWISE(JEQ, SYS_openat, 3),
                                 FIELD(offsetof(struct seccomp_data, args[2])),
                                 OTHERWISE(JSET, O_WRONLY | O_RDWR | O_CREAT, 1),
                                 KILL,
                                 ALLOW};
    return forbid(code, sizeof code / sizeof *code);
}
static void stack(void) {
    static char bytes[1 << 16];
    stack_t own = {.ss_sp = bytes, .ss_size = sizeof bytes};
    sigaltstack(&own, NULL);
}
static void lock(void) {
    mlockall(MCL_CURRENT | MCL_FUTURE);
    free(make(0, 1 << 20));
}
static void raise_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_max++;
    setrlimit(RLIMIT_NOFILE, &limit);
}
static void in_vfork(int (*call)(void)) {
    if (vfork() == 0)
        _exit(call() != 0);
    wait(NULL);
}
static int kill_all(void) {
    struct sock_filter code[] = {FIELD(0), OTHERWISE(JEQ, SYS_exit_group, 1), ALLOW, KILL};
    return forbid(code, sizeof code / sizeof *code);
}
/* A child that nobody hears of: it has a copy of the memory. */
static int in_clone(void) {
    int status = 0;
    if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0) {
        int failed = kill_all();
        allocate();
        _exit(failed);
    }
    wait(&status);
    return status;
}
static int other_root(void) {
    return chroot("/");
}
static int not_installed(void) {
    struct sock_filter code[] = {KILL};
    struct sock_fprog none = {0, code};
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL);
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &none) != -1;
}
static int not_allowed(void) {
    struct sock_filter code[] = {KILL};
    struct sock_fprog all = {1, code};
    if (geteuid() == 0 && setuid(65534))
        return 1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) != -1 || errno != EACCES;
}

int main(int count, char **arguments) {
    const char *act = count > 1 ? arguments[1] : "";
    int failed = 0;
    for (int i = 0; i < 2000; i++)
        kept[i] = malloc(64); /* room, so that the C library needs none from the kernel */
    for (int i = 0; i < 1999; i++)
        free(kept[i]);
    if (!strcmp(act, "strict") || !strcmp(act, "strict by number")) {
        if (act[6] ? syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL) : prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
            return 1;
        allocate();
        syscall(SYS_exit, 7);
    }
    if (!strcmp(act, "close in a root"))
        failed = other_root();
    for (int i = 2; i < count; i++)
        failed |= strcmp(arguments[i], "writing") ? forbid_call((unsigned)atoi(arguments[i])) : forbid_writing();
    if (failed)
        return 2;
    if (!strcmp(act, "stack"))
        stack();
    else if (!strcmp(act, "user"))
        failed = setuid(65534);
    else if (!strcmp(act, "root"))
        failed = other_root();
    else if (!strcmp(act, "close in a root"))
        closefrom(3);
    else if (!strcmp(act, "lock"))
        lock();
    else if (!strcmp(act, "limit"))
        raise_limit();
    else if (!strcmp(act, "crash"))
        abort();
    else if (!strcmp(act, "exec"))
        execl(arguments[0], arguments[0], NULL);
    else if (!strcmp(act, "vfork and filter"))
        in_vfork(kill_all);
    else if (!strcmp(act, "vfork and root"))
        in_vfork(other_root);
    else if (!strcmp(act, "clone and filter"))
        failed = in_clone();
    else if (!strcmp(act, "refused"))
        failed = not_installed();
    else if (!strcmp(act, "not allowed"))
        failed = not_allowed();
    *(void *volatile *)&kept[1999] = NULL;
    return failed ? 3 : 7;
}
C
gcc -w -O1 -o forbids forbids.c || exit 1
number() { printf '#include <sys/syscall.h>\nSYS_%s\n' "$1" | gcc -E -P - | tail -1; }

# Under a folder for recordings that others may pass through.
chmod 755 "$WORK"
ends() { # STATUS ACT CALL...
    local want=$1 numbers=() call
    shift
    for call in "${@:2}"; do
        [ "$call" = writing ] || call=$(number "$call")
        numbers+=("$call")
    done
    castaway --fail-on none --show all ./forbids "$1" "${numbers[@]}"
    status_is "$want"
}
judged() { err_has 'unreachable' && err_has '64 bytes'; }

claim 'strict mode leaves what is allocated behind it alone' ends 7 strict
claim 'however it was entered' ends 7 'strict by number'
claim 'an alternate signal stack costs no call but its own' ends 7 stack gettid
claim 'a file that may only be read is not written' ends 7 '' writing
claim 'and that nothing was judged is said' err_has 'forbade itself'
claim 'to lock all memory takes no other call' ends 7 lock munlock
claim 'nor does raising a limit' ends 7 limit capget
claim 'nor an end by a signal' ends 134 crash rt_sigaction
claim 'nor an exec' ends 7 exec getpid
claim 'what is started then is not followed' ends 7 exec renameat2
for call in unshare timer_create mkdirat; do
    claim "nor behind a filter that kills for $call" ends 7 exec "$call"
    claim "($call) which is said" err_has 'started behind a seccomp filter that kills: 1'
done
claim 'but it is where all is allowed that castaway does' ends 7 exec ptrace
claim 'and judged' judged
if [ "$(id -u)" = 0 ]; then
    for call in geteuid mkdirat fchownat fchmodat; do
        claim "to become another user takes no $call" ends 7 user "$call"
    done
    for call in openat fcntl; do
        claim "another root takes no $call" ends 7 root "$call"
    done
    claim 'nor does it to close all descriptors there' ends 7 'close in a root' newfstatat
    claim 'a child of vfork that has another root leaves its parent as it was' ends 7 'vfork and root'
    claim 'which is scanned' judged
fi
claim 'a child of vfork that forbids itself all' ends 7 'vfork and filter'
claim 'forbids its parent nothing' judged
claim 'a child of a bare clone may forbid itself all' ends 7 'clone and filter'
claim 'that is nothing to its parent either' judged
claim 'a filter that is none' ends 7 refused
claim 'hinders no scan' judged
claim 'nor does one that the program may not install' ends 7 'not allowed'
claim 'which is scanned, too' judged
finish
