#!/bin/bash
# castaway run: the program's own exit, its signals and streams, the folder of recordings. A stand-in for
# libcastaway.so writes the recordings, so that only the outside tool is tested here.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2059
. "$(dirname "$0")/claims.sh"
cat >"$WORK/fake.c" <<'C'
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* Writes PID.cast into dir= of CASTAWAY_OPTIONS; FAKE_LOST objects are lost. */
__attribute__((destructor)) static void record(void)
{
    char path[4096], *options = getenv("CASTAWAY_OPTIONS"), *dir = NULL;
    const char *lost = getenv("FAKE_LOST"), *raw = getenv("FAKE_RAW");
    for (char *at = options; at && (at = strstr(at, "dir='")); at++)
        dir = at; /* the last one counts */
    if (!dir)
        return;
    snprintf(path, sizeof path, "%.*s/%d.cast", (int)strcspn(dir + 5, "'"), dir + 5, (int)getpid());
    FILE *file = fopen(path, "w");
    if (!file)
        return;
    if (raw)
        fputs(raw, file);
    else
        fprintf(file,
                "{\"record\":\"header\",\"format\":\"castaway\",\"version\":1,\"pid\":%d,\"argv\":[\"x\"],\"exit_status\":0}\n"
                "{\"record\":\"site\",\"id\":1,\"frames\":[[-1,4096]]}\n"
                "{\"record\":\"scan\",\"lost\":{\"objects\":%s,\"bytes\":%s},\"reachable\":{\"objects\":5,\"bytes\":50}}\n",
                (int)getpid(), lost ? lost : "0", lost ? lost : "0");
    if (!raw && lost && atoi(lost))
        fprintf(file, "{\"record\":\"finding\",\"kind\":\"lost\",\"site\":1,\"count\":%s,\"objects\":%s,\"bytes\":%s}\n", lost,
                lost, lost);
    if (!raw)
        fputs("{\"record\":\"end\"}\n", file);
    fclose(file);
}
C
${CC:-gcc} -shared -fPIC -o "$WORK/libcastaway.so" "$WORK/fake.c"
export CASTAWAY_LIBRARY=$WORK/libcastaway.so TMPDIR=$WORK/tmp
mkdir "$TMPDIR"
export FAKE_LOST=3

castaway true
claim "findings: 23" status_is 23
claim "the report is on standard error" err_has "castaway: true["
claim "standard output is empty" test ! -s "$WORK/out"
castaway sh -c 'exit 7'
claim "the program's own status wins" status_is 7
castaway --exit-code 99 true
claim "--exit-code" status_is 99
castaway --exit-code 0 true
claim "--exit-code 0" status_is 0
castaway --fail-on cycle true
claim "a kind that does not count" status_is 0
CASTAWAY_OPTIONS=exit-code=42:unknown=1 castaway run -- true
claim "defaults from the environment" status_is 42
CASTAWAY_OPTIONS=exit-code=42 castaway --exit-code=43 true
claim "the command line overrides them" status_is 43
FAKE_LOST=0 castaway true
claim "clean: 0" status_is 0
claim "clean: said" err_has "5 objects, nothing unreachable"

castaway --json - --text "$WORK/t" bash -c 'echo out; echo err >&2; echo --json'
claim "options end at the command" out_has "--json"
claim "JSON follows the program's output" test "$(head -2 "$WORK/out" | paste -sd' ')" = "out --json"
claim "JSON is valid" sh -c "sed 1,2d '$WORK/out' | jq -e '.program.exit_status == 0 and .program.argv[0] == \"bash\"'"
claim "text in its file" grep -q SUMMARY "$WORK/t"
claim "standard error is the program's" test "$(cat "$WORK/err")" = err
echo input >"$WORK/in"
"$CASTAWAY" cat <"$WORK/in" >"$WORK/out" 2>"$WORK/err"
claim "standard input is the program's" cmp "$WORK/in" "$WORK/out"
castaway sh -c 'kill -TERM $$'
claim "killed: the same signal" status_is $((128 + 15))
claim "killed: said" err_has "no recording came from the program itself (killed by SIGTERM)"
castaway sh -c 'kill -SEGV $$'
claim "crashed: the same signal" status_is $((128 + 11))
castaway --json - sh -c 'kill -KILL $$'
claim "killed: signal in JSON" jq -e '.program.signal == 9 and .program.exit_status == null' "$WORK/out"
castaway perl -e 'use POSIX; POSIX::_exit(0)'
claim "left by _exit: 125" status_is 125
claim "left by _exit: said" err_has "no recording came from the program itself"
castaway perl -e 'use POSIX; POSIX::_exit(9)'
claim "left by _exit: the program's own failure wins" status_is 9

castaway --text - bash -c '(exit 0) & wait; env true; true'
claim "processes are merged" out_has "more process"
castaway -o "$WORK/keep/r.cast" true
claim "output folder missing" status_is 125
mkdir "$WORK/keep"
castaway -o "$WORK/keep/r.cast" bash -c 'env true; exit 0'
claim "the recording is kept" grep -q header "$WORK/keep/r.cast"
claim "and those of other processes" test "$(find "$WORK/keep" -name 'r.[0-9]*.cast' | wc -l)" -ge 1
X=abc castaway -o "$WORK/keep/%q{X}-%h-%p-%%.cast" true
claim "names are expanded" sh -c "ls '$WORK'/keep/abc-$(hostname)-[0-9]*-%.cast"
castaway -o /dev/full true
claim "full disk: 125" status_is 125
claim "full disk: said" err_has "/dev/full: the recording was not kept: No space left on device"
castaway --json /dev/full bash -c 'echo output'
claim "full disk: the program's output stands" out_has output
claim "full disk for the report: 125" status_is 125

FAKE_RAW='rubbish' castaway true
claim "unreadable recording: 125" status_is 125
claim "unreadable recording: said" err_has "not a recording"
castaway "$CASTAWAY" --text "$WORK/inner" true
claim "castaway under castaway" grep -q SUMMARY "$WORK/inner"
claim "no folder is left behind" test -z "$(ls -A "$TMPDIR")"

# ---- environment and signals ----
env -i PATH="$PATH" A=1 CASTAWAY_LIBRARY="$CASTAWAY_LIBRARY" "$CASTAWAY" --keep-pools --fail-on none --text /dev/null env >"$WORK/out"
claim "the environment is the user's" test "$(grep -vE '^(LD_PRELOAD|CASTAWAY_OPTIONS)=' "$WORK/out" | paste -sd' ')" = \
    "PATH=$PATH A=1 CASTAWAY_LIBRARY=$CASTAWAY_LIBRARY"
claim "the library is preloaded" out_has "LD_PRELOAD=$CASTAWAY_LIBRARY"
mkdir "$WORK/a b" && cp "$WORK/libcastaway.so" "$WORK/a b/"
CASTAWAY_LIBRARY="$WORK/a b/libcastaway.so" castaway true
claim "a path with a blank is loaded" status_is 23
CASTAWAY_LIBRARY=/none castaway true
claim "no library: 125" status_is 125
signals() { perl -ne 'print if /^Sig(Blk|Ign)/' /proc/self/status; }
signals >"$WORK/plain"
"$CASTAWAY" --text /dev/null perl -ne 'print if /^Sig(Blk|Ign)/' /proc/self/status >"$WORK/watched" 2>/dev/null
claim "signal mask and dispositions are the user's" cmp "$WORK/plain" "$WORK/watched"
(trap '' CHLD; exec "$CASTAWAY" --text /dev/null --exit-code 5 true)
status=$?
claim "an ignored SIGCHLD does no harm" status_is 5
"$CASTAWAY" --text /dev/null perl -e '$SIG{TERM} = sub { exit 31 }; $| = 1; print "ready\n"; sleep 20' >"$WORK/ready" &
for _ in $(seq 1200); do [ -s "$WORK/ready" ] && break; sleep 0.05; done
kill -TERM $!
wait $!
status=$?
claim "SIGTERM is passed on" status_is 31
# A report that nobody reads, into a pipe that is full.
mkfifo "$WORK/pipe"
exec 9<>"$WORK/pipe"
dd if=/dev/zero of="$WORK/pipe" oflag=nonblock bs=4K count=1000 2>/dev/null
for signal in TERM HUP; do
    rm -f "$WORK/program"
    # shellcheck disable=SC2016
    "$CASTAWAY" --text - sh -c 'echo $$ >"$0"' "$WORK/program" >&9 2>/dev/null &
    for _ in $(seq 1200); do [ -s "$WORK/program" ] && [ ! -e "/proc/$(cat "$WORK/program")" ] && break; sleep 0.05; done
    for _ in $(seq 400); do kill -$signal $! 2>/dev/null || break; sleep 0.05; done
    kill -KILL $! 2>/dev/null
    { wait $!; } 2>/dev/null
    status=$?
    claim "SIG$signal ends the report of a program that has ended" status_is $((128 + $(kill -l $signal)))
done
finish
