/* Objects in reach whose counts differ from the pointers to them.
 *
 *   miscounts fair        a count for each pointer, of objects and variables
 *   miscounts over        two holders, one of which gave its reference back and kept its pointer
 *   miscounts borrowed    a child that points back at its parent, and has no reference
 *   miscounts stack       the only pointer beyond the count is a local variable's
 *   miscounts missing     10 000 references taken and given back, and one that was forgotten, of an object in a table
 *   miscounts made        the reference that it was made with belongs to nobody who is seen: that is no stack's mistake
 *   miscounts named       objects that have a name and no count, each with two pointers to it */
#include "castaway.h"

#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
#define OPAQUE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

struct session {
    struct session *parent;
    long notes[5];
};
struct holder {
    struct session *session;
};
struct holder *first, *second;
struct session *table;

NOINLINE static struct session *session_new(void) {
    struct session *session = calloc(1, sizeof *session);
    castaway_type(session, "Session");
    return session;
}
NOINLINE static struct session *session_ref(struct session *session) {
    castaway_ref(session);
    return session;
}
NOINLINE static void session_unref(struct session *session) {
    castaway_unref(session);
}
NOINLINE static struct holder *holder_new(struct session *session) {
    struct holder *holder = calloc(1, sizeof *holder);
    holder->session = session_ref(session);
    return holder;
}
NOINLINE static void holder_close(struct holder *holder) { /* its pointer stays */
    session_unref(holder->session);
}

NOINLINE static void hold(int closes) {
    struct session *session = session_new();
    first = holder_new(session);
    second = holder_new(session);
    session_unref(session);
    if (closes)
        holder_close(second);
}
NOINLINE static void borrow(void) {
    table = session_new();
    first = calloc(1, sizeof *first);
    first->session = session_new();
    first->session->parent = table;
    session_ref(table);
    session_unref(table);
}
NOINLINE static void name(void) {
    table = session_new();
    first = calloc(1, sizeof *first);
    first->session = table;
}
NOINLINE static void attach(struct session *session) {
    session_ref(session);
}
NOINLINE static void detach(struct session *session) {
    session_unref(session);
}
NOINLINE static void serve(int forgets) {
    table = session_new();
    for (int i = 0; i < 10000; i++) {
        attach(table);
        detach(table);
    }
    if (forgets)
        session_ref(table);
}

NOINLINE static void clear_stack(void) {
    char bytes[16384];
    memset(bytes, 0, sizeof bytes);
    OPAQUE(bytes);
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    struct session *volatile local = NULL;
    if (!strcmp(mode, "fair") || !strcmp(mode, "over"))
        hold(mode[0] == 'o');
    else if (!strcmp(mode, "borrowed"))
        borrow();
    else if (!strcmp(mode, "stack"))
        local = table = session_new();
    else if (!strcmp(mode, "missing") || !strcmp(mode, "made"))
        serve(mode[1] == 'i');
    else if (!strcmp(mode, "named"))
        name();
    else
        return 2;
    if (!strcmp(mode, "made"))
        table = (struct session *)(void *)&table->notes[2];
    clear_stack();
    OPAQUE(local);
    exit(0);
}
