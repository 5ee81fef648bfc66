/* suspends.c - a signal that ends a wait while one of castaway's comes as well.
 *
 * usage: suspends CALL TIMES. A child answers each byte with SIGCHLD, at once or a little later; the parent waits for it by
 * that call, and blocks it but there, as whoever waits for a child's end does. Prints how many came; an alarm ends a wait that
 * nothing else ends. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

static volatile sig_atomic_t came;
static void on_child(int signal) {
    (void)signal;
    came = 1;
}

static void answer(int asked) {
    char byte;
    for (unsigned turn = 0; read(asked, &byte, 1) == 1; turn++) {
        for (volatile unsigned i = 0; i < turn % 64 * 64; i++) {
        }
        kill(getppid(), SIGCHLD);
    }
    _exit(0);
}

static int epoll;
static void by_sigsuspend(const sigset_t *mask) {
    sigsuspend(mask);
}
static void by_ppoll(const sigset_t *mask) {
    ppoll(NULL, 0, NULL, mask);
}
static void by_pselect(const sigset_t *mask) {
    pselect(0, NULL, NULL, NULL, NULL, mask);
}
static void by_epoll_pwait(const sigset_t *mask) {
    struct epoll_event event;
    epoll_pwait(epoll, &event, 1, -1, mask);
}
static void by_epoll_pwait2(const sigset_t *mask) {
    struct epoll_event event;
    epoll_pwait2(epoll, &event, 1, NULL, mask);
}
static const struct {
    const char *name;
    void (*wait)(const sigset_t *mask);
} CALLS[] = {{"sigsuspend", by_sigsuspend},
             {"ppoll", by_ppoll},
             {"pselect", by_pselect},
             {"epoll_pwait", by_epoll_pwait},
             {"epoll_pwait2", by_epoll_pwait2}};

int main(int argc, char **argv) {
    int times = argc > 2 ? atoi(argv[2]) : 0, questions[2], done = 0;
    void (*wait)(const sigset_t *) = NULL;
    struct sigaction action = {.sa_handler = on_child};
    sigset_t child, before;
    for (size_t i = 0; argc > 1 && i < sizeof CALLS / sizeof *CALLS; i++)
        if (strcmp(CALLS[i].name, argv[1]) == 0)
            wait = CALLS[i].wait;
    epoll = epoll_create1(0);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    if (!wait || pipe(questions) != 0 || sigaction(SIGCHLD, &action, NULL) != 0 ||
        sigprocmask(SIG_BLOCK, &child, &before) != 0)
        return 2;
    if (fork() == 0) {
        close(questions[1]);
        answer(questions[0]);
    }
    for (; done < times; done++) {
        came = 0;
        alarm(20);
        if (write(questions[1], "", 1) != 1)
            return 2;
        while (!came)
            wait(&before);
    }
    printf("%d came\n", done);
    return 0;
}
