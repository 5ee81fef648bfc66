/* filter.h - filters of system calls, installed in both of the ways there are. */
#ifndef CASTAWAY_TESTS_FILTER_H
#define CASTAWAY_TESTS_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Instructions that answer `one` for this system call, `others` for all others. */
#define FILTER(number, one, others)                                                                                    \
    {                                                                                                                  \
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),                      \
            BPF_STMT(BPF_RET | BPF_K, one), BPF_STMT(BPF_RET | BPF_K, others),                                         \
    }

/* Kill for this system call. returns 0; what else it returns: there is no filter */
static inline int filter_one(unsigned number) {
    struct sock_filter code[] = FILTER(number, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Kill for all but this one. returns the same */
static inline int filter_all_but(unsigned number) {
    struct sock_filter code[] = FILTER(number, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS);
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

#endif
