/* many thread-specific values and variables of threads that wait hold theirs; those of later keys stand in a table that glibc allocates
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_tls=0 | leaked=510/80120
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0 | clean
 * run: | clean
 */
#include <cstdlib>
#include <pthread.h>
#include <unistd.h>
enum { THREADS = 10, KEYS = 45, VARIABLES = 5 };
static pthread_key_t keys[KEYS];
static __thread void *local[VARIABLES];
static pthread_barrier_t barrier;
static void *run(void *) {
    for (pthread_key_t key : keys)
        pthread_setspecific(key, malloc(150));
    for (void *&each : local)
        each = malloc(150);
    pthread_barrier_wait(&barrier);
    for (;;)
        sleep(100);
}
int main() {
    pthread_t threads[THREADS];
    pthread_barrier_init(&barrier, nullptr, THREADS + 1);
    for (pthread_key_t &key : keys)
        pthread_key_create(&key, nullptr);
    for (pthread_t &thread : threads)
        pthread_create(&thread, nullptr, run, nullptr);
    pthread_barrier_wait(&barrier);
    exit(0);
}
