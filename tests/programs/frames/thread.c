/* In a thread: the stack ends where the thread began. */
#include "frames.h"

#include <pthread.h>

static NOINLINE void drop_recorded(size_t size) {
    DROP_RECORDED(size);
    __asm__ volatile("");
}
static void *thread_run(void *unused) {
    drop_recorded(1001);
    clobber_stack();
    return unused;
}

int main(void) {
    pthread_t thread;

    pthread_create(&thread, NULL, thread_run, NULL);
    pthread_join(thread, NULL);
    clobber_stack();
    return 0;
}
