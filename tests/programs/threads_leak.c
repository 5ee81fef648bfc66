/* purpose: four threads that each drop a list of two, and end: one finding of four
 * link: -pthread
 * expect: lost=4/96 lost_indirect=4/96
 * finding: kind=lost count=4 objects=4 bytes=96 indirect_objects=4 indirect_bytes=96
 */
#include <pthread.h>
#include "program.h"

struct node {
    struct node *next;
    long value[2];
};

static NOINLINE struct node *node_make(struct node *next) {
    struct node *node = NEW(struct node);

    node->next = next;
    return node;
}
static NOINLINE void list_make(void) {
    struct node *last = node_make(NULL);

    __asm__ volatile("" : : : "memory");
    struct node *head = NEW(struct node);

    head->next = last;
}
static void *thread_run(void *unused) {
    list_make();
    clobber_stack();
    return unused;
}

int main(void) {
    pthread_t thread[4];

    for (int i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, thread_run, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    clobber_stack();
    return 0;
}
