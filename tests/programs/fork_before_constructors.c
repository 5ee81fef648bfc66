/* purpose: a child by a clone past libc, before any constructor: it is recorded as one by fork() is
 * expect: lost=1/40
 * child: lost=1/24
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "program.h"

static long child = -1;

static void before_all(void) {
    free(opaque(malloc(16)));
    child = syscall(SYS_clone, (long)SIGCHLD, 0, 0, 0, 0);
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = before_all;

int main(void) {
    int status = 0;
    drop(child ? 40 : 24);
    clobber_stack();
    return child && (waitpid((pid_t)child, &status, 0) != child || status != 0);
}
