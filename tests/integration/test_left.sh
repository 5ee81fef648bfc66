#!/usr/bin/env bash
# Processes that outlive the program: the report says that there are some, and where theirs will be; there it is.
# shellcheck disable=SC2086 # patterns are meant to become several words
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"

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

rm -f go castaway.*.cast
castaway "$WORK/daemon" stays "$WORK/daemon"
claim 'a program that leaves nothing running is told nothing of the kind' status_is 23
claim 'no note then' err_hasnt 'still run'
finish
