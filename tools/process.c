/* process.c - vfork, exec, wait, and the signals between.
 *
 * Owns:  the signal dispositions of castaway while the program runs.
 * Order: SIGCHLD is set to its default before the fork (an inherited "ignore" would swallow the wait status) and put
 *        back in the child; everything else is changed after the exec, with all signals blocked until then.
 * Start: process_run(). */
#include "process.h"

#include "list.h"
#include "message.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* after: what becomes of it when the program has ended. */
static struct {
    int signal;
    void (*after)(int);
    bool is_passed_on;
} passed_on[] = {
    {SIGINT, SIG_DFL, false},    {SIGQUIT, SIG_DFL, false}, {SIGTERM, SIG_DFL, false},  {SIGHUP, SIG_DFL, false},
    {SIGUSR1, SIG_IGN, false},   {SIGUSR2, SIG_IGN, false}, {SIGWINCH, SIG_IGN, false}, {SIGALRM, SIG_IGN, false},
    {SIGVTALRM, SIG_IGN, false}, {SIGPROF, SIG_IGN, false},
};

static volatile pid_t program;

/* From a process: on to the program. From the kernel (the terminal): the whole group has got it. */
static void pass_on(int signal, siginfo_t *info, void *context) {
    int saved = errno;
    (void)context;
    if (info->si_code <= 0)
        kill(program, signal);
    errno = saved;
}

static void watch_signals(void) {
    struct sigaction pass = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART}, old;
    for (size_t i = 0; i < COUNT(passed_on); i++) {
        sigaction(passed_on[i].signal, NULL, &old);
        passed_on[i].is_passed_on = old.sa_handler != SIG_IGN; /* nohup, jobs in the background */
        if (passed_on[i].is_passed_on)
            sigaction(passed_on[i].signal, &pass, NULL);
    }
}

/* The program is no more, and its number may soon be another's: what would have ended it ends the report. */
static void leave_signals(void) {
    for (size_t i = 0; i < COUNT(passed_on); i++) {
        struct sigaction after = {.sa_handler = passed_on[i].after};
        if (passed_on[i].is_passed_on)
            sigaction(passed_on[i].signal, &after, NULL);
    }
}

struct start {
    const char *path;
    char **arguments, **environment;
    struct sigaction sigchld; /* as it was */
    sigset_t mask;
    volatile int error; /* of the exec */
};

/* By vfork: a copy of our memory, only to be thrown away, takes longer than all else here. The child has that memory, and
 * we stand until it has another: what it may do is what a signal handler may, and `error` is what it leaves. */
static __attribute__((noinline)) pid_t start_child(struct start *start) {
    pid_t pid = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork)
    if (pid)
        return pid;
    sigaction(SIGCHLD, &start->sigchld, NULL); // NOLINT(clang-analyzer-unix.Vfork)
    sigprocmask(SIG_SETMASK, &start->mask, NULL);
    execvpe(start->path, start->arguments, start->environment);
    start->error = errno;
    _exit(EXIT_CANNOT_RUN);
}

static int wait_for(pid_t pid, int *wait_status) {
    while (waitpid(pid, wait_status, 0) < 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

int process_run(const char *path, char **arguments, char **environment, void (*meanwhile)(void), pid_t *pid,
                int *wait_status) {
    struct start start = {.path = path, .arguments = arguments, .environment = environment};
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &start.mask);
    sigaction(SIGCHLD, &standard, &start.sigchld);
    *pid = program = start_child(&start);
    int fork_error = program < 0 ? errno : 0;
    if (!fork_error)
        watch_signals();
    sigprocmask(SIG_SETMASK, &start.mask, NULL);
    if (fork_error)
        return fork_error;
    if (meanwhile)
        meanwhile();
    int wait_error = wait_for(program, wait_status);
    leave_signals();
    return start.error ? start.error : wait_error;
}

void process_die_of(int signal) {
    struct rlimit none = {0, 0};
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t only;
    setrlimit(RLIMIT_CORE, &none);
    sigaction(signal, &standard, NULL);
    sigemptyset(&only);
    sigaddset(&only, signal);
    raise(signal);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
}
