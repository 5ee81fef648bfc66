/* a local variable of another thread holds an object
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0 | leaked=1/1337
 * run: LSAN_OPTIONS=use_stacks=1:use_registers=0 | clean
 * run: | clean
 */
#include <cstdlib>
#include <pthread.h>
#include <sched.h>
static int ready;
static void *run(void *) {
    void *volatile local = malloc(1337);
    __atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
    while (local)
        sched_yield();
    return nullptr;
}
int main() {
    pthread_t thread;
    pthread_create(&thread, nullptr, run, nullptr);
    while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
        sched_yield();
    exit(0);
}
