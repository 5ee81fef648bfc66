#!/usr/bin/env bash
# Processes that outlive the program: the report says that there are some, and where theirs will be; there it is.
# shellcheck disable=SC2086 # patterns are meant to become several words
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
include=$(cd "$(dirname "$0")/../../preload" && pwd)

cat >"$WORK/daemon.c" <<'C'
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static void __attribute__((noinline)) drop(size_t size) { memset(malloc(size), 0, size); }
static void __attribute__((noinline)) clear(void) { volatile char area[65536]; for (size_t i = 0; i < sizeof area; i++) area[i] = 0; }
/* daemon HOW GO: becomes a daemon, and ends when the file GO is there */
int main(int count, char **words) {
    if (count != 3)
        return 2;
    drop(24);
    clear();
    if (!strcmp(words[1], "libc") && daemon(0, 0))
        return 3;
    if (!strcmp(words[1], "forks")) {
        if (fork() != 0)
            _exit(0);
        if (setsid() < 0 || chdir("/"))
            return 4;
        if (fork() != 0)
            _exit(0);
        for (int i = 0; i < 64; i++)
            close(i);
    }
    drop(56);
    clear();
    while (access(words[2], F_OK))
        usleep(10000);
    return 0;
}
C
gcc -O0 -g -w -o "$WORK/daemon" "$WORK/daemon.c"
cd "$WORK" || exit 1

waits_for() { # COMMAND...: until it succeeds, for a minute
    for _ in {1..1200}; do
        "$@" && return
        sleep 0.05
    done
    ls
    false
}
err_hasnt() { ! grep -qF -- "$1" "$WORK/err"; }
is_there() { compgen -G "$1" >/dev/null; }
# The process between the two forks may outlive castaway, too: so all files that there are, together.
lost_is() { # BYTES PATTERN: in these JSON reports, all together
    [ "$(cat $2 2>/dev/null | jq -s 'map(.summary.lost.bytes) | add')" = "$1" ]
}
recordings_lost_are() { # BYTES PATTERN
    "$CASTAWAY" report --fail-on none --text /dev/null --json read.json $2 2>/dev/null && lost_is "$1" read.json
}

for how in libc forks; do
    rm -f go castaway.*.cast
    castaway "$WORK/daemon" $how "$WORK/go"
    claim "$how: the first process is judged by its own end" status_is 23
    claim "$how: the report says that a process still runs" err_has 'note: processes that still run'
    claim "$how: and where its recording will be" err_has "$WORK/castaway.%p.cast"
    claim "$how: it was not waited for" test ! -e go
    touch go
    claim "$how: there it is, with what the daemon lost, no more" waits_for recordings_lost_are 56 'castaway.*.cast'

    rm -f go castaway.*.cast
    castaway -o kept.cast --json out.json --text out.%p.text "$WORK/daemon" $how "$WORK/go"
    rm -f out.*.text kept.cast
    touch go
    claim "$how: --output holds for it" waits_for recordings_lost_are 56 'kept.*.cast'
    claim "$how: so does --json" waits_for lost_is 56 'out.[0-9]*.json'
    claim "$how: so does --text" waits_for is_there 'out.*.text'
    claim "$how: nothing is left elsewhere" test -z "$(compgen -G 'castaway.*.cast')"
    rm -f kept.*.cast out.*
done

rm -f go castaway.*.cast
castaway --show none bash -c "'$WORK/daemon' libc '$WORK/go'; for i in {1..70}; do (:); done"
claim 'one that was left long before the end is noticed, too' err_has 'note: processes that still run'
touch go
waits_for recordings_lost_are 56 'castaway.*.cast'

touch before
beside_output() { find /dev -maxdepth 1 -name 'stdout?*' -newer before; }
nothing_beside_output() { [ -z "$(beside_output)" ]; }
"$CASTAWAY" -o /dev/stdout --text /dev/null bash -c '(exit 3)' 2>err | cat >out
claim 'a pipe takes the recording of the program' grep -q '"record":"end"' out
claim 'and of no other process' grep -q 'was not kept: a pipe takes one' err
claim 'beside which nothing is made' nothing_beside_output

# /dev/null takes everything: nothing stands beside it.
beside_null() { find /dev -maxdepth 1 -name 'null?*' -newer before; }
nothing_beside_null() { [ -z "$(beside_null)" ]; }
has_ended() { ! pgrep -f "$WORK/daemon forks" >/dev/null; }
touch before
rm -f go
castaway -o /dev/null --json /dev/null "$WORK/daemon" forks "$WORK/go"
claim 'recordings of several processes go to /dev/null' status_is 23
claim 'without a word of those of the others' err_hasnt 'kept'
touch go
claim 'one that still runs ends' waits_for has_ended
claim 'and makes no file there' nothing_beside_null

ln -s kept.cast link.cast
cat >scans.c <<'C'
#include "castaway.h"
int main(void) {
    return castaway_collect(2) < 0;
}
C
gcc -w -I"$include" -o scans scans.c
CASTAWAY_OPTIONS=output=$WORK/link.cast LD_PRELOAD=${CASTAWAY%/*}/libcastaway.so ./scans >/dev/null 2>&1
claim 'a scan by hand takes place' test $? = 0
claim 'what the name of the recording stands for is not replaced' test -L link.cast

rm -f go castaway.*.cast
castaway "$WORK/daemon" stays "$WORK/daemon"
claim 'a program that leaves nothing running is told nothing of the kind' status_is 23
claim 'no note then' err_hasnt 'still run'
finish
