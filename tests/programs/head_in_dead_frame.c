/* purpose: the head of a list in the dead frame of main's last call keeps nothing alive
 * expect: lost=1/16 lost_indirect=999/15984
 */
#include <stdlib.h>
#include "program.h"

struct node {
    struct node *next;
    long number;
};

static NOINLINE void list_make(int count) {
    struct node *head = NULL;
    while (count--) {
        struct node *node = opaque(malloc(sizeof *node));
        node->next = head;
        node->number = count;
        head = node;
    }
}

int main(int count, char **arguments) {
    (void)arguments;
    switch (count) {
    case 1:
        list_make(1000);
        break;
    default:
        list_make(5);
        break;
    }
    return 0;
}
