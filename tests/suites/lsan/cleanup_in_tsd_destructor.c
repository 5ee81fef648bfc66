/* thread-local variables of a thread still hold while the destructors of its values run
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_tls=1 | clean
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_tls=0 | leaked=1/1337
 */
#include <pthread.h>
#include <stdlib.h>
void __lsan_do_leak_check(void) __attribute__((weak));
static pthread_key_t key;
static __thread void *local;
static void check(void *unused) {
    (void)unused;
    if (__lsan_do_leak_check)
        __lsan_do_leak_check();
}
static void *run(void *unused) {
    local = malloc(1337);
    pthread_setspecific(key, &key);
    return unused;
}
int main(void) {
    pthread_t thread;
    pthread_key_create(&key, check);
    pthread_create(&thread, NULL, run, NULL);
    return pthread_join(thread, NULL);
}
