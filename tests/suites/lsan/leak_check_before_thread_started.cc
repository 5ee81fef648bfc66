/* the argument of a thread that may not have begun
 * run: LSAN_OPTIONS=log_pointers=1:log_threads=1 | clean
 */
#include <cstdlib>
#include <pthread.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void *run(void *argument) {
    pthread_mutex_lock(&mutex);
    free(argument);
    pthread_mutex_unlock(&mutex);
    return nullptr;
}
int main() {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_mutex_lock(&mutex);
    return pthread_create(&thread, &attributes, run, malloc(1337));
}
