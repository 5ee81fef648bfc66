/* Groups that hold themselves, where more than one reference must be weak before they are freed.
 *
 *   breaks tree N     a parent and N children, each with a reference to its parent: `parent` of all children
 *   breaks deep       the same several generations deep, made by a function that calls itself: still one member
 *   breaks list       a list of 1 000 nodes that is linked both ways: `prev`
 *   breaks ring       three in a ring, the last holds the first
 *   breaks chord      the same, and the second holds the first as well
 *   breaks shared     two rings through one object: both references to it
 *   breaks self       an object that holds itself, as far as one can see: that pointer may be anything */
#include "castaway.h"

#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
enum { NODES = 1000, GENERATIONS = 4 };

struct node {
    struct node *parent, *next, *prev, *other;
    size_t count;
    struct node *children[];
};
struct leaf {
    struct node *owner;
    long rest[9];
};
struct twig {
    long rest[11];
    struct node *owner;
};

NOINLINE static struct node *node_ref(struct node *node) {
    castaway_ref(node);
    return node;
}
NOINLINE static struct node *node_new(size_t children) {
    struct node *node = calloc(1, sizeof *node + children * sizeof *node->children);
    castaway_type(node, "Node");
    node->count = children;
    return node;
}
NOINLINE static void node_drop(struct node *node) { /* the reference that it was made with is given back */
    castaway_unref(node);
}

NOINLINE static struct leaf *leaf_new(struct node *owner) {
    struct leaf *leaf = calloc(1, sizeof *leaf);
    castaway_type(leaf, "Leaf");
    leaf->owner = node_ref(owner);
    return leaf;
}
NOINLINE static struct twig *twig_new(struct node *owner) {
    struct twig *twig = calloc(1, sizeof *twig);
    castaway_type(twig, "Twig");
    twig->owner = node_ref(owner);
    return twig;
}

NOINLINE static void tree(size_t children) {
    struct node *top = node_new(children);
    for (size_t i = 0; i < children; i++)
        top->children[i] = (struct node *)leaf_new(top);
    node_drop(top);
}

NOINLINE static struct node *grow(struct node *parent, int generations) {
    struct node *node = node_new(generations ? 2 : 0);
    if (parent)
        node->parent = node_ref(parent);
    for (int i = 0; i < 2 && generations; i++)
        node->children[i] = grow(node, generations - 1);
    return node;
}

NOINLINE static void list(void) {
    struct node *first = node_new(0), *last = first;
    for (int i = 1; i < NODES; i++) {
        struct node *node = node_new(0);
        node->prev = node_ref(last);
        last->next = node;
        last = node;
    }
    node_drop(first);
}

NOINLINE static void ring(int with_chord) {
    struct node *first = node_new(0), *second = node_new(0), *third = node_new(0);
    first->next = second;
    second->next = third;
    third->next = node_ref(first);
    if (with_chord)
        second->other = node_ref(first);
    node_drop(first);
}

NOINLINE static void shared(void) {
    struct node *node = node_new(0);
    node->next = (struct node *)leaf_new(node);
    node->other = (struct node *)twig_new(node);
    node_drop(node);
}

NOINLINE static void self(void) {
    struct node *node = node_new(0);
    node->other = node_ref(node);
    node_drop(node);
}

NOINLINE static void clear_stack(void) {
    char bytes[16384];
    memset(bytes, 0, sizeof bytes);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (!strcmp(mode, "tree"))
        tree(argc > 2 ? strtoul(argv[2], NULL, 10) : 2);
    else if (!strcmp(mode, "deep"))
        node_drop(grow(NULL, GENERATIONS));
    else if (!strcmp(mode, "list"))
        list();
    else if (!strcmp(mode, "ring") || !strcmp(mode, "chord"))
        ring(mode[0] == 'c');
    else if (!strcmp(mode, "shared"))
        shared();
    else if (!strcmp(mode, "self"))
        self();
    else
        return 2;
    clear_stack();
    return 0;
}
