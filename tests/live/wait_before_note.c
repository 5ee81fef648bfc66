/* wait_before_note.c - while one thread waits for children of every kind, another one is held between the clone of a child of
 * castaway's and the return of that call, until the child has ended and the wait has met it.
 *
 * wait_before_note LIBRARY CASTAWAY: the tracer, which also asks for the status. wait_before_note: the program.
 * Exit status: how many children of others the thread saw, or FAILED. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAILED = 100, PATIENCE_MS = 20000, READY = SIGUSR1, OVER = SIGUSR2 };

static void fail(const char *what) {
    perror(what);
    exit(FAILED);
}
static void pause_ms(int ms) {
    usleep((useconds_t)ms * 1000);
}

/* ---- the program ---- */

static pid_t own_child;
static _Atomic pid_t waiting;
static int others;

static void *wait_for_all(void *unused) {
    waiting = gettid();
    for (pid_t met; (met = wait4(-1, NULL, __WALL, NULL)) > 0;)
        others += met != own_child;
    return unused;
}

static int is_asleep(pid_t thread) {
    char path[64], state = '?';
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        fail(path);
    fclose(file);
    return state == 'S';
}

static void ignore(int number) {
    (void)number;
}

static int program(void) {
    pthread_t thread;
    sigset_t over;
    int number;
    sigemptyset(&over);
    sigaddset(&over, OVER);
    sigprocmask(SIG_BLOCK, &over, NULL);
    signal(READY, ignore);
    if ((own_child = fork()) == 0)
        for (;;)
            pause();
    pthread_create(&thread, NULL, wait_for_all, NULL);
    while (!waiting || !is_asleep(waiting))
        pause_ms(1);
    raise(READY);
    sigwait(&over, &number);
    kill(own_child, SIGKILL);
    pthread_join(thread, NULL);
    return others;
}

/* ---- the tracer ---- */

static void proceed(pid_t thread, int number) {
    ptrace(PTRACE_CONT, thread, NULL, (long)number);
}

static pid_t begin(const char *self, const char *library) {
    pid_t child = fork();
    if (child == 0) {
        setenv("LD_PRELOAD", library, 1);
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        execl(self, self, NULL);
        fail(self);
    }
    long options = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (waitpid(child, NULL, __WALL) != child || ptrace(PTRACE_SETOPTIONS, child, NULL, options) != 0)
        fail("ptrace");
    proceed(child, 0);
    return child;
}

static pid_t ask_status(const char *castaway, pid_t program) {
    char number[16];
    snprintf(number, sizeof number, "%d", program);
    pid_t asker = fork();
    if (asker == 0) {
        execl(castaway, castaway, "status", number, NULL);
        fail(castaway);
    }
    return asker;
}

/* `cloner` stands in its call: nobody but the thread that waits can take its child. */
static void hold(pid_t cloner) {
    unsigned long child = 0;
    ptrace(PTRACE_GETEVENTMSG, cloner, NULL, &child);
    if (waitpid((pid_t)child, NULL, __WALL) != (pid_t)child || ptrace(PTRACE_DETACH, (pid_t)child, NULL, NULL) != 0)
        fail("the child that was made");
    for (int left = PATIENCE_MS; kill((pid_t)child, 0) == 0; left--, pause_ms(1))
        if (!left)
            fail("the child was not met");
    proceed(cloner, 0);
}

static int trace(pid_t program, const char *castaway) {
    pid_t asker = 0, thread;
    int status, was_held = 0, result = FAILED;
    while ((thread = waitpid(-1, &status, __WALL)) > 0) {
        if (thread == asker)
            kill(program, OVER);
        if (thread == program && WIFEXITED(status))
            result = WEXITSTATUS(status);
        if (!WIFSTOPPED(status))
            continue;
        int number = WSTOPSIG(status), event = status >> 16;
        if (event == PTRACE_EVENT_CLONE && asker && !was_held) {
            was_held = 1;
            hold(thread);
            continue;
        }
        if (number == READY && !asker)
            asker = ask_status(castaway, program);
        proceed(thread, event || number == SIGSTOP ? 0 : number);
    }
    return was_held ? result : FAILED;
}

int main(int count, char **words) {
    return count < 3 ? program() : trace(begin(words[0], words[1]), words[2]);
}
