/* purpose: wait() sees the program's own children only, at exit too, and no SIGCHLD more than theirs
 * expect: lost=1/24
 * child: lost=0/0
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "program.h"

static volatile int children_ended;

static void child_ended(int number) {
    (void)number;
    children_ended++;
}
static void last_words(void) {
    while (wait(NULL) > 0)
        puts("a child that nobody made");
    if (errno != ECHILD)
        puts("wait");
    printf("%d\n", children_ended);
}
static NOINLINE void drop_one(void) {
    NEW_BYTES(24);
}

int main(void) {
    signal(SIGCHLD, child_ended);
    pid_t child = fork();
    if (child == 0)
        exit(0);
    while (waitpid(child, NULL, 0) < 0)
        ;
    drop_one();
    atexit(last_words);
    clobber_stack();
    return 0;
}
