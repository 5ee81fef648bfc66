/* purpose: a thread whose stack is a block of the heap: what lives on it is held, what was overwritten there is not, and
 *          the thread holds the block
 * link: -pthread
 * expect: lost=1/44
 */
#include <pthread.h>
#include <unistd.h>
#include "program.h"

enum { STACK_BYTES = 1 << 20 };
static int ready;

static NOINLINE void drop_on_stack(void) {
    void *volatile dropped = NEW_BYTES(44);

    (void)dropped;
}
static void *run(void *unused) {
    void *volatile held = NEW_BYTES(33);

    drop_on_stack();
    clobber_stack();
    __atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
    while (held)
        pause();
    return unused;
}
static NOINLINE void start(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    void *stack;

    if (posix_memalign(&stack, 4096, STACK_BYTES))
        abort();
    pthread_attr_init(&attributes);
    if (pthread_attr_setstack(&attributes, stack, STACK_BYTES) || pthread_create(&thread, &attributes, run, NULL))
        abort();
    memset(&attributes, 0, sizeof attributes);
    opaque(&attributes);
}

int main(void) {
    start();
    while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
        usleep(1000);
    clobber_stack();
    return 0;
}
