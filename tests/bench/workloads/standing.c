/* standing.c - how long does a scan hold a program that has much memory? Two threads, one of which works on.
 *
 * usage: standing MiB SCANS: asks for scans by SIGUSR2, which castaway is to be told of.
 *        standing MiB clone: prints the milliseconds that the kernel alone needs for a copy of such a process, median of 9 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK_BYTES = 64 << 10 };

static atomic_int end;
static atomic_long turns;

static void *work(void *unused) {
    while (!end)
        turns++;
    return unused;
}

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void clone_alone(void) {
    enum { TIMES = 9 };
    double ms[TIMES];
    for (int i = 0; i < TIMES; i++) {
        double begun = now_ms();
        long child = syscall(SYS_clone, 0, 0, 0, 0, 0);
        if (child == 0)
            _exit(0);
        ms[i] = now_ms() - begun;
        waitpid((pid_t)child, NULL, __WALL);
    }
    qsort(ms, TIMES, sizeof *ms, compare);
    printf("%.3f\n", ms[TIMES / 2]);
}

int main(int argc, char **argv) {
    size_t count = (argc > 1 ? strtoul(argv[1], NULL, 10) : 1024) * ((1 << 20) / BLOCK_BYTES);
    int scans = argc > 2 ? atoi(argv[2]) : 5; /* "clone": 0 */
    char **block = malloc(count * sizeof *block);
    pthread_t thread;
    for (size_t i = 0; block && i < count; i++) {
        block[i] = malloc(BLOCK_BYTES);
        if (!block[i])
            abort();
        memset(block[i], 1, BLOCK_BYTES);
    }
    pthread_create(&thread, NULL, work, NULL);
    if (!scans)
        clone_alone();
    for (int i = 0; i < scans; i++) {
        raise(SIGUSR2);
        for (int slices = 0; slices < 15; slices++)
            usleep(100000);
    }
    end = 1;
    pthread_join(thread, NULL);
    for (size_t i = 0; block && i < count; i++)
        free(block[i]);
    free(block);
    return 0;
}
