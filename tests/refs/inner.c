/* inner balanced | missing: references taken and given back inside the library. beginnings: calls each function of inner.h
 * and prints what it returns. later LIBRARY [thread]: opens the library, beside another thread. */
#include "inner.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 1000 };

static void *sleep_on(void *argument) {
    for (;;)
        pause();
    return argument;
}

static void counts(int is_missing) {
    struct inner *inner = inner_new();
    for (int i = 0; i < ROUNDS; i++) {
        inner_attach(inner);
        inner_detach(inner);
    }
    if (is_missing)
        inner_watch(inner);
    inner_unref(inner);
}

static void beginnings(void) {
    struct inner *inner = inner_new();
#define X(name)                                                                                                        \
    printf("%s %d", #name, name(inner));                                                                               \
    printf(" %d\n", inner->count);
    BEGINNINGS(X)
#undef X
    printf("enters_behind %d", enters_behind(inner));
    printf(" %d\nbranch taken %d\n", inner->count, begins_with_a_branch(NULL));
    printf("keeps_all %d\n", keeps_all(inner));
    free(inner);
}

static void later(const char *library, int beside_a_thread) {
    pthread_t thread;
    if (beside_a_thread)
        pthread_create(&thread, NULL, sleep_on, NULL);
    for (int round = 0; round < 2; round++) {
        void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
        struct inner *(*make)(void) = (struct inner * (*)(void)) dlsym(handle, "inner_new");
        void (*attach)(struct inner *) = (void (*)(struct inner *))dlsym(handle, "inner_attach");
        void (*detach)(struct inner *) = (void (*)(struct inner *))dlsym(handle, "inner_detach");
        void (*watch)(struct inner *) = (void (*)(struct inner *))dlsym(handle, "inner_watch");
        struct inner *inner = make();
        attach(inner);
        if (round == 1)
            watch(inner);
        detach(inner);
        detach(inner);
        dlclose(handle);
    }
}

int main(int count, char **arguments) {
    const char *what = count > 1 ? arguments[1] : "";
    if (!strcmp(what, "later") && count > 2)
        later(arguments[2], count > 3);
    else if (!strcmp(what, "beginnings"))
        beginnings();
    else
        counts(!strcmp(what, "missing"));
    return 0;
}
