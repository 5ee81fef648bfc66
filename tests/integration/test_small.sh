#!/usr/bin/env bash
# Many small processes: their recordings go into one file, and where that can't be had none is missing.
# shellcheck disable=SC2016 # what is not for this shell
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"

cat >"$WORK/leak.c" <<'C'
#include <stdlib.h>
static void __attribute__((noinline)) drop(void) { malloc(100); }
static void __attribute__((noinline)) clear(void) { volatile char area[65536]; for (size_t i = 0; i < sizeof area; i++) area[i] = 0; }
int main(void) {
    drop();
    clear();
    return 0;
}
C
gcc -O0 -g -w -o "$WORK/leak" "$WORK/leak.c" || exit 1
cd "$WORK" || exit 1

# In the scripts: $dir is the folder of recordings, `leaks N` runs the program N times.
cat >lib.sh <<'S'
dir=${CASTAWAY_OPTIONS#*dir=?}
dir=${dir%%\'*}
leaks() { for _ in $(seq "$1"); do ./leak; done; }
own() { ls "$dir" | grep -c '\.cast$'; }
S
runs() { # [OPTION...] SCRIPT
    rm -f json out.*
    castaway --json json --text /dev/null --fail-on none "${@:1:$#-1}" -- sh -c ". ./lib.sh; ${*: -1}"
}
lost_in() { # PROCESSES
    jq -e --argjson n "$1" '.summary.lost.objects == $n and .summary.lost.bytes == 100 * $n' json
}

runs 'leaks 20; own >own; ls "$dir" >listed'
claim 'each of many processes is in the report' lost_in 20
claim 'and counted, with the shells between' test "$(jq .processes json)" -ge 21
claim 'none of them has made a file' test "$(cat own)" = 0
claim 'but one for all' grep -qx together listed

searched() { # SCRIPT: where its last process was looked through
    runs "$1"' cp "$dir/together" made' && jq -r 'select(.record == "status") | .method.snapshot' made | tail -n 1
}
claim 'a small process is looked through by itself' test "$(searched './leak;')" = in-process
claim 'and what it lost is found' lost_in 1
claim 'not where its time is limited' test "$(searched '(ulimit -t 1000; exec ./leak);')" = clone
claim 'and there it is found, too' lost_in 1

# What is held is told site by site only where somebody asks for it; the sums are the same.
sed -i 's/    clear();/    static char *held, *inside; held = malloc(10); inside = (char *)malloc(200) + 100; held[0] = inside[0];\n&/' leak.c
gcc -O0 -g -w -o "$WORK/leak" "$WORK/leak.c" || exit 1
held_in() { # OPTION...: the kinds of held objects that a process tells its places of
    runs "$@" './leak; cp "$dir/together" made; :' 2>/dev/null
    jq -c '.summary | map_values([.objects, .findings])' json >sums
    grep -oE '"kind":"(possible|reachable)"' made | sort -u | cut -d'"' -f4 | xargs
}
claim 'reachable objects are listed when they shall be shown' test "$(held_in --show reachable)" = 'possible reachable'
claim 'and for a page with all that lives' test "$(held_in --html out.html)" = 'possible reachable'
claim 'and where they may fail the run' test "$(held_in --fail-on reachable)" = 'possible reachable'
claim 'those held in their middle alone, too' test "$(held_in --show possible)" = possible
claim 'but neither for a report without them' test "$(held_in)" = ''
mv sums without
held_in -o kept.%p.cast >/dev/null
claim 'where the recording is kept they are' sh -c 'cat kept.*.cast | grep -q "\"kind\":\"reachable\""'
claim 'and the sums are the same' diff without sums
claim 'and the lost ones' lost_in 1
rm -f kept.*.cast
runs 'for i in 1 2 3 4 5 6 7 8 9 10; do leaks 4 & done; wait'
claim 'so it is when they end at the same time' lost_in 40
runs './leak; :'
claim 'a single one is found, too' lost_in 1
runs -o kept.%p.cast 'leaks 5; :'
kept=$(grep -l leak kept.*.cast | xargs grep -l '"kind":"lost"' | wc -l)
claim 'with -o each recording is kept by itself' test "$kept" = 5
claim 'each can be read by itself' sh -c 'for each in kept.*.cast; do "$0" report --fail-on none "$each" || exit 1; done' "$CASTAWAY"
claim 'and the report is the same' lost_in 5
rm -f kept.*.cast

# One that can't add to the file has one of its own.
runs '(ulimit -S -f 1000; leaks 2); own >own; leaks 3'
claim 'a limit on the size of files is no reason to lose one' lost_in 5
claim 'it holds for each recording by itself' test "$(cat own)" -ge 2
runs 'mkdir "$dir/together"; leaks 3; own >own'
claim 'nor is a folder in its place' lost_in 3
claim 'each has its file then' test "$(cat own)" -ge 3
runs 'mkfifo "$dir/together"; leaks 3'
claim 'nor a pipe that nobody reads' lost_in 3
runs 'ln -s /nowhere/at/all "$dir/together"; leaks 3'
claim 'nor a link' lost_in 3
cat >held.py <<'PYTHON'
import fcntl, sys, time
file = open(sys.argv[1], "r+b")
fcntl.lockf(file, fcntl.LOCK_EX)
open("held", "w").close()
time.sleep(20)
PYTHON
runs 'leaks 1; LD_PRELOAD= python3 held.py "$dir/together" & while [ ! -e held ]; do sleep 0.05; done; leaks 2; kill $!; own >own'
claim 'nor a process that holds it and was stopped' lost_in 3
claim 'which is not waited for' test "$(cat own)" -ge 2

# What lies in it is not trusted.
runs 'leaks 2; printf "\n{\"record\":\"header\",\"format\":\"castaway\"" >>"$dir/together"; leaks 2'
claim 'a recording that was cut short there is none, and hides no other' lost_in 4
claim 'it is no failure' status_is 0
runs 'leaks 2; printf "\0\377 no recording at all\n\n" >>"$dir/together"; leaks 2'
claim 'nor does anything else hide one' lost_in 4
finish
