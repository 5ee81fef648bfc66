/* purpose: a filter that kills for nearly every system call, and allocations of every stack and size behind it: as without castaway
 * expect: any
 * status: 7
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "program.h"

static void *kept[2000];

static NOINLINE void *make(int depth, size_t size) {
    void *object = depth ? make(depth - 1, size) : opaque(malloc(size));

    return opaque(object);
}

int main(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};

    /* Room in the heap, so that the C library needs none from the kernel. */
    for (int i = 0; i < 2000; i++)
        kept[i] = opaque(malloc(64));
    for (int i = 0; i < 1999; i++)
        free(kept[i]);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
        return 1;
    for (int i = 0; i < 1000; i++)
        kept[i] = realloc(make(i % 50, (size_t)i % 40), 50);
    for (int i = 0; i < 1000; i++)
        free(kept[i]);
    return 7;
}
