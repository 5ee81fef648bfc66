#!/usr/bin/env bash
# A program built with a sanitizer does under castaway what it does without; that it can't be watched is said.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
cd "$WORK" || exit 1
unset ASAN_OPTIONS

cat >program.c <<'C'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static void *work(void *unused) {
    (void)unused;
    free(malloc(10));
    return malloc(5);
}
int main(void) {
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, work, NULL);
    pthread_join(thread, &result);
    free(result);
    puts("done");
    return 3;
}
C

behaves() { # COMMAND...: under a shell that castaway runs, which itself is watched
    local plain plain_status
    plain=$("$@" 2>&1)
    plain_status=$?
    castaway --text report --fail-on none sh -c '"$@"; exit' sh "$@"
    if [ "$status" != "$plain_status" ] || [ "$(cat out err)" != "$plain" ]; then
        cat out err
        false
    fi
}
told() {
    grep -q "processes that were not watched: 1 (built with a sanitizer .*$1" report || { cat report; false; }
}
refused() {
    castaway "./$1"
    status_is 125 && err_has "./$1: is built with a sanitizer" && err_lines 1
}

# build NAME COMPILER FLAGS...: whether that compiler has that runtime, and the program runs with it
build() {
    local name=$1
    shift
    "$@" -g -o "$name" program.c -pthread 2>/dev/null || return
    "./$name" >/dev/null 2>&1
    [ $? = 3 ]
}

for kind in address thread leak; do
    for link in shared static; do
        [ $kind-$link = leak-static ] && continue # gcc's own fails as soon as any library is preloaded
        name=gcc-$kind-$link
        option=
        [ $link = static ] && option=-static-lib${kind:0:1}san
        build "$name" gcc -fsanitize=$kind ${option:+"$option"} || continue
        claim "$name: behaves as without castaway" behaves "./$name"
        claim "$name: the report tells" told "$name"
        claim "$name: is refused by name" refused "$name"
    done
done
for kind in address thread memory leak; do
    name=clang-$kind
    build "$name" clang -fsanitize=$kind || continue
    claim "$name: behaves as without castaway" behaves "./$name"
    claim "$name: the report tells" told "$name"
    claim "$name: is refused by name" refused "$name"
done
watched() {
    castaway --text report "./$1"
    status_is 3 && grep -q 'nothing unreachable' report
}
claim "the program itself can be watched" eval 'build plain gcc && watched plain'
claim "UndefinedBehaviorSanitizer does not matter" eval 'build undefined gcc -fsanitize=undefined && watched undefined'
finish
