/* A library of its own that tells castaway of its references; and scopes. What is not as castaway.h promises is printed.
 * `hooks leak` leaves a session behind whose timer's reference was never given back. */
#include "castaway.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPAQUE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")
enum { ROUNDS = 1000 };

static int wrong;
static void check(int right, const char *what) {
    if (!right) {
        wrong = 1;
        printf("wrong: %s\n", what);
    }
}

struct session {
    int count;
    void *other;
};
static __attribute__((noinline)) struct session *session_new(void) {
    struct session *session = calloc(1, sizeof *session);
    session->count = 1;
    castaway_type(session, "Session");
    castaway_finalizer(session, "session_close");
    return session;
}
static __attribute__((noinline)) void session_ref(struct session *session) {
    session->count++;
    castaway_ref(session);
}
static __attribute__((noinline)) void session_unref(struct session *session) {
    castaway_unref(session);
    if (--session->count == 0)
        free(session);
}
static __attribute__((noinline)) void attach(struct session *session) {
    session_ref(session);
}
static __attribute__((noinline)) void detach(struct session *session) {
    session_unref(session);
}
static __attribute__((noinline)) void timer_start(struct session *session) {
    session_ref(session);
}
static __attribute__((noinline)) void serve(int leaks) {
    struct session *session = session_new();
    for (int i = 0; i < ROUNDS; i++) {
        attach(session);
        detach(session);
    }
    if (leaks)
        timer_start(session);
    session_unref(session);
}

/* Dead frames must not hold what a scope is asked about. */
static __attribute__((noinline)) void forget(void) {
    char bytes[16384];
    memset(bytes, 0, sizeof bytes);
    OPAQUE(bytes);
}
static __attribute__((noinline)) void drop(size_t bytes) {
    void *dropped = malloc(bytes);
    OPAQUE(dropped);
}
static __attribute__((noinline)) void drop_cycle(void) {
    struct session *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    a->other = b;
    b->other = a;
    OPAQUE(a);
}
static long end(void) {
    forget();
    return castaway_scope_end();
}

static void *held;
static void scopes(void) {
    check(castaway_scope_end() == -1, "no scope");
    castaway_scope_begin("clean");
    free(malloc(10));
    held = malloc(20);
    check(end() == 0, "nothing lost");
    castaway_scope_begin("lost");
    drop(30);
    check(end() == 1, "one lost");
    castaway_scope_begin("after");
    check(end() == 0, "lost before it began");
    castaway_scope_begin("outer");
    drop(40);
    castaway_scope_begin("inner");
    drop_cycle();
    check(end() == 1, "the inner one's");
    check(end() == 2, "the outer one's: its own, and the inner one's");
    castaway_scope_begin("many");
    for (int i = 0; i < 5000; i++)
        drop(50); /* more than one batch of serials */
    check(end() == 1, "one place");
}

static pthread_barrier_t barrier;
static void *other_thread(void *argument) {
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 3000; i++)
        drop(60);
    pthread_barrier_wait(&barrier);
    return argument;
}
static void threads(void) {
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&thread, NULL, other_thread, NULL);
    castaway_scope_begin("mine");
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    drop(70);
    check(end() == 1, "another thread's objects are its own");
    pthread_join(thread, NULL);
}

static void **weak_slot;
static __attribute__((noinline)) void fill_weak(void) {
    weak_slot = calloc(1, sizeof *weak_slot);
    *weak_slot = malloc(80);
    castaway_weak(weak_slot);
}
static void weak(void) {
    castaway_scope_begin("weak");
    fill_weak();
    check(end() == 1, "held by a weak slot alone");
    castaway_unweak(weak_slot);
    castaway_scope_begin("weak no more");
    *weak_slot = malloc(90);
    check(end() == 0, "a slot that is weak no more holds");
}

static void python(void) {
    void *objects[4] = {NULL};
    long counts[3];
    unsigned thresholds[3];
    struct session *a = session_new(), *b = session_new();
    int local = 0;
    a->other = b;
    check(castaway_is_tracked(a) && castaway_is_tracked((char *)a + 9), "tracked");
    check(!castaway_is_tracked(&local) && !castaway_is_tracked(NULL), "not tracked");
    check(castaway_get_referents(a, objects, 4) == 1 && objects[0] == b, "referents");
    check(castaway_get_referents(a, NULL, 0) == 1 && castaway_get_referents(b, objects, 4) == 0, "no referents");
    volatile uintptr_t address = (uintptr_t)a;
    free(a);
    free(b);
    check(!castaway_is_tracked((void *)address), "freed");
    castaway_set_threshold(700, 11, 12);
    castaway_get_threshold(thresholds);
    check(thresholds[0] == 700 && thresholds[1] == 11 && thresholds[2] == 12, "thresholds");
    castaway_get_count(counts);
    check(castaway_collect(0) >= 0, "a young scan");
    castaway_get_count(counts);
    check(counts[1] == 1 && counts[2] == 0, "counts");
}

int main(int count, char **arguments) {
    if (!castaway_is_active())
        return castaway_scope_end() != 0; /* without castaway nothing is found */
    if (count < 2) {
        scopes();
        threads();
        weak();
        python();
    }
    serve(0);
    if (count > 1)
        serve(!strcmp(arguments[1], "leak"));
    return wrong;
}
