/* purpose: a thread's stack inside the program's own data does not hide the data below it
 * expect: lost=0/0
 * link: -pthread
 */
#include <pthread.h>
#include <stdlib.h>
#include "program.h"

static struct {
    void *held;
    _Alignas(4096) char stack[256 << 10];
} all;

static void *allocate(void *unused) {
    (void)unused;
    free(opaque(malloc(10)));
    return NULL;
}

int main(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    all.held = opaque(malloc(300));
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, all.stack, sizeof all.stack);
    pthread_create(&thread, &attributes, allocate, NULL);
    pthread_join(thread, NULL);
    return 0;
}
