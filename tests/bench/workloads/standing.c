/* standing.c - how long does a scan hold a program that has much memory? Two threads, one of which works on.
 *
 * usage: standing MiB SCANS: asks for scans by SIGUSR2, which castaway is to be told of. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_BYTES = 64 << 10 };

static atomic_int end;
static atomic_long turns;

static void *work(void *unused) {
    while (!end)
        turns++;
    return unused;
}

int main(int argc, char **argv) {
    size_t count = (argc > 1 ? strtoul(argv[1], NULL, 10) : 1024) * ((1 << 20) / BLOCK_BYTES);
    int scans = argc > 2 ? atoi(argv[2]) : 5;
    char **block = malloc(count * sizeof *block);
    pthread_t thread;
    for (size_t i = 0; block && i < count; i++) {
        block[i] = malloc(BLOCK_BYTES);
        if (!block[i])
            abort();
        memset(block[i], 1, BLOCK_BYTES);
    }
    pthread_create(&thread, NULL, work, NULL);
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
