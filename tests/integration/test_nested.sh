#!/usr/bin/env bash
# A signal handler that allocates while its thread stands in our own code does not wait for that thread. gdb stops the
# program there and sends the signal.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
cd "$WORK" || exit 1

cat >program.c <<'C'
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
enum { OBJECTS = 200000 };
static int maps; /* else it allocates */
static void work(void) {
    static void *volatile held[OBJECTS];
    if (maps)
        mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < OBJECTS && !maps; i++)
        held[i] = malloc(24);
}
static void on_signal(int number) {
    (void)number;
    work();
}
__attribute__((noinline)) void program_begins(void) { __asm__ volatile(""); }
__attribute__((noinline)) void program_ends(void) { __asm__ volatile(""); }
int main(int count, char **words) {
    (void)words;
    maps = count > 1;
    signal(SIGUSR1, on_signal);
    program_begins();
    work();
    program_ends();
    return 0;
}
C
gcc -g -O1 -w -o program program.c || exit 1

# interrupted FUNCTION PRELOAD ARGUMENTS...: SIGUSR1 comes when FUNCTION is called for the first time after program_begins()
interrupted() {
    timeout 60 gdb -batch -nx -ex 'set startup-with-shell off' -ex 'set breakpoint pending on' \
        -ex "set environment LD_PRELOAD $BUILD/libcastaway.so:$2" -ex 'handle SIGUSR1 nostop noprint pass' \
        -ex 'break program_begins' -ex run -ex "break $1" -ex continue -ex 'bt 1' \
        -ex delete -ex 'break program_ends' -ex 'signal SIGUSR1' -ex 'bt 1' -ex kill --args ./program "${@:3}" >out 2>&1 </dev/null
    if ! grep -q "^#0 .*$1 " out || ! grep -q '^#0 .*program_ends ' out; then
        cat out
        false
    fi
}
jemalloc=$(ldconfig -p | sed -nE 's/.*libjemalloc\.so\.2 .*=> //p' | head -n 1)

claim 'a handler may allocate while memory of our own is mapped' interrupted map_locked ''
if [ -n "$jemalloc" ]; then
    claim "a handler may allocate while an allocator's mapping is noted" interrupted remove_locked "$jemalloc" map
fi
finish
