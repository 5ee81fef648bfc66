/* a thread that has a block's address in a register, mostly, when another one ends the program
 * run: | clean
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;
static volatile int go_on = 1;
static void *run(void *unused) {
    register int *block = malloc(sizeof *block);
    *block = 3;
    pthread_barrier_wait(&barrier);
    pthread_mutex_lock(&mutex);
    while (go_on) {
        __asm__ volatile("test %0, %0" : : "S"(block));
        pthread_mutex_unlock(&mutex);
        sched_yield();
        pthread_mutex_lock(&mutex);
    }
    pthread_mutex_unlock(&mutex);
    free(block);
    return unused;
}
int main(void) {
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&thread, NULL, run, NULL);
    pthread_barrier_wait(&barrier);
    return pthread_detach(thread);
}
