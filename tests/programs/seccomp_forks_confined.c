/* purpose: a filter that kills for what every scan needs: a forked child ends as it does without castaway
 * expect: any
 * status: 7
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "program.h"

static NOINLINE void drop(size_t size) {
    NEW_BYTES(size);
}

int main(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    int status = 0;

    drop(40);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        return 1;
    pid_t child = fork();
    if (child == 0) {
        drop(24);
        clobber_stack();
        exit(0);
    }
    while (waitpid(child, &status, 0) < 0)
        ;
    clobber_stack();
    return status ? 1 : 7;
}
