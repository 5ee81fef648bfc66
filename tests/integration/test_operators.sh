#!/usr/bin/env bash
# operator new and delete of a program in which nobody defines them behind castaway's: they serve, they do not ask the loader
# for another at every call, and they find one that comes later.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
cd "$WORK" || exit 1

cat >program.c <<'C'
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
void *_Znwm(size_t) __attribute__((weak));
void _ZdlPv(void *) __attribute__((weak));
static void *volatile held[1000];
static void work(void) {
    for (int i = 0; i < 1000; i++)
        held[i] = _Znwm(24);
    for (int i = 0; i < 1000; i++)
        _ZdlPv(held[i]);
}
int main(int count, char **words) {
    if (!_Znwm || !_ZdlPv)
        return 9;
    work();
    if (count > 1 && !dlopen(words[1], RTLD_NOW | RTLD_GLOBAL))
        return 8;
    work();
    _Znwm(40);
    puts("done");
    return 0;
}
C
# of a plug-in: an operator that counts its calls
cat >plugin.c <<'C'
#include <stdio.h>
#include <stdlib.h>
static int calls;
void *_Znwm(size_t bytes) {
    calls++;
    return malloc(bytes);
}
__attribute__((destructor)) static void tell(void) {
    puts(calls ? "plug-in called" : "plug-in not called");
}
C
# of a program or of a library that it is linked with: one operator of the language's, which the others come down to
cat >replaced.cc <<'C'
#include <cstdlib>
#include <new>
extern "C" int deletes, aligned_deletes, news;
int deletes, aligned_deletes, news;
#ifdef DELETE
void operator delete(void *pointer) noexcept { deletes++; free(pointer); }
#endif
#ifdef ALIGNED_DELETE
void operator delete(void *pointer, std::align_val_t) noexcept { aligned_deletes++; free(pointer); }
#endif
#ifdef NEW
void *operator new(std::size_t bytes) { news++; return malloc(bytes); }
#endif
C
cat >uses.cc <<'C'
#include <cstdio>
#include <new>
extern "C" int deletes, aligned_deletes, news;
struct alignas(64) wide { char bytes[64]; };
int main() {
    for (int i = 0; i < 10; i++) {
        ::operator delete(::operator new(24));
        ::operator delete(::operator new(24), std::size_t(24));
        ::operator delete(::operator new(24), std::nothrow);
        ::operator delete[](::operator new[](24));
        ::operator delete[](::operator new[](24), std::size_t(24));
        ::operator delete[](::operator new[](24, std::nothrow), std::nothrow);
        ::operator delete(::operator new(64, std::align_val_t(64)), std::align_val_t(64));
        ::operator delete[](::operator new[](64, std::align_val_t(64)), std::size_t(64), std::align_val_t(64));
        ::operator delete[](::operator new[](64, std::align_val_t(64), std::nothrow), std::align_val_t(64), std::nothrow);
    }
    std::printf("%d deletes, %d aligned, %d news\n", deletes, aligned_deletes, news);
}
C
gcc -g -O1 -w -o program program.c && gcc -w -shared -fPIC -o plugin.so plugin.c || exit 1

serves() {
    castaway --fail-on none --json report.json ./program
    status_is 0 && out_has "done" && [ "$(jq -c '[.summary.lost.objects, .summary.lost.bytes]' report.json)" = '[1,40]' ]
}
lookups() {
    LD_DEBUG=symbols LD_DEBUG_OUTPUT=$WORK/debug LD_PRELOAD=$BUILD/libcastaway.so CASTAWAY_OPTIONS=exit-code=0:text=/dev/null \
        ./program >out
    [ "$(cat debug.* | grep -c 'symbol=_Znwm;')" -lt 200 ] || { grep -c 'symbol=_Znwm;' debug.*; false; }
}
later() {
    castaway --fail-on none --text /dev/null ./program ./plugin.so
    status_is 0 && out_has 'plug-in called'
}
REPLACED='DELETE ALIGNED_DELETE NEW NONE'
build_replaced() {
    local name
    for name in $REPLACED; do
        g++ -std=c++17 -g -O1 -fno-builtin -D"$name" -o "by_program.$name" uses.cc replaced.cc &&
            g++ -std=c++17 -g -O1 -D"$name" -shared -fPIC -o "lib$name.so" replaced.cc &&
            g++ -std=c++17 -g -O1 -fno-builtin -o "by_library.$name" uses.cc "./lib$name.so" || return
    done
}
as_without() { # PROGRAM: the same operators are called, everything is freed
    "$1" >plain
    castaway --fail-on none --json report.json "$1"
    status_is 0 && cmp plain "$WORK/out" && [ "$(jq '.summary.lost.objects + .summary.reachable.objects' report.json)" -le 2 ]
}
claim 'they serve' serves
claim 'the loader is not asked at every call' lookups
claim 'one that comes later is found' later
build_replaced || exit 1
for replaced in $REPLACED; do
    claim "a program's own operator is called as ever ($replaced)" as_without "./by_program.$replaced"
    claim "a library's operator is called as ever ($replaced)" as_without "./by_library.$replaced"
done
finish
