/* Weak slots and what becomes of them: `dangling CASE`. The cases that a report must name begin with `bad_`. */
#include "castaway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPAQUE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

struct session {
    char name[64];
};
struct watcher {
    int kind;
    struct session *session; /* weak */
};
static struct session *session_of_all; /* weak */
static struct watcher *watchers[3];
static struct session *held;
extern struct session *others[16]; /* where no compiler sees that they are not used */
struct session *others[16];

static __attribute__((noinline)) struct session *session_new(void) {
    struct session *session = malloc(sizeof *session); /* not calloc, which uses memory again later */
    memset(session, 0, sizeof *session);
    OPAQUE(session);
    return session;
}
static __attribute__((noinline)) struct watcher *watcher_new(void) {
    struct watcher *watcher = calloc(1, sizeof *watcher);
    OPAQUE(watcher);
    return watcher;
}
static __attribute__((noinline)) void watch(struct watcher *watcher, struct session *session) {
    watcher->session = session;
    castaway_weak(&watcher->session);
}

static void bad_static(void) {
    session_of_all = session_new();
    castaway_weak(&session_of_all);
    free(session_of_all);
}
static void bad_in_objects(void) {
    held = session_new();
    for (int i = 0; i < 3; i++)
        watch(watchers[i] = watcher_new(), held);
    free(held);
    held = NULL;
}
/* The slot is filled after it was made weak, and points into the middle. */
static void bad_later(void) {
    watch(watchers[0] = watcher_new(), NULL);
    held = session_new();
    watchers[0]->session = (struct session *)&held->name[10];
    free(held);
    held = NULL;
}
static void good_alive(void) {
    held = session_new();
    watch(watchers[0] = watcher_new(), held);
}
static void good_cleared(void) {
    held = session_new();
    watch(watchers[0] = watcher_new(), held);
    watchers[0]->session = NULL;
    free(held);
}
static void good_taken_back(void) {
    held = session_new();
    watch(watchers[0] = watcher_new(), held);
    castaway_unweak(&watchers[0]->session);
    free(held);
}
/* The slot's object went first, without unweak; what lies there now is somebody else's. */
static void good_holder_freed(void) {
    struct session *session = session_new();
    struct watcher *watcher = watcher_new();
    watch(watcher, session);
    free(watcher);
    watchers[0] = watcher_new();
    watchers[0]->session = session;
    free(session);
}
/* No objects of the heap: a static one, marks that are no addresses, one past the end. */
static void good_no_object(void) {
    static struct session fixed;
    watch(watchers[0] = watcher_new(), &fixed);
    watch(watchers[1] = watcher_new(), (struct session *)-1);
    watch(watchers[2] = watcher_new(), NULL);
    held = session_new();
    watchers[2]->session = held + 1;
}
/* On a stack: nothing tells when it ends. */
static __attribute__((noinline)) void good_on_stack(void) {
    struct session *volatile slot = session_new();
    castaway_weak((const void *)&slot);
    free(slot);
}
/* In a lost object: that is the finding. */
static __attribute__((noinline)) void lost_holder(void) {
    struct session *session = session_new();
    watch(watcher_new(), session);
    free(session);
}
/* The memory is another object's by now. */
static void good_used_again(void) {
    bad_in_objects();
    for (int i = 0; i < 16; i++)
        others[i] = session_new();
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
#define CASE(name)                                                                                                     \
    { #name, name }
    CASE(bad_static),    CASE(bad_in_objects),  CASE(bad_later),         CASE(good_alive),
    CASE(good_cleared),  CASE(good_taken_back), CASE(good_holder_freed), CASE(good_no_object),
    CASE(good_on_stack), CASE(lost_holder),     CASE(good_used_again),
};

int main(int count, char **arguments) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (count < 2)
            puts(cases[i].name);
        else if (!strcmp(arguments[1], cases[i].name))
            cases[i].run();
    return 0;
}
