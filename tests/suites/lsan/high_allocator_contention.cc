/* ten threads that allocate and free all the time
 * run: | clean
 */
#include <cstdlib>
#include <pthread.h>
static void *run(void *) {
    for (int i = 0; i < 20000; i++) {
        void *volatile made = malloc(static_cast<size_t>(1 + i % 300));
        free(made);
    }
    return nullptr;
}
int main() {
    pthread_t threads[10];
    for (pthread_t &thread : threads)
        pthread_create(&thread, nullptr, run, nullptr);
    for (pthread_t &thread : threads)
        pthread_join(thread, nullptr);
    return 0;
}
