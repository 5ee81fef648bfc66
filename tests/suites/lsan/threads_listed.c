/* threads that are there when the program ends
 * run: LSAN_OPTIONS=log_threads=1 | clean
 */
#include <pthread.h>
#include <unistd.h>
static pthread_barrier_t barrier;
static void *run(void *unused) {
    pthread_barrier_wait(&barrier);
    sleep(10000);
    return unused;
}
int main(void) {
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 3);
    pthread_create(&thread, NULL, run, NULL);
    pthread_create(&thread, NULL, run, NULL);
    pthread_barrier_wait(&barrier);
    return 0;
}
