/* arguments and results of a hundred threads, with a check while each may not run yet
 * run: 1 0 0 | leaked=100/12300
 * run: 0 1 0 | leaked=100/23400
 * run: 0 0 1 | lost=100/23400
 * run: 0 0 0 | clean
 */
#include <cstdlib>
#include <pthread.h>
#include <unistd.h>
extern "C" [[gnu::weak]] int __lsan_do_recoverable_leak_check();
static int keep_argument, keep_result, detach, ended;
static void *run(void *argument) {
    if (!keep_argument)
        free(argument);
    void *made = malloc(234);
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELEASE);
    return made;
}
static int ten_threads() {
    pthread_t threads[10];
    for (pthread_t &thread : threads) {
        pthread_create(&thread, nullptr, run, malloc(123));
        if (!keep_argument && !keep_result && !detach && __lsan_do_recoverable_leak_check &&
            __lsan_do_recoverable_leak_check())
            return 1;
    }
    for (pthread_t thread : threads) {
        void *result = nullptr;
        if (detach) {
            pthread_detach(thread);
            continue;
        }
        pthread_join(thread, &result);
        if (!keep_result)
            free(result);
    }
    return 0;
}
int main(int, char **words) {
    keep_argument = atoi(words[1]);
    keep_result = atoi(words[2]);
    detach = atoi(words[3]);
    for (int i = 0; i < 10; i++)
        if (ten_threads())
            return 1;
    while (__atomic_load_n(&ended, __ATOMIC_ACQUIRE) < 100)
        usleep(1000);
    usleep(detach ? 50000 : 0);
    return 0;
}
