/* execs.c N - replaces itself N times, with two threads that allocate, and ends well. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_int stop;

static void *allocate(void *unused) {
    for (size_t bytes = 100; !stop; bytes = bytes * 7 % 1009 + 1)
        free(malloc(bytes));
    return unused;
}

int main(int count, char **arguments) {
    int left = count > 1 ? atoi(arguments[1]) : 0;
    pthread_t threads[2];
    char number[16];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, allocate, NULL);
    usleep((useconds_t)(3000 + left * 577 % 9000));
    snprintf(number, sizeof number, "%d", left - 1);
    char *again[] = {arguments[0], number, NULL};
    if (left % 3 == 1)
        execl(arguments[0], arguments[0], number, (char *)NULL);
    if (left % 3 == 2)
        execvp(arguments[0], again);
    if (left)
        execv(arguments[0], again);
    stop = 1;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    puts("done");
    return left != 0;
}
