/* a detached thread that looks a name up and ends, over and over: what the loader keeps for it is no leak
 * run: | clean
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
static int ended;
static void *run(void *unused) {
    if (dlsym(RTLD_DEFAULT, "no_such_function_anywhere"))
        return NULL;
    dlerror();
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELEASE);
    return unused;
}
int main(void) {
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, run, NULL);
        pthread_detach(thread);
    }
    while (__atomic_load_n(&ended, __ATOMIC_ACQUIRE) < 20)
        sched_yield();
    return 0;
}
