/* list.h - a singly linked list that a static variable holds. */
#ifndef CASTAWAY_TESTS_LIST_H
#define CASTAWAY_TESTS_LIST_H

#include "program.h"

struct node {
    struct node *next;
    long value;
};
static struct node *head;

/* returns the last node */
static NOINLINE struct node *list_make(long count) {
    struct node *last = NULL;

    for (long i = 0; i < count; i++) {
        struct node *node = NEW(struct node);

        if (!last)
            last = node;
        node->next = head;
        node->value = i;
        head = node;
    }
    return last;
}

#endif
