/* A parent and its child hold each other by counted references, and so neither ever dies. The child's reference is the one
 * to make weak.
 *
 *   family leak       200 families in cycles; the references are told by hooks
 *   family stolen     one family whose parent is taken once too often, among 10 000 that are taken apart
 *   family weak       the child's reference is none, and its slot is said to be weak: nothing is lost
 *   family borrowed   a family that only a local variable holds, and the child's pointer is a borrowed one: nothing is lost */
#include "castaway.h"
#include "modes.h"

#include <stdlib.h>

enum { LEAKED = 200, FAMILIES = 10000 };

struct parent {
    long count;
    struct child *child;
    long rest[4];
};
struct child {
    long count;
    struct parent *parent;
};

NOINLINE static struct parent *parent_ref(struct parent *parent) {
    castaway_ref(parent);
    parent->count++;
    return parent;
}
NOINLINE static void child_unref(struct child *child) {
    castaway_unref(child);
    if (--child->count == 0)
        free(child);
}
NOINLINE static void parent_unref(struct parent *parent) {
    castaway_unref(parent);
    if (--parent->count)
        return;
    child_unref(parent->child);
    free(parent);
}
NOINLINE static struct parent *parent_new(void) {
    struct parent *parent = calloc(1, sizeof *parent);
    parent->count = 1;
    castaway_type(parent, "Parent");
    castaway_finalizer(parent, "parent_close");
    return parent;
}
NOINLINE static struct child *child_new(void) {
    struct child *child = calloc(1, sizeof *child);
    child->count = 1;
    castaway_type(child, "Child");
    return child;
}
NOINLINE static void child_set_parent(struct child *child, struct parent *parent) {
    child->parent = parent_ref(parent);
}
NOINLINE static struct parent *family_new(int holds) {
    struct parent *parent = parent_new();
    parent->child = child_new();
    if (holds)
        child_set_parent(parent->child, parent);
    else
        parent->child->parent = parent;
    return parent;
}
NOINLINE static void look_after(struct parent *parent) {
    OPAQUE(parent_ref(parent));
}
NOINLINE static void leave_alone(struct parent *parent) {
    parent_unref(parent);
}

NOINLINE static void leak(void) {
    for (int i = 0; i < LEAKED; i++)
        parent_unref(family_new(1));
}
NOINLINE static void steal(void) {
    for (int i = 0; i < FAMILIES; i++) {
        struct parent *parent = family_new(0);
        look_after(parent);
        if (i == FAMILIES / 2)
            OPAQUE(parent_ref(parent)); /* the one */
        leave_alone(parent);
        parent_unref(parent);
    }
}
static struct child *held;
NOINLINE static void be_weak(void) {
    struct parent *parent = family_new(0);
    castaway_weak(&parent->child->parent);
    held = parent->child;
    castaway_ref(held);
    held->count++;
    parent_unref(parent); /* dies; the child stays */
    castaway_unweak(&held->parent);
    held->parent = NULL;
}
NOINLINE static void borrow(void) {
    struct parent *volatile parent = family_new(0);
    OPAQUE(parent);
    exit(0); /* with the variable in place */
}

int main(int count, char **arguments) {
    static const struct mode modes[] = {{"leak", leak}, {"stolen", steal}, {"weak", be_weak}, {"borrowed", borrow}};
    (void)count;
    return mode_run(modes, sizeof modes / sizeof modes[0], arguments);
}
