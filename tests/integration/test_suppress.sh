#!/bin/bash
# Suppressions end to end: the same files for LeakSanitizer, Valgrind and castaway hide the same leaks; ceilings, dates,
# unused ones; what castaway writes itself hides exactly what it was written for.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2059
. "$(dirname "$0")/claims.sh"
unset LSAN_OPTIONS
cd "$WORK" || exit 1
cat >leaks.cc <<'C'
#include <cstdlib>
#include <cstring>
struct pair { pair *other; char rest[24]; };
void *volatile sink;
__attribute__((noinline)) void first_function() { sink = malloc(666); }
namespace shop { __attribute__((noinline)) void second(int n) { for (int i = 0; i < n; i++) sink = new char[10]; } }
__attribute__((noinline)) pair *ring_left() { return static_cast<pair *>(malloc(sizeof(pair))); }
__attribute__((noinline)) pair *ring_right() { return static_cast<pair *>(malloc(sizeof(pair))); }
__attribute__((noinline)) void ring()
{
    pair *left = ring_left(), *right = ring_right();
    left->other = right;
    right->other = left;
}
__attribute__((noinline)) void clear(int depth)
{
    char room[512];
    memset(room, 0, sizeof room);
    sink = room;
    if (depth)
        clear(depth - 1);
}
int main()
{
    first_function();
    shop::second(3);
    ring();
    clear(8);
    sink = nullptr;
}
C
g++ -g -O0 leaks.cc -o leaks || exit 1
castaway -o leaks.cast ./leaks

with() { # SUPPRESSIONS OPTIONS... : a report with this text as file
    printf '%b' "$1" >supp
    shift
    castaway report leaks.cast --suppressions supp "$@"
}
findings() { grep -cE '^ *[0-9]+ +(LEAK|CYCLE)' out; }
findings_are() { [ "$(findings)" = "$1" ] || { cat out; false; }; }

castaway report leaks.cast
claim "three findings without suppressions" findings_are 3

# ---- LeakSanitizer's format ----
with 'leak:*first_function*\n'
claim "a function is matched" findings_are 2
claim "the table is LeakSanitizer's" grep -qE '^ +1 +666 \*first_function\*$' out
claim "the table has its head" out_has "Suppressions used:"
claim "the summary leaves it out" out_has "SUMMARY: castaway: 94 byte(s) leaked in 5 allocation(s)."
with 'leak:*first_function*\n' --print-suppressions no
claim "the table can be left out" out_hasnt "Suppressions used"
with 'leak:leaks.cc\n'
claim "a source file is matched" findings_are 0
claim "all hidden: status 0" status_is 0
with "leak:$WORK/leaks"
claim "the module is matched" findings_are 0
with 'leak:^shop::second(int)$\n'
claim "anchors hold" findings_are 2
with 'leak:^second\n'
claim "an anchor that does not" findings_are 3
with 'leak:ring_right\n'
claim "a cycle is matched in any of its objects" findings_are 2
with ''
claim "an empty file is fine" findings_are 3
LSAN_OPTIONS="verbosity=0:suppressions='$WORK/lsan.supp',print_suppressions=0" castaway report leaks.cast
claim "LSAN_OPTIONS: a file that is not there" status_is 125
claim "it is named" err_has "suppressions $WORK/lsan.supp: No such file or directory"
echo 'leak:first_function' >lsan.supp
LSAN_OPTIONS="verbosity=0:suppressions='$WORK/lsan.supp',print_suppressions=0" castaway report leaks.cast
claim "LSAN_OPTIONS names a file" findings_are 2
claim "and whether to print" out_hasnt "Suppressions used"
CASTAWAY_OPTIONS="suppressions=$WORK/lsan.supp" castaway report leaks.cast
claim "CASTAWAY_OPTIONS names a file" findings_are 2
echo 'leak:second' >b.supp
CASTAWAY_OPTIONS="suppressions=$WORK/lsan.supp" castaway report leaks.cast --suppressions b.supp --suppressions=supp
claim "all files are used" findings_are 1

# ---- Valgrind's format ----
block() { # LINES : after the name and the tool
    with "{\n   a name\n   Memcheck:Leak\n$1}\n"
}
block '   match-leak-kinds: definite\n   fun:malloc\n   fun:_Z14first_functionv\n   fun:main\n'
claim "a block of mangled names" findings_are 2
claim "used ones are told by their name" grep -qE '^ +1 +666 a name$' out
block '   fun:_Znam\n   fun:_ZN4shop6secondEi\n'
claim "operator new is a frame" findings_are 2
block '   fun:malloc\n   fun:_ZN4shop6secondEi\n'
claim "and not malloc" findings_are 3
block '   match-leak-kinds: reachable,possible\n   ...\n   fun:main\n'
claim "kinds are heeded" findings_are 3
block '   ...\n   src:leaks.cc:5\n'
claim "a source line" findings_are 2
block '   fun:first_func\n'
claim "names are whole" findings_are 3

# ---- the tools themselves judge the same ----
# Address space is what the sanitizer takes much of; where it cannot run there is nothing to compare with.
if g++ -g -O0 -fsanitize=leak leaks.cc -o leaks.lsan 2>/dev/null && LSAN_OPTIONS=exitcode=0 ./leaks.lsan 2>lsan.txt &&
    grep -q 'SUMMARY: LeakSanitizer' lsan.txt; then
    for pattern in '*first_function*' 'shop::second' '^second' 'first_function$' '^first_function' 'leaks.cc' 'nothing'; do
        echo "leak:$pattern" >one.supp
        LSAN_OPTIONS="suppressions=one.supp:exitcode=0" ./leaks.lsan 2>lsan.txt
        castaway report leaks.cast --suppressions one.supp
        claim "LeakSanitizer agrees about $pattern" test \
            "$(sed -n '/^Suppressions used/,/^---/p' lsan.txt | grep -E '^ +[0-9]+ +[0-9]+ ' | awk '{ print $1, $2 }')" = \
            "$(grep -E '^ +[0-9]+ +[0-9]+ [^ ]+$' out | awk '{ print $1, $2 }')"
    done
fi
valgrind_hides() { # SUPPRESSION-FILE : which of the three leaks Valgrind does not report
    valgrind -q --leak-check=full --suppressions="$1" ./leaks 2>&1 |
        grep -oE 'first_function|second|ring_(left|right)' | sed 's/ring_.*/ring/' | sort -u | tr '\n' ' '
}
castaway_tells() {
    castaway report leaks.cast --suppressions "$1" --print-suppressions no
    grep -oE 'first_function|second|ring_(left|right)' out | sed 's/ring_.*/ring/' | sort -u | tr '\n' ' '
}
while read -r lines; do
    printf '{\nn\nMemcheck:Leak\n%b}\n' "$lines" >one.supp
    claim "Valgrind agrees about $lines" test "$(valgrind_hides one.supp)" = "$(castaway_tells one.supp)"
done <<'CASES'
fun:malloc\nfun:_Z14first_functionv\n
fun:malloc\nfun:main\n
fun:malloc\n...\nfun:main\n
fun:*\nfun:*\nfun:main\n
...\nfun:main\n
fun:_Znam\nfun:_ZN4shop*\n
fun:_Znwm\nfun:_ZN4shop*\n
match-leak-kinds: possible\n...\nfun:main\n
match-leak-kinds: definite\nfun:?alloc\nfun:*first*\n
...\nobj:*/leaks\n
CASES

# ---- what both lack ----
with '# castaway: max=3\nleak:second\n'
claim "a ceiling that holds" findings_are 2
with '# castaway: max=2\nleak:second\n'
claim "a ceiling that is passed hides nothing" findings_are 3
claim "and says so" out_has "suppression supp:2: matches more than max=2 objects: hides nothing: second"
with '# castaway: max=2\nleak:second\nleak:shop\n'
claim "what it leaves goes to the next" findings_are 2
with '# castaway: expires=2020-01-01\nleak:second\n'
claim "one that has expired hides nothing" findings_are 3
claim "and says so, too" out_has "suppression supp:2: expired after 2020-01-01: second"
with '# castaway: expires=2999-01-01\nleak:second\n'
claim "one that has not" findings_are 2
with "# castaway: expires=$(date -u +%F)\nleak:second\n"
claim "its last day counts" findings_are 2
with '# castaway: kinds=cycle\nleak:leaks.cc\n'
claim "kinds of castaway's own" findings_are 2
with 'leak:second\nleak:nothing\n'
claim "unused ones are listed" out_has "suppression supp:2: unused: nothing"
claim "they leave the status" status_is 23
with 'leak:leaks.cc\nleak:nothing\n' --fail-on-unused
claim "--fail-on-unused: status 23" status_is 23
claim "and why" out_has "exit status 23: 1 suppression matched nothing (--fail-on-unused)"
with 'leak:leaks.cc\n' --fail-on-unused
claim "all used: status 0" status_is 0

# ---- errors ----
with 'leak:a\n  lick:b\n'
claim "an error has its place" err_has "supp:2:3: neither \`leak:PATTERN\` nor the \`{\` of a block"
claim "status 125" status_is 125
castaway --suppressions supp touch "$WORK/started"
claim "with run, nothing is started" test ! -e "$WORK/started"

# ---- writing ----
castaway suppress leaks.cast
cp out own.supp
claim "suppress: one for each" test "$(grep -c '^{$' own.supp)" = 3
castaway suppress leaks.cast --suppressions own.supp
claim "what is suppressed needs no second one" test ! -s out
castaway report leaks.cast --suppressions own.supp --fail-on-unused
claim "they hide all, and each is used" status_is 0
castaway -o again.cast ./leaks
castaway suppress again.cast
claim "another run gives the same" cmp out own.supp
# It has no cycles: of the ring it reports one object or the other.
claim "Valgrind takes them" test -z "$(valgrind_hides own.supp | sed 's/ring //')"
awk '/^# castaway/ { n++ } n == 1' own.supp >one.supp
castaway report leaks.cast --suppressions one.supp
claim "each hides one" findings_are 2
castaway report leaks.cast --gen-suppressions=all
sed -n '/^# castaway/,/^}/p' out >generated.supp
claim "--gen-suppressions writes the same" cmp generated.supp own.supp
answer() { castaway report leaks.cast --gen-suppressions=yes "${@:2}" <<<"$1"; } # ANSWERS OPTION...
answer $'y\n\nn'
claim "=yes asks before each: yes, Return, no" test "$(grep -c '^# castaway' out) $(grep -o 'Print suppression' err | wc -l)" = "1 3"
claim "and it is the first finding's" cmp <(sed -n '/^# castaway/,/^}/p' out) one.supp
answer $'maybe\nY\nc'
claim "what is no answer is asked again; c ends the questions" \
    test "$(grep -c '^# castaway' out) $(grep -o 'Print suppression' err | wc -l)" = "1 3"
castaway report leaks.cast --gen-suppressions=yes </dev/null
claim "nobody there: asked once, none written" test "$(grep -c '^# castaway' out) $(grep -o 'Print suppression' err | wc -l)" = "0 1"
castaway report leaks.cast --gen-suppressions=no <<<y
claim "=no asks nothing" test "$(grep -c 'castaway' out) $(wc -c <err)" = "$(castaway report leaks.cast; grep -c 'castaway' out) 0"
castaway report leaks.cast --gen-suppressions=perhaps
claim "=perhaps is refused" err_has '--gen-suppressions: `perhaps` is not all, no or yes'
castaway suppress --list-defaults
claim "the default set has reasons" test "$(grep -c 'reason=' out)" -ge 5
cat >tls.c <<'C'
#include <stdlib.h>
void *volatile sink;
__attribute__((noinline)) void my_tls_get_addr_thing(void) { sink = malloc(10); }
int main(void) { my_tls_get_addr_thing(); sink = 0; return 0; }
C
${CC:-gcc} -g -O0 tls.c -o tls
castaway -o tls.cast ./tls
claim "a default suppression is used" status_is 0
claim "and told, with its reason" grep -qE "^ +castaway's own: glibc bug 12650: .+" err
castaway report tls.cast
claim "also when the recording is read alone" status_is 0
castaway diff leaks.cast tls.cast
claim "and in a comparison" out_has " 0 new, 0 grown, 0 shrunk, 3 gone"
castaway report tls.cast --default-suppressions=no
claim "unless it is switched off there" status_is 23
castaway --default-suppressions=no ./tls
claim "and can be switched off" status_is 23
cat >plugin.c <<'C'
#include <stdlib.h>
void *volatile sink;
__attribute__((constructor)) static void leaking_constructor(void) { sink = malloc(10); sink = 0; }
C
cat >opens.c <<'C'
#include <dlfcn.h>
int main(int count, char **words) { return count < 2 || dlopen("nothing.so", RTLD_NOW) || !dlopen(words[1], RTLD_NOW); }
C
${CC:-gcc} -g -O0 -fPIC -shared plugin.c -o plugin.so
${CC:-gcc} -g -O0 opens.c -o opens
castaway ./opens ./plugin.so
claim "what hides the message of dlerror() hides no leak of a library that dlopen() brings" err_has leaking_constructor
claim "and nothing else is told" status_is 23
finish
