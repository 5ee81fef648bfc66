/* purpose: a cycle whose four members were made by four threads
 * link: -pthread
 * expect: cycle=4/128
 * cycle_findings: 1
 * finding: kind=cycle count=1 objects=4 bytes=128 cycle_length=4
 */
#include <pthread.h>
#include "program.h"

struct node {
    long value[3];
    struct node *next;
};
static struct node *node[4];

static NOINLINE void node_make(long i) {
    node[i] = NEW(struct node);
}
static void *thread_run(void *number) {
    node_make((long)number);
    clobber_stack();
    return NULL;
}

int main(void) {
    pthread_t thread[4];

    for (long i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, thread_run, (void *)i);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < 4; i++)
        node[i]->next = node[(i + 1) % 4];
    opaque(node);
    memset(node, 0, sizeof node);
    clobber_stack();
    return 0;
}
