/* process.c - fork, exec, wait, and the signals between.
 *
 * Owns:  the signal dispositions of castaway while the program runs.
 * Order: SIGCHLD is set to its default before the fork (an inherited "ignore" would swallow the wait status) and put
 *        back in the child; everything else is changed after the fork, with all signals blocked until then.
 * Start: process_run(). */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const int passed_on[] = {SIGINT,  SIGQUIT,  SIGTERM, SIGHUP,    SIGUSR1,
                                SIGUSR2, SIGWINCH, SIGALRM, SIGVTALRM, SIGPROF};

#define COUNT(list) (sizeof(list) / sizeof *(list))

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
        sigaction(passed_on[i], NULL, &old);
        if (old.sa_handler != SIG_IGN) /* nohup, jobs in the background */
            sigaction(passed_on[i], &pass, NULL);
    }
}

static void child(const char *path, char **arguments, char **environment, const struct sigaction *sigchld,
                  const sigset_t *mask, int failure) {
    sigaction(SIGCHLD, sigchld, NULL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvpe(path, arguments, environment);
    int error = errno;
    if (write(failure, &error, sizeof error) < 0)
        _exit(127);
    _exit(126);
}

static int wait_for(pid_t pid, int *wait_status) {
    while (waitpid(pid, wait_status, 0) < 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

int process_run(const char *path, char **arguments, char **environment, pid_t *pid, int *wait_status) {
    struct sigaction standard = {.sa_handler = SIG_DFL}, sigchld;
    sigset_t all, mask;
    int failure[2], error = 0;
    if (pipe2(failure, O_CLOEXEC))
        return errno;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &mask);
    sigaction(SIGCHLD, &standard, &sigchld);
    *pid = program = fork();
    if (!program)
        child(path, arguments, environment, &sigchld, &mask, failure[1]);
    int fork_error = program < 0 ? errno : 0;
    if (!fork_error)
        watch_signals();
    sigprocmask(SIG_SETMASK, &mask, NULL);
    close(failure[1]);
    if (!fork_error && read(failure[0], &error, sizeof error) != (ssize_t)sizeof error)
        error = 0;
    close(failure[0]);
    if (fork_error)
        return fork_error;
    int wait_error = wait_for(program, wait_status);
    return error ? error : wait_error;
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
