#!/usr/bin/env bash
# Two threads close and open different plug-ins at one address: each block has the stack that made it, whoever closes when.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
cd "$WORK" || exit 1

# One is mapped where the other was: same size, other code. Frames are of different sizes, so rules differ, too.
plugin() { # NUMBER BYTES-OF-A-FRAME
    cat >plugin.c <<C
#include <stdlib.h>
static void *volatile kept;
static __attribute__((constructor)) void begin(void) { kept = malloc($1 * 1000 + 1); kept = NULL; }
void run(size_t bytes) { volatile char frame[$2]; frame[0] = 1; kept = malloc($1 * 1000 + bytes); kept = (void *)(size_t)!frame[0]; }
C
    sed -i "s/begin/begin_$1/; s/run/run_$1/" plugin.c
    ${CC:-gcc} -g0 -O1 -shared -fPIC -o "plugin$1.so" plugin.c
}
plugin 1 40
plugin 2 400
claim 'the plug-ins are of one size' [ "$(stat -c %s plugin1.so)" = "$(stat -c %s plugin2.so)" ]

# Stands behind the dlclose of castaway: what it waits for happens when the file is gone, and the close is not over.
cat >later.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
void (*dlclose_later)(void);
int dlclose(void *handle) {
    int (*real)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "dlclose");
    int result = real(handle);
    if (dlclose_later)
        dlclose_later();
    return result;
}
C
${CC:-gcc} -shared -fPIC -o liblater.so later.c
cat >host.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
extern void (*dlclose_later)(void);
static sem_t closed, opened;
static void *first, *second;
static void wait_for_other(void) {
    dlclose_later = NULL;
    sem_post(&closed);
    sem_wait(&opened);
}
static __attribute__((noinline)) void call(void *plugin, const char *name, size_t bytes) {
    void (*run)(size_t) = (void (*)(size_t))dlsym(plugin, name);
    run(bytes);
}
static void *open_first(const char *path) {
    struct link_map *map = dlopen(path, RTLD_NOW);
    return map ? map : (puts(dlerror()), exit(1), NULL);
}
static void *other(void *unused) {
    int asks = *(int *)unused;
    sem_wait(&closed);
    second = open_first("./plugin2.so");
    if (asks)
        call(second, "run_2", 2);
    sem_post(&opened);
    return NULL;
}
int main(int count, char **words) {
    int asks = count > 1;
    pthread_t thread;
    first = open_first("./plugin1.so");
    call(first, "run_1", 2);
    ElfW(Addr) where = ((struct link_map *)first)->l_addr;
    pthread_create(&thread, NULL, other, &asks);
    dlclose_later = wait_for_other;
    dlclose(first);
    pthread_join(thread, NULL);
    call(second, "run_2", 3);
    puts(((struct link_map *)second)->l_addr == where ? "one place" : "two places");
    return words == NULL;
}
C
${CC:-gcc} -g -O1 -w -o host host.c -L. -llater -Wl,-rpath,"$PWD"
right='.stack[0].function == (if .size_min % 1000 == 1 then "begin" else "run" end) + "_\(.size_min / 1000 | floor)"'
of_plugins() { jq "[.findings[] | select(.kind == \"lost\" and .size_min > 1000 and .size_min < 3000 and ($1))] | length" json; }
called_by() { jq -r "[.findings[] | select(.size_min == $1) | .stack[].function] | index(\"$2\") != null" json; }
for how in '' asks; do
    castaway --fail-on none --json json ./host $how
    claim "the other allocates meanwhile (${how:-no}): the plug-ins lie at one place" out_has 'one place'
    claim "the other allocates meanwhile (${how:-no}): all but the last block are found" test "$(of_plugins true)" -ge "$([ "$how" ] && echo 4 || echo 3)"
    claim "the other allocates meanwhile (${how:-no}): each by the function that made it" test "$(of_plugins "$right")" = "$(of_plugins true)"
done
claim 'the one made meanwhile has the stack above it' test "$(called_by 2002 other)" = true
claim 'that before the close, too' test "$(called_by 1002 main)" = true

# With no one holding them back.
cat >race.c <<'C'
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
enum { ROUNDS = 300 };
static void *turns(void *number) {
    char path[32], name[32];
    snprintf(path, sizeof path, "./plugin%ld.so", (long)number);
    snprintf(name, sizeof name, "run_%ld", (long)number);
    for (int i = 0; i < ROUNDS; i++) {
        void *plugin = dlopen(path, RTLD_NOW);
        void (*run)(size_t) = (void (*)(size_t))dlsym(plugin, name);
        for (int j = 0; j < 3; j++)
            run(2);
        dlclose(plugin);
    }
    return NULL;
}
int main(void) {
    pthread_t thread[2];
    for (long i = 0; i < 2; i++)
        pthread_create(&thread[i], NULL, turns, (void *)(i + 1));
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    return 0;
}
C
${CC:-gcc} -g -O1 -w -o race race.c
castaway --fail-on none --json json ./race
claim 'two threads without order: each block by the function that made it' test "$(of_plugins "$right")" = "$(of_plugins true)"
claim 'two threads without order: all blocks are found' test "$(jq '[.findings[] | select(.size_min > 1000) | .objects] | add' json)" -ge 2390
finish
