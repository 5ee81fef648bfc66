#!/bin/bash
# castaway run: options of live scans reach the library; a program that is killed leaves the report of its last scan.
# A stand-in for libcastaway.so writes the recording, as a live scan does, when it is loaded.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2059
. "$(dirname "$0")/claims.sh"
. "$(dirname "$0")/live.sh"
build_live
cat >"$WORK/fake.c" <<'C'
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
/* Copies $FAKE_LIVE to PID.cast, with START in it replaced by the time of 13.5 seconds ago. */
__attribute__((constructor)) static void record(void)
{
    char path[4096], line[65536], *options = getenv("CASTAWAY_OPTIONS"), *dir = options ? strstr(options, "dir='") : NULL;
    FILE *from = getenv("FAKE_LIVE") ? fopen(getenv("FAKE_LIVE"), "r") : NULL;
    if (!dir || !from)
        return;
    snprintf(path, sizeof path, "%.*s/%d.cast", (int)strcspn(dir + 5, "'"), dir + 5, (int)getpid());
    FILE *to = fopen(path, "w");
    while (to && fgets(line, sizeof line, from)) {
        char *start = strstr(line, "\"start\":1.5");
        if (start)
            fprintf(to, "%.*s\"start\":%ld.0%s", (int)(start - line), line, (long)time(NULL) - 14, start + 11);
        else
            fputs(line, to);
    }
    if (to)
        fclose(to);
    fclose(from);
}
C
${CC:-gcc} -shared -fPIC -o "$WORK/libcastaway.so" "$WORK/fake.c"
export CASTAWAY_LIBRARY=$WORK/libcastaway.so TMPDIR=$WORK/tmp FAKE_LIVE=$WORK/l.cast
mkdir "$TMPDIR"
live_recording 4242 >"$FAKE_LIVE"

castaway perl -e 'kill 9, $$'
claim "SIGKILL: the same death" status_is 137
claim "SIGKILL: the last scan's findings" err_has "became unreachable between scan 41 and 42"
claim "SIGKILL: said, with how long ago" grep -qE \
    'note: the program left no recording of its end: this is the report of its last scan \(killed by SIGKILL; the scan was 12\.8 s after its start, [1-9]\.[0-9] s before its end\)' "$WORK/err"
claim "SIGKILL: nothing is missing" test "$(grep -c 'no recording came' "$WORK/err")" = 0
castaway --json - perl -e 'kill 9, $$'
claim "SIGKILL: in JSON" jq -e '.program.signal == 9 and .findings[0].kind == "lost" and
    any(.notes[]; .code == "last-scan")' "$WORK/out"
castaway -o "$WORK/kept.cast" perl -e 'kill 9, $$'
claim "SIGKILL: the recording is kept" grep -q '"number":42' "$WORK/kept.cast"
castaway perl -e 'use POSIX; POSIX::_exit(0)'
claim "left by _exit: the last scan counts" status_is 23
claim "left by _exit: said" err_has "it left by _exit or the like"
grep -v '"finding"' "$FAKE_LIVE" | sed 's/"lost":{[^}]*}/"lost":{"objects":0}/' >"$WORK/clean.cast"
FAKE_LIVE=$WORK/clean.cast castaway perl -e 'use POSIX; POSIX::_exit(0)'
claim "left by _exit, nothing found before: not taken for clean" status_is 125
FAKE_LIVE=/none castaway perl -e 'kill 9, $$'
claim "killed without a scan: said" err_has "no recording came from the program itself (killed by SIGKILL)"
claim "killed without a scan: the same death" status_is 137
castaway sh -c 'perl -e "kill 9, \$\$"; exit 3'
claim "another process was killed: said" err_has "this is the report of its last scan (another process, or a program that this one was before)"
castaway report "$WORK/kept.cast"
claim "read later: said" err_lines 0
claim "read later: in the report" out_has "note: the program left no recording of its end: this is the report of its last scan"
live_recording 4242 0 >"$WORK/exit.cast"
FAKE_LIVE=$WORK/exit.cast castaway perl -e 'exit 0'
claim "reached its exit: no such note" test "$(grep -c 'last scan' "$WORK/err")" = 0
claim "no folder is left behind" test -z "$(ls -A "$TMPDIR")"

# ---- options ----
castaway --text /dev/null --scan-every 2m --thresholds 5,6,7 --confirm 3 --scan-signal SIGUSR2 --control=no \
    --dirty-pages=read-all sh -c 'echo "$CASTAWAY_OPTIONS"'
claim "options reach the library" out_has \
    ":scan-every=120000ms:thresholds=5,6,7:confirm=3:scan-signal=USR2:control=no:dirty-pages=read-all"
castaway --text /dev/null --scan-signal RTMIN+3 --scan-every=7 sh -c 'echo "$CASTAWAY_OPTIONS"'
claim "real-time signals by number, seconds without unit" out_has ":scan-signal=$((34 + 3)):scan-every=7000ms"
CASTAWAY_OPTIONS=scan-every=1h:confirm=5 castaway --text /dev/null --confirm 2 sh -c 'echo "$CASTAWAY_OPTIONS"'
claim "the command line comes behind the environment" out_has ":scan-every=3600000ms:confirm=5:confirm=2"
wrong() { # OPTION VALUE...
    local option=$1 value
    shift
    for value; do
        castaway "$option=$value" touch "$WORK/started"
        claim "$option=$value: status" status_is 125
        claim "$option=$value: one line" err_lines 1
        claim "$option=$value: says what" err_has "$option: \`$value\` is not"
    done
}
wrong --scan-every 0 0ms -1s x 1.5s 25h 99999999999999999999s 10q '' ' 1s'
wrong --thresholds 0,10,10 -1,10,10 1,2 1,2,3,4 a,b,c 1,,3 99999999999999999999,1,1 '' 1,2,3x
wrong --confirm 0 -1 x 1001 1.5
wrong --scan-signal KILL STOP SEGV 9 RTMIN RTMIN+0 RTMIN+31 '' usr1
wrong --control maybe '' YES
wrong --dirty-pages magic '' AUTO
CASTAWAY_OPTIONS=thresholds=0,1,1 castaway touch "$WORK/started"
claim "environment: wrong value" err_has "CASTAWAY_OPTIONS: thresholds: \`0,1,1\` is not"
CASTAWAY_OPTIONS=thresholds=0,1,1 castaway report "$FAKE_LIVE"
claim "environment: what is the library's does not keep a report from being read" status_is 23
castaway report "$FAKE_LIVE" --scan-every 1s
claim "an option of another verb" err_has "--scan-every: not an option of this verb"
claim "nothing was started" test ! -e "$WORK/started"
finish
