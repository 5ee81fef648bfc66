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
claim 'they serve' serves
claim 'the loader is not asked at every call' lookups
claim 'one that comes later is found' later
finish
