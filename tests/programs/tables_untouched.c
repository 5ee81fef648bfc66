/* purpose: threads that allocate little, and large blocks that nothing is written to, take little of our memory
 * link: -pthread
 * expect: lost=0/0
 */
#include <pthread.h>
#include "program.h"

enum { THREADS = 100, BLOCKS = 1000, BLOCK_BYTES = 1 << 20 };

static pthread_barrier_t all_are_there;
static void *blocks[BLOCKS];

static void *wait_for_all(void *unused) {
    void *object = NEW_BYTES(40);
    pthread_barrier_wait(&all_are_there);
    free(object);
    return unused;
}

int main(void) {
    pthread_t thread[THREADS];
    pthread_attr_t small_stack;
    pthread_attr_init(&small_stack);
    pthread_attr_setstacksize(&small_stack, 64 << 10);
    pthread_barrier_init(&all_are_there, NULL, THREADS + 1);
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = opaque(malloc(BLOCK_BYTES));
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], &small_stack, wait_for_all, NULL))
            return 1;
    pthread_barrier_wait(&all_are_there);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    opaque(blocks);
    pthread_attr_destroy(&small_stack);
    return 0;
}
