#!/usr/bin/env bash
# Plug-ins that need many libraries, which all go with one dlclose: what comes to lie in their place has stacks of its own.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
cd "$WORK" || exit 1

LIBRARIES=80

cat >host.c <<'C'
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* Drops a block of its own size from each library of each set, and closes the set. */
int main(int count, char **words) {
    int libraries = count > 1 ? atoi(words[1]) : 0;
    for (int set = 1; set <= 2; set++) {
        char name[64];
        snprintf(name, sizeof name, "./set%d/libtop.so", set);
        void *all = dlopen(name, RTLD_NOW);
        for (int i = 1; all && i <= libraries; i++) {
            snprintf(name, sizeof name, "drop_%d_%d", set, i);
            void (*drop)(unsigned) = (void (*)(unsigned))dlsym(all, name);
            drop((unsigned)(set * 1000 + i));
        }
        puts(all && !dlclose(all) ? "closed" : dlerror());
    }
    return 0;
}
C
${CC:-gcc} -g -O1 -o host host.c
make_set() { # NUMBER BYTES-OF-A-FRAME
    local i names=()
    mkdir "set$1"
    for ((i = 1; i <= LIBRARIES; i++)); do
        printf '%s\n' 'void *malloc(unsigned long);' \
            "void drop_$1_$i(unsigned n) { volatile char frame[$2]; frame[0] = 1; *(char *)malloc(n) = frame[0]; }" >one.c
        ${CC:-gcc} -O1 -shared -fPIC -Wno-builtin-declaration-mismatch -o "set$1/lib$i.so" one.c
        names+=("-l:lib$i.so")
    done
    echo >top.c
    ${CC:-gcc} -shared -fPIC -o "set$1/libtop.so" top.c -L"set$1" -Wl,--no-as-needed "${names[@]}" -Wl,-rpath,"$PWD/set$1"
}
make_set 1 40
make_set 2 400

castaway --fail-on none --json report.json ./host "$LIBRARIES"
claim 'the program behaves as without us' test "$(cat out)" = "$(./host "$LIBRARIES")"
right='.stack[0].function == "drop_\(.size_min / 1000 | floor)_\(.size_min % 1000)" and .stack[1].function == "main"'
lost() { jq "[.findings[] | select(.kind == \"lost\" and .size_min > 1000 and ($1))] | length" report.json; }
claim 'nearly all blocks are found' test "$(lost true)" -ge $((2 * LIBRARIES - 2)) # one or two may stand in a register
claim 'each with the stack that made it' test "$(lost "$right")" = "$(lost true)"

# The same code in another file, at the same addresses: the stacks are equal, number by number, and come again and again.
cat >turns.c <<'C'
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
static __attribute__((noinline)) void one(void (*drop)(unsigned), unsigned n) { drop(n); __asm__(""); }
static __attribute__((noinline)) void other(void (*drop)(unsigned), unsigned n) { drop(n); __asm__(""); }
int main(void) {
    void *first = NULL;
    for (unsigned round = 0; round < 6; round++) {
        void *plugin = dlopen(round % 2 ? "./twin1.so" : "./twin0.so", RTLD_NOW);
        void (*drop)(unsigned) = (void (*)(unsigned))dlsym(plugin, round % 2 ? "drop_1" : "drop_0");
        if (first && first != (void *)drop)
            puts("elsewhere");
        first = (void *)drop;
        for (int i = 0; i < 20; i++)
            (i % 3 ? one : other)(drop, 1000 + round % 2);
        dlclose(plugin);
    }
    return 0;
}
C
${CC:-gcc} -g -O1 -o turns turns.c
for i in 0 1; do
    printf '%s\n' 'void *malloc(unsigned long);' \
        "void drop_$i(unsigned n) { volatile char frame[40]; frame[0] = 1; *(char *)malloc(n) = frame[0]; }" >one.c
    ${CC:-gcc} -O1 -shared -fPIC -Wno-builtin-declaration-mismatch -o "twin$i.so" one.c
done
castaway --fail-on none --json report.json ./turns
claim 'the plug-ins lie where the last one lay' test -z "$(cat out)"
right='.stack[0].function == "drop_\(.size_min - 1000)" and .size_max == .size_min'
found() { jq "[.findings[] | select(.kind == \"lost\" and .size_min >= 1000 and ($1)) | .count] | add" report.json; }
claim 'nearly all their blocks are found' test "$(found true)" -ge 110
claim 'each with the plug-in that made it' test "$(found "$right")" = "$(found true)"
finish
