#!/bin/bash
# A project's CI from its first run on: an old leak passes with a baseline, a new one fails with status 23 and one screen,
# mending lowers the baseline; and what the baseline, diff and Valgrind's options mean one by one.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2059
. "$(dirname "$0")/claims.sh"
unset LSAN_OPTIONS
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
mkdir "$WORK/project" && cd "$WORK/project" || exit 1
git init -q . && git config user.email ci@example.org && git config user.name ci
cat >cache.c <<'C'
#include <stdlib.h>
#include <string.h>
#include "cache.h"
void *volatile sink;
static void *xmalloc(size_t bytes) { return malloc(bytes); }
void old_leak(int times)
{
    while (times--)
        sink = xmalloc(40);
}
#ifdef NEW_LEAK
static void *entry_new(void) { return xmalloc(24); }
#endif
void look_up(int times)
{
    (void)times;
#ifdef NEW_LEAK
    while (times--)
        sink = entry_new();
#endif
}
void forget(void)
{
    char room[4096];
    memset(room, 0, sizeof room);
    sink = room;
}
C
cat >cache.h <<'C'
extern void *volatile sink;
void old_leak(int times);
void look_up(int times);
void forget(void);
C
cat >test.c <<'C'
#include "cache.h"
#include <stdlib.h>
/* NAME TIMES STATUS */
int main(int count, char **arguments)
{
    int times = count > 2 ? atoi(arguments[2]) : 2;
    if (arguments[1][0] != 't')
        old_leak(times);
    look_up(times);
    forget();
    sink = 0;
    return count > 3 ? atoi(arguments[3]) : 0;
}
C
cat >Makefile <<'M'
CC = gcc
CFLAGS = -g -O2
check: test
	./test quick $(TIMES)
	./test slow $(TIMES)
	./test third $(TIMES)
test: test.c cache.c cache.h
	$(CC) $(CFLAGS) -o $@ test.c cache.c
M
echo test >.gitignore
git add . && git commit -qm "a project with an old leak"
export MAKEFLAGS=
make -s test # compilers are not what is tested

ci() { # OPTIONS... : what the CI job runs; the report is in $WORK/err
    castaway --baseline leaks.json "$@" make -s check TIMES="${times:-2}"
}
entries() { jq '.findings | length' leaks.json; }
ceiling() { jq "[.findings[].objects] | add" leaks.json; }

# ---- the first run ----
castaway make -s check TIMES=2
claim "without a baseline the old leak fails" status_is 23
claim "one finding of several processes" grep -qE 'in 2 of [0-9]+ processes, first: ./test quick 2 \[[0-9]+\]' "$WORK/err"
ci
claim "a baseline that is not there" status_is 125
claim "and how to make it" err_has "baseline leaks.json: No such file or directory; --update-baseline --accept-new makes it"
ci --update-baseline
claim "an update alone does not make one" status_is 125
ci --update-baseline --accept-new
claim "made: status 0" status_is 0
claim "one entry" test "$(entries)" = 1
claim "four objects are the ceiling" test "$(ceiling)" = 4
claim "said" err_has "castaway: leaks.json: 0 dropped, 0 lowered, 1 added, 0 raised"
claim "no line, no path of this machine" test "$(grep -cE "$WORK|:[0-9]+\"" leaks.json)" = 0
cp leaks.json first.json
git add leaks.json && git commit -qm baseline

# ---- CI ----
ci
claim "the old leak passes" status_is 0
claim "why" err_has "exit status 0: nothing new; 1 finding known to leaks.json"
claim "known ones are not listed" test "$(grep -cE '^ *[0-9]+ +LEAK' "$WORK/err")" = 0
claim "but counted" err_has "known: 1 finding of leaks.json not listed (--show-known)"
ci --show-known
claim "--show-known lists them" err_has "known: 4 objects, up to 4 in leaks.json"
times=1 ci
claim "fewer pass, too" status_is 0
times=3 ci
claim "more do not" status_is 23
claim "they have grown" err_has "grown: 6 objects, up to 4 in leaks.json"
claim "why it failed" err_has "exit status 23: 1 grown"
ci
claim "nothing was written" test -z "$(git status --porcelain leaks.json)"

make -sB CFLAGS="-g -O0 -DNEW_LEAK" test
ci
claim "a new leak fails, built otherwise than the baseline" status_is 23
claim "on one screen" test "$(wc -l <"$WORK/err")" -le 24
claim "it is the new one" grep -qE -A3 '^ 1 +LEAK +6 objects' "$WORK/err"
claim "called new" grep -qE '^    new$' "$WORK/err"
claim "with function and line" grep -qE 'entry_new +cache\.c:12' "$WORK/err"
claim "in three processes" grep -qE 'in 3 of [0-9]+ processes' "$WORK/err"
claim "why" err_has "exit status 23: 1 new finding; 1 finding known to leaks.json"
echo 'leak:no_such_function' >../unused.supp
ci --json report.json --suppressions ../unused.supp
claim "JSON says the same" test "$(jq -r '[.findings[] | .standing] | sort | join(" ")' report.json)" = "known new"
claim "and the status" test "$(jq -r '.exit.status' report.json)" = 23
claim "the schema knows it all" node "$ROOT/tests/formats/schema_check.mjs" "$ROOT/tools/report.schema.json" report.json
claim "without text, one line on standard error" test "$(grep -c castaway: "$WORK/err")" = 1
ci --sarif report.sarif --junit report.xml --github
claim "SARIF has file and line of the new one" test "$(jq -r '.runs[0].results[] | select(.baselineState == "new") |
    .locations[0].physicalLocation | "\(.artifactLocation.uri):\(.region.startLine)"' report.sarif)" = "cache.c:12"
claim "the old one is no error there" test "$(jq -r '.runs[0].results[] | select(.baselineState == "unchanged").level' report.sarif)" = note
claim "JUnit fails one case" test "$(grep -c '<failure' report.xml)" = 1
claim "with file and line" grep -q 'cache\.c:12' report.xml
claim "one annotation" test "$(grep -c '^::' "$WORK/out")" = 1
claim "with file and line, too" grep -qE '^::error .*file=cache\.c,line=[0-9]+' "$WORK/out"
ci --update-baseline
claim "an update takes nothing new in" test "$(entries)" = 1
claim "and still fails" status_is 23

# ---- mending ----
sed -i 's/sink = xmalloc(40);/free(xmalloc(40));/' cache.c && make -sB test
ci
claim "a mended leak passes" status_is 0
claim "and is told" grep -qE '^gone: [0-9a-f]{8} xmalloc cache.c \(--update-baseline drops it\)$' "$WORK/err"
castaway --baseline leaks.json --update-baseline ./test quick 2 9
claim "a program that fails has its status" status_is 9
claim "and changes nothing" err_has "leaks.json: left as it is: the program failed"
claim "indeed" test "$(entries)" = 1
ci --update-baseline
claim "the update drops it" test "$(entries)" = 0
claim "git shows it" test "$(git diff --numstat leaks.json | cut -f1)" -le 2

# ---- ceilings come down, never up ----
git checkout -q cache.c && make -sB test
cp first.json leaks.json
times=1 ci --update-baseline
claim "a lower ceiling" test "$(ceiling)" = 2
ci --update-baseline
claim "is not raised again" test "$(ceiling)" = 2
claim "and holds" status_is 23
ci --update-baseline --accept-new
claim "unless that is asked for" test "$(ceiling)" = 4
claim "what is accepted passes" status_is 0

# ---- two leaks in one function: mending one does not make the other grow ----
cat >two.c <<'C'
#include <stdlib.h>
#include <string.h>
void *volatile sink;
int main(int count, char **arguments)
{
    (void)arguments;
    if (count < 2)
        for (int i = 0; i < 3; i++)
            sink = malloc(10);
    for (int i = 0; i < 50; i++)
        sink = malloc(11);
    if (count > 2)
        sink = malloc(12);
    sink = 0;
    return 0;
}
C
gcc -g -O0 two.c -o two
castaway --baseline two.json --update-baseline --accept-new ./two
claim "two entries" test "$(jq '.findings | length' two.json)" = 2
castaway --baseline two.json ./two mended
claim "one mended: passes" status_is 0
castaway --baseline two.json ./two mended another
claim "a new one in its place: fails" status_is 23
sed 's/count < 2/count/' two.c >three.c && gcc -g -O0 three.c -o two
castaway --baseline two.json ./two a new-one
claim "a third in the function: fails" status_is 23

# ---- files that are none ----
for text in '[]' '{"format":"x"}' '{"format":"castaway-baseline","version":9}' '{' ''; do
    printf '%s' "$text" >bad.json
    castaway --baseline bad.json true
    claim "not a baseline: $text" status_is 125
    claim "one line names it: $text" test "$(grep -c '^castaway: bad.json' "$WORK/err")" = 1
done
echo '{"format":"castaway-baseline","version":1,"findings":[{"fingerprint":"12","kind":"lost","objects":1}]}' >bad.json
castaway --baseline bad.json true
claim "a wrong entry has its number" err_has 'bad.json: entry 1: `fingerprint` is not one of 16 hexadecimal digits'
castaway --accept-new true
claim "--accept-new alone" err_has "--accept-new: which file? --baseline FILE"

# ---- diff ----
cp test before # the names are in the file that ran
castaway -o old.cast ./before quick 2
make -sB CFLAGS="-g -O2 -DNEW_LEAK" test
castaway -o new.cast ./test quick 5
castaway diff old.cast new.cast
claim "diff: status 23 for what is new" status_is 23
claim "diff counts" out_has ": 1 new, 1 grown, 0 shrunk, 0 gone, 0 unchanged"
claim "a new one" grep -qE '^ new +lost +5 objects \(\+5\) +120 B \(\+120 B\) +[0-9a-f]{8}  [a-z_]+ cache\.c$' "$WORK/out"
claim "a grown one" grep -qE '^ grown +lost +5 objects \(\+3\) +200 B \(\+120 B\)' "$WORK/out"
castaway diff new.cast old.cast --json -
claim "the other way: status 0" status_is 0
claim "as JSON" test "$(jq -c .summary "$WORK/out")" = '{"new":0,"grown":0,"shrunk":1,"gone":1,"unchanged":0}'
castaway report old.cast --json old.report.json
castaway report new.cast --json new.report.json
castaway diff old.report.json new.cast
claim "a JSON report is as good" out_has ": 1 new, 1 grown, 0 shrunk, 0 gone, 0 unchanged"
castaway diff old.cast old.report.json
claim "nothing changed: status 0" status_is 0
castaway diff old.cast
claim "two are needed" err_has "are compared, not 1"
castaway diff old.cast /dev/null
claim "a side that is none" status_is 125

# ---- Valgrind's options ----
castaway --error-exitcode=7 ./test quick 2 3
claim "--error-exitcode stands before the program's status" status_is 7
castaway --exit-code=7 ./test quick 2 3
claim "--exit-code does not" status_is 3
claim "but is told" err_has "exit status 3: the program's own; else it would be 7: 2 findings count"
castaway --error-exitcode=7 true
claim "nothing found: the program's own" status_is 0
castaway --errors-for-leak-kinds=possible ./test quick
claim "--errors-for-leak-kinds" status_is 0
castaway --errors-for-leak-kinds=definite --show-leak-kinds=none ./test quick
claim "definite are lost and cycle" status_is 23
claim "--show-leak-kinds=none lists none" test "$(grep -c LEAK "$WORK/err")" = 0
castaway --show-leak-kinds=lost ./test quick
claim "Valgrind's words only" err_has 'unknown kind `lost`; kinds are definite, indirect, possible, reachable, all, none'
JOB=nightly castaway --log-file='log.%p.%q{JOB}' ./test quick
claim "--log-file" grep -q "SUMMARY: castaway" log.[0-9]*.nightly
claim "nothing on standard error" err_lines 0
castaway --log-file='log.%q{NO_SUCH_VARIABLE}' ./test quick
claim "a variable that is not set" err_has "log.%q{NO_SUCH_VARIABLE}: the environment variable NO_SUCH_VARIABLE is not set"
castaway --num-callers=1 ./test quick
claim "--num-callers" test "$(grep -c main "$WORK/err")" = 0
castaway --num-callers=500 ./test quick
claim "its range is Valgrind's" status_is 23
finish
