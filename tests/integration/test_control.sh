#!/bin/bash
# castaway status, scan, why: answers of a running program, and everything that can be wrong with it.
# A stand-in plays the program, so that answers are known to the byte.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2059,SC2119
. "$(dirname "$0")/claims.sh"
. "$(dirname "$0")/live.sh"
build_live
A=$WORK/answers
mkdir "$A"
{ live_header 4242; live_status; live_end; } >"$A/status"
{ live_header 4242; live_sites; live_scan 42 2; live_finding; live_growth; live_status; live_end; } >"$A/scan"
{ live_header 4242; live_sites; printf '{"record":"path","target":94000000000000,"path":%s}\n' "$(live_path)"; live_end; } >"$A/why"
{ live_header 4242; live_sites; live_finding; live_growth; live_status; live_end; } >"$A/top"
fake answer

# ---- status ----
castaway status $fake --json -
claim "status: 0" status_is 0
claim "status: keys in order" test "$(jq -r 'keys_unsorted | join(" ")' "$WORK/out")" = \
    "pid recorded_seconds generations pause_ms suspects confirmed withdrawn freed_by_program confirmed_withdrawn confirmed_freed method"
claim "status: numbers" holds ".pid == $fake and .recorded_seconds == 12.9 and .suspects == 12 and .confirmed == 9 and
    .withdrawn == 2 and .freed_by_program == 1 and .pause_ms == {p50: 0.8, p99: 2.1, max: 2.5}"
claim "status: generations" holds '.generations | length == 3 and .[0] ==
    {objects: 100, bytes: 2400, scans: 40, scan_ms_p50: 0.25, scan_ms_max: 0.9}'
claim "status: methods" holds '.method == {dirty_pages: "pagemap-scan", stop: "signal", snapshot: "clone"}'
castaway status $fake
claim "status in words" out_has "castaway: ./cache[$fake]: watched for 12.9 s"
claim "status: a generation's line" grep -qE '^2 \(old\) +48 211 +1\.1 MiB +1 +20\.2 ms +20\.2 ms$' "$WORK/out"
claim "status: 80 columns" test "$(awk '{ if (length($0) > 80) n++ } END { print n + 0 }' "$WORK/out")" = 0
castaway status --json "$WORK/a.json" --text "$WORK/a.txt" $fake
claim "status to files" test -s "$WORK/a.json" -a -s "$WORK/a.txt" -a ! -s "$WORK/out"
castaway status $fake --json /dev/full
claim "status: full disk" status_is 125

# ---- scan ----
castaway scan $fake --json -
claim "scan: findings end with 23" status_is 23
claim "scan: keys" holds '.generation == 2 and .pause_ms == 1.5 and .scan_ms == 20.25 and .objects_scanned == 4000 and
    .bytes_read == 65536'
claim "scan: new findings" holds '(.new_findings | length) == 1 and (.new_findings[0] | .kind == "lost" and
    .lost_between.scan_b == 42 and .stack[0].function == "node_new")'
claim "scan: growth is not new" holds '.growing[0].path[0].root == "g_cache"'
castaway scan $fake --generation 0 --exit-code 0
claim "scan: --exit-code" status_is 0
claim "scan: the generation asked for" test "$(tail -1 "$A/requests")" = "castaway 1 scan 0"
claim "scan in words" out_has "scan 42, generation 2: 4 000 objects in 20.2 ms, pause 1.5 ms; 1 new finding"
claim "scan: the finding" out_has "born at 12.1 s"
castaway scan $fake --fail-on cycle
claim "scan: a kind that does not count" status_is 0
{ live_header 1; live_scan 43 0; live_status; live_end; } >"$A/scan"
castaway scan $fake
claim "scan: nothing new, although suspects stand in its sums" status_is 0
claim "scan: nothing new: said" out_has "nothing new"
before=$(wc -l <"$A/requests")
{ live_header 1; live_scan 44 0; live_status | sed 's/"suspects":12/"suspects":20/'; live_end; } >"$A/scan"
castaway scan $fake
claim "scan: suspects that never become findings are told" out_has "8 objects are suspects: unreachable in this scan"
claim "scan: and asked for four times at most" test $(($(wc -l <"$A/requests") - before)) -eq 4
for generation in 3 -1 x; do
    castaway scan $fake --generation $generation
    claim "scan: generation $generation" err_has "--generation: \`$generation\` is not a number from 0 to 2"
done
{ live_header 1; echo '{"record":"note","code":"scans-skipped","count":1,"detail":"2 threads did not stop"}'; live_end; } >"$A/scan"
castaway scan $fake
claim "scan that was not made: 125" status_is 125
claim "scan that was not made: why" err_has "scans that were due and not made (2 threads did not stop)"
{ live_header 1; live_end; } >"$A/scan"
castaway scan $fake
claim "an answer without a scan" err_has "holds no scan"

# ---- why ----
castaway why $fake 0x557e45d44000
claim "why: 0" status_is 0
claim "why: who holds it" out_has "0x557e45d44000 is held by"
claim "why: the path" out_has "    g_cache+0x10 → table ─(+0x40)→ node × 48 211"
claim "why: each object's stack" grep -qE '^    table +128 bytes +table_new +cache.c:5$' "$WORK/out"
claim "why: the address goes in hexadecimal" test "$(tail -1 "$A/requests")" = "castaway 1 why 557e45d44000"
castaway why $fake 557e45d44000 --json -
claim "why in JSON" holds '.reached and .path[0].root == "g_cache" and .path[0].offset == 16 and .path[1].function == "table_new"'
{ live_header 1; echo '{"record":"note","code":"not-reached","count":1}'; live_end; } >"$A/why"
castaway why $fake 0x10
claim "why of a lost object" out_has "0x10 is lost: nothing that the program can reach holds it"
{ live_header 1; live_sites; echo '{"record":"note","code":"not-reached","count":1}'
    printf '{"record":"path","target":16,"path":%s}\n' "$(live_path)"; live_end; } >"$A/why"
castaway why $fake 0x10
claim "why of a lost object that a scan saw held" out_has "it was held by"
claim "its path" out_has "g_cache+0x10 → table"
{ live_header 1; echo '{"record":"note","code":"no-such-object","count":1}'; live_end; } >"$A/why"
castaway why $fake 0x10
claim "why of no object: 125" status_is 125
claim "why of no object: said" err_has "no live object has that address"
for what in 0x xyz 0x12345678901234567 ''; do
    castaway why $fake "$what"
    claim "why of '$what'" err_has "is neither an address"
done
castaway report "$A/top" --json - --show all
growing=$(jq -r '.findings[] | select(.kind == "growing").fingerprint' "$WORK/out")
lost=$(jq -r '.findings[] | select(.kind == "lost").fingerprint' "$WORK/out")
castaway why $fake "${growing:0:8}"
claim "why by the fingerprint that text shows" out_has "${growing:0:8} (growing) is held by"
claim "its path, too" out_has "g_cache+0x10 → table"
castaway why "$A/top" "$growing" --json -
claim "why of a file" holds '.pid == null and .kind == "growing" and .path[0].root == "g_cache"'
castaway why $fake "$lost"
claim "why of a finding that is lost" out_has "(lost) is lost: nothing that the program can reach holds it"
castaway why $fake 0123456789abcdef
claim "why of no finding" err_has "no finding of $fake has the fingerprint 0123456789abcdef"
castaway why "$A/top" 0x10
claim "why of an address in a file" err_has "holds no path to 0x10"
castaway why "$WORK/none.cast" 0x10
claim "why of no file" err_has "none.cast: No such file"

# ---- words ----
refused() { # SENTENCE MESSAGE ARGUMENTS...
    castaway "${@:3}"
    claim "$1: 125" status_is 125
    claim "$1: one line" err_lines 1
    claim "$1: message" err_has "$2"
    claim "$1: nothing else" test ! -s "$WORK/out"
}
refused "no process id" "status: PID is missing" status
refused "two of them" "\`7\` is too much; \`castaway status PID\`" status $fake 7
refused "not a number" '`x1` is not a process id' status x1
refused "zero" '`0` is not a process id' status 0
refused "negative" 'unknown option `-5`' status -5
refused "too large" '`99999999999` is not a process id' status 99999999999
refused "no address" "why: ADDRESS|FINGERPRINT is missing" why $fake
refused "wrong time limit" '--timeout: `0` is not a duration' status $fake --timeout 0
refused "another verb's option" "--generation: not an option of this verb" status $fake --generation 1
castaway status --help
claim "--help" out_has "castaway status PID"

# ---- answers that are none ----
printf '{"record":"header","format":"castaway","version":9}\n' >"$A/status"
refused "another version" "recording of version 9, this castaway reads version 1" status $fake
echo hello >"$A/status"
refused "no recording" "answer of process $fake:1: not a recording" status $fake
head -c 200000 /dev/urandom >"$A/status"
refused "noise" "not a recording" status $fake
{ live_header 4242; live_status; } >"$A/status"
refused "cut before its end" "the answer of process $fake is cut" status $fake
{ live_header 4242; live_status; live_end; } | head -c 300 >"$A/status"
refused "cut in a line" "the answer of process $fake is cut" status $fake
{ live_header 4242; live_end; } >"$A/status"
refused "no status in it" "holds no status" status $fake
{ live_header 1; echo '{"record":"note","code":"scans-skipped","count":1,"detail":"no snapshot could be made"}'; live_end; } >"$A/status"
refused "no status could be made" "not made (no snapshot could be made)" status $fake
{ live_header 4242; echo '{"record":"note","code":"refused","count":1,"detail":"status"}'; live_end; } >"$A/status"
refused "not understood" "process $fake: the request was not understood (status)" status $fake
{ live_header 4242; echo '{"record":"status","generations":[1,2]}'; live_end; } >"$A/status"
refused "a status that is none" "damaged recording" status $fake
{ live_header 4242 | sed 's/\.\/cache/\\u001b[2J\\u202ex/'; live_status | sed 's/"signal"/"\\u001b]0;x"/'; live_end; } >"$A/status"
castaway status $fake
claim "hostile names are shown, not sent" test -z "$(tr -d '\040-\176\n\200-\377' <"$WORK/out")"
claim "and can be read" out_has '\x1b[2J\xe2\x80\xaex['
fake_ends

# ---- programs that don't answer ----
{ live_header 4242; live_status; live_end; } >"$A/status"
limited() { # SENTENCE MESSAGE LIMIT_MS ARGUMENTS... : refused, and within the limit
    local before=${EPOCHREALTIME/./}
    refused "$1" "$2" "${@:4}"
    local took=$(((${EPOCHREALTIME/./} - before) / 1000))
    claim "$1: within $3 ms (took $took)" test "$took" -lt "$3"
}
fake silent
limited "silent" "no answer from process $fake within 300 ms" 3000 status $fake --timeout 300ms
kill -STOP $fake
limited "stopped" "no answer from process $fake within 1 s (it is stopped)" 4000 status $fake --timeout 1s
kill -CONT $fake
fake_ends
fake trickle
limited "a byte a second" "no answer from process $fake within 2 s" 6000 status $fake --timeout 2s
fake_ends
fake close
refused "closes at once" "process $fake gave no answer" status $fake
fake_ends
fake ends
refused "ends when asked" "process $fake ended meanwhile" status $fake
wait "$fake" 2>/dev/null
fake endless
limited "an answer without end" "process $fake" 60000 status $fake --timeout 2s
fake_ends
fake busy
castaway status $fake --json -
claim "busy with another scan: asked again" holds '.confirmed == 9'
claim "three times in all" test "$(wc -l <"$A/requests")" -eq 3
fake_ends
fake engaged
refused "busy for longer than we wait" "process $fake is busy with another scan" status $fake --timeout 2s
fake_ends
fake late
castaway status $fake
claim "a socket that comes late is waited for" status_is 0
fake_ends
fake later
castaway status $fake
claim "a young program's, as long as for an answer" status_is 0
fake_ends
fake deaf
limited "no socket at all" "process $fake can't be asked: /tmp/castaway-$(id -u)/$fake.sock is not there" 6000 status $fake --timeout 3s
kill -9 "$fake"; wait "$fake" 2>/dev/null
fake answer env CASTAWAY_OPTIONS=confirm=2:control=no
limited "switched off" "process $fake can't be asked: it was started with control=no" 1000 status $fake
fake_ends
fake answer env CASTAWAY_OPTIONS=control=no:control=yes
castaway status $fake
claim "the last of two counts" status_is 0
S=/tmp/castaway-$(id -u)/$fake.sock
kill -9 "$fake"; wait "$fake" 2>/dev/null
refused "gone" "there is no process $fake" status $fake
rm -f "$S"

# ---- processes that are not ours to ask ----
sleep 60 &
other=$!
limited "not watched" "process $other is not watched: libcastaway.so is not loaded in it" 5000 status $other
kill $other; wait $other 2>/dev/null
perl -e 'if (fork) { sleep 60 } else { exit 0 }' &
parent=$!
for _ in $(seq 1200); do
    zombie=$(pgrep -P $parent) && grep -q '^State:.Z' "/proc/$zombie/status" 2>/dev/null && break
    sleep 0.02
done
refused "a zombie" "process $zombie has ended" status "$zombie"
kill $parent; wait $parent 2>/dev/null
python3 -c 'import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); time.sleep(60)' &
threaded=$!
tid=
for _ in $(seq 1200); do
    tid=$(find "/proc/$threaded/task" -mindepth 1 -maxdepth 1 ! -name "$threaded" -printf '%f\n' | head -1)
    [ -n "$tid" ] && break
    sleep 0.05
done
refused "a thread" "$tid is a thread of process $threaded" status "$tid"
kill $threaded; wait $threaded 2>/dev/null
fake answer

fake_ends
rm -f "$A/ready"
CASTAWAY_LIBRARY=$WORK/libcastaway.so "$CASTAWAY" --text /dev/null "$(dirname "$0")/fake_program.py" "$A" late 2>/dev/null &
run=$!
castaway status $run --json -
claim "of castaway itself: its program, as soon as it can answer" holds ".pid == $(pgrep -P $run) and .confirmed == 9"
kill $run; wait $run 2>/dev/null
fake answer

# Folders and sockets that others could have made.
S=/tmp/castaway-$(id -u)/$fake.sock
chmod 666 "$S"
refused "a socket that all may write to" "$S: not trusted" status $fake
chmod 600 "$S"
mv "$S" "$S.away"; ln -s "$S.away" "$S"
refused "a link in its place" "$S: not trusted" status $fake
rm "$S"; touch "$S"; chmod 600 "$S"
refused "a file in its place" "$S: not trusted" status $fake
mv "$S.away" "$S"
castaway status $fake
claim "put right, it answers" status_is 0
fake_ends

if [ "$(id -u)" = 0 ] && setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
    chmod -R a+rX "$WORK"; chmod a+rwx "$A"
    fake answer
    as_nobody() { setpriv --reuid 65534 --clear-groups "$CASTAWAY" "$@" >"$WORK/out" 2>"$WORK/err"; status=$?; }
    as_nobody status $fake
    claim "another user's: 125" status_is 125
    claim "another user's: said" err_has "process $fake belongs to user root: only that user and root can ask it"
    fake_ends
    fake answer setpriv --reuid 65534 --clear-groups
    as_nobody status $fake
    claim "a user asks their own" status_is 0
    castaway status $fake
    claim "root asks everybody's" status_is 0
    chmod 755 /tmp/castaway-65534
    castaway status $fake
    claim "a folder that is open to others" err_has "/tmp/castaway-65534: not trusted"
    chmod 700 /tmp/castaway-65534
    fake_ends
fi
# Its /tmp is its own, and so is its process id.
if unshare -m -p -f true 2>/dev/null; then
    mkdir -p "$WORK/own" "/tmp/castaway-$(id -u)"
    chmod 700 "$WORK/own"
    fake answer unshare -m -p -f --propagation private --mount-proc \
        sh -c 'mount --bind "$0" "$1" && shift && "$@"; true' "$WORK/own" "/tmp/castaway-$(id -u)"
    inner=$(pgrep -f "fake_program.py $A answer" -n)
    claim "the socket is not where we see it" test ! -e "/tmp/castaway-$(id -u)/$inner.sock" -a -n "$(ls "$WORK/own")"
    castaway status "$inner" --json -
    claim "other namespaces" holds ".pid == $inner and .confirmed == 9"
    kill "$inner"
    wait "$fake" 2>/dev/null
fi
rmdir /tmp/castaway-65534 2>/dev/null
finish
