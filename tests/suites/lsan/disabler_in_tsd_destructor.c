/* disabled and enabled in a destructor of a thread-specific value, when the thread has almost ended
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0 | clean
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));
static pthread_key_t key;
static void leak_disabled(void *unused) {
    (void)unused;
    if (__lsan_disable)
        __lsan_disable();
    fprintf(stderr, "%p\n", malloc(1337));
    pthread_setspecific(key, NULL);
    if (__lsan_enable)
        __lsan_enable();
}
static void *run(void *unused) {
    pthread_setspecific(key, &key);
    return unused;
}
int main(void) {
    pthread_t thread;
    pthread_key_create(&key, leak_disabled);
    pthread_create(&thread, NULL, run, NULL);
    return pthread_join(thread, NULL);
}
