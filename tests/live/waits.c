/* waits.c - every wait with a time limit of half a second ends after half a second, with its own result, however often
 * castaway looks in meanwhile. Exit status: how many did not.
 *
 *   waits           one thread each, all at once
 *   waits alone     one after the other in the main thread */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 500, LATE_MS = 400 };
static const struct timespec limit = {0, LIMIT_MS * 1000000};

static int silent_pipe(void) {
    int ends[2];
    return pipe(ends) == 0 ? ends[0] : -1;
}
static struct timespec deadline(clockid_t clock) {
    struct timespec at;
    clock_gettime(clock, &at);
    at.tv_nsec += limit.tv_nsec;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

static int by_poll(void) {
    struct pollfd file = {silent_pipe(), POLLIN, 0};
    return poll(&file, 1, LIMIT_MS);
}
static int by_ppoll(void) {
    struct pollfd file = {silent_pipe(), POLLIN, 0};
    return ppoll(&file, 1, &limit, NULL);
}
static int by_select(void) {
    struct timeval time = {0, LIMIT_MS * 1000};
    return select(0, NULL, NULL, NULL, &time);
}
static int by_pselect(void) {
    return pselect(0, NULL, NULL, NULL, &limit, NULL);
}
static int by_epoll_wait(void) {
    struct epoll_event event;
    return epoll_wait(epoll_create1(0), &event, 1, LIMIT_MS);
}
static int by_epoll_pwait(void) {
    struct epoll_event event;
    return epoll_pwait(epoll_create1(0), &event, 1, LIMIT_MS, NULL);
}
static int by_usleep(void) {
    return usleep(LIMIT_MS * 1000);
}
static int by_nanosleep(void) {
    return nanosleep(&limit, NULL);
}
static int by_absolute_sleep(void) {
    struct timespec at = deadline(CLOCK_MONOTONIC);
    return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}
static int by_condition(void) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    struct timespec at = deadline(CLOCK_REALTIME);
    pthread_mutex_lock(&mutex);
    return pthread_cond_timedwait(&condition, &mutex, &at) == ETIMEDOUT ? 0 : -1;
}
static int by_semaphore(void) {
    sem_t semaphore;
    struct timespec at = deadline(CLOCK_REALTIME);
    sem_init(&semaphore, 0, 0);
    return sem_timedwait(&semaphore, &at) < 0 && errno == ETIMEDOUT ? 0 : -1;
}
static int by_sigtimedwait(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return sigtimedwait(&set, NULL, &limit) < 0 && errno == EAGAIN ? 0 : -1;
}
static int by_semtimedop(void) {
    struct sembuf take = {0, -1, 0};
    int set = semget(IPC_PRIVATE, 1, 0600);
    int result = semtimedop(set, &take, 1, &limit), error = errno;
    semctl(set, 0, IPC_RMID);
    errno = error;
    return result < 0 && error == EAGAIN ? 0 : -1;
}
static int with_limit(int file) {
    struct timeval time = {0, LIMIT_MS * 1000};
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    return file;
}
static int silent_socket(void) {
    int ends[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 ? with_limit(ends[0]) : -1;
}
static int by_receive_timeout(void) {
    char byte;
    return recv(silent_socket(), &byte, 1, 0) < 0 && errno == EAGAIN ? 0 : -1;
}
static int by_read_timeout(void) {
    char byte;
    return read(silent_socket(), &byte, 1) < 0 && errno == EAGAIN ? 0 : -1;
}
static int by_accept_timeout(void) {
    struct sockaddr_un any = {.sun_family = AF_UNIX};
    int file = with_limit(socket(AF_UNIX, SOCK_STREAM, 0));
    if (bind(file, (struct sockaddr *)&any, sizeof(sa_family_t)) || listen(file, 1))
        return -1;
    return accept(file, NULL, NULL) < 0 && errno == EAGAIN ? 0 : -1;
}

#define WAIT(name)                                                                                                     \
    { #name, by_##name }
static const struct {
    const char *name;
    int (*wait)(void);
} waits[] = {WAIT(poll),           WAIT(ppoll),           WAIT(select),       WAIT(pselect),
             WAIT(epoll_wait),     WAIT(epoll_pwait),     WAIT(usleep),       WAIT(nanosleep),
             WAIT(absolute_sleep), WAIT(condition),       WAIT(semaphore),    WAIT(sigtimedwait),
             WAIT(semtimedop),     WAIT(receive_timeout), WAIT(read_timeout), WAIT(accept_timeout)};
enum { WAITS = sizeof waits / sizeof waits[0] };

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void *run(void *number) {
    long i = (long)number;
    double begun = now_ms();
    int result = waits[i].wait(), error = errno;
    double took = now_ms() - begun;
    int wrong = result != 0 || took < LIMIT_MS - 5 || took > LIMIT_MS + LATE_MS;
    if (wrong)
        printf("%s: %d (%s) after %.0f ms\n", waits[i].name, result, strerror(error), took);
    return (void *)(long)wrong;
}

int main(int count, char **arguments) {
    long wrong = 0;
    pthread_t threads[WAITS];
    (void)arguments;
    for (long i = 0; i < WAITS; i++) {
        if (count > 1)
            wrong += (long)run((void *)i);
        else
            pthread_create(&threads[i], NULL, run, (void *)i);
    }
    for (long i = 0; i < WAITS && count == 1; i++) {
        void *result;
        pthread_join(threads[i], &result);
        wrong += (long)result;
    }
    return (int)wrong;
}
