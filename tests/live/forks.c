/* forks.c N - forks N children beside two threads that allocate; each ends with the status that it was told, and nobody
 * else's child is ever seen. Exit status: how many times that was not so. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int stop;

static void *allocate(void *unused) {
    for (size_t bytes = 100; !stop; bytes = bytes * 7 % 1009 + 1)
        free(malloc(bytes));
    return unused;
}

int main(int count, char **arguments) {
    int children = count > 1 ? atoi(arguments[1]) : 1, wrong = 0;
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, allocate, NULL);
    for (int i = 0; i < children; i++) {
        pid_t child = fork();
        if (child == 0) {
            usleep((useconds_t)(i * 37 % 5000));
            free(malloc(10));
            _exit(i & 127);
        }
        int status = -1;
        wrong += waitpid(-1, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != (i & 127);
        if (i % 10 == 0)
            wrong += system("exit 0") != 0;
    }
    stop = 1;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return wrong;
}
