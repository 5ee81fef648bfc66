#!/bin/bash
# Scans while the program runs: a program that does what it is told is scanned by request, so every number is exact;
# others are scanned as often as can be while they wait, fork, execute others, close all descriptors.
# shellcheck source-path=SCRIPTDIR disable=SC1091
. "$(dirname "$0")/claims.sh"
: "${BUILD:?}"
live=$(dirname "$0")/../live
for program in waits suspends endless cut cut_messages cut_files ended pending one_of_many usage waits_for_all wait_before_note execs forks told nofork lingering; do
    ${CC:-gcc} -O1 -g -Wall -Wextra -Werror -o "$WORK/$program" "$live/$program.c" -lpthread || exit 1
done
holds() { jq -e "$1" "$WORK/out" >/dev/null || { jq -c . "$WORK/out" | head -c 600; cat "$WORK/err"; false; }; }

# begin [OPTION...]: the told program, under castaway; $pid is its process
begin() {
    mkfifo "$WORK/orders" "$WORK/answers"
    "$CASTAWAY" run "$@" --json "$WORK/report.json" -- "$WORK/told" <"$WORK/orders" >"$WORK/answers" 2>"$WORK/told.err" &
    run=$!
    exec 7>"$WORK/orders" 8<"$WORK/answers"
    tell id
}
tell() {
    echo "$*" >&7
    read -r -t 20 -u 8 _ pid address
}
end() {
    exec 7>&- 8<&-
    { wait "$run"; } 2>/dev/null
    status=$?
    rm -f "$WORK/orders" "$WORK/answers"
}
scan() { # [GENERATION]
    castaway scan "$pid" --once --generation "${1:-2}" --json -
}
new() { # KIND: objects that the last scan reported of it
    jq "[.new_findings[] | select(.kind == \"$1\") | .objects] | add // 0" "$WORK/out"
}
status() { castaway status "$pid" --json -; }
comes_to() { # EXPRESSION: the status holds it, after a minute at most
    for _ in {1..600}; do
        status
        holds "$1" >/dev/null && return
        sleep 0.1
    done
    holds "$1"
}

# ---- found, confirmed, reported once ----
begin
tell keep 20000
scan
claim "nothing is lost: nothing is found" test "$(new lost) $(new cycle)" = "0 0"
tell cycle 3
tell lose 5
scan 0
claim "found lost once: not yet reported" test "$(new lost) $(new cycle)" = "0 0"
status
claim "but counted" holds '.suspects == 11 and .confirmed == 0'
scan 0
claim "confirmed by the next young scan" test "$(new lost) $(new cycle)" = "5 6"
claim "with its age" holds '.new_findings[0] | .lost_between.scan_b == 2 and .lost_between.scan_a == 1 and .generation == 0 and
    .born_seconds <= .lost_between.seconds_b'
claim "a young scan does not look at old objects" holds '.objects_scanned < 1000'
scan 0
claim "never reported twice" test "$(new lost) $(new cycle)" = "0 0"
tell cycle 1
scan 0
scan 0
claim "one more of the same: only that one" test "$(new lost) $(new cycle)" = "0 2"
status
claim "objects by generation" holds '(.generations | length) == 3 and ([.generations[].objects] | add) >= 20000'
claim "scans by generation" holds '[.generations[].scans] == [5, 0, 1]'
claim "pauses" holds '.pause_ms.p50 > 0 and .pause_ms.max >= .pause_ms.p50'
claim "methods are named" holds '.method.stop == "signal" and .method.snapshot == "clone" and (.method.dirty_pages | length) > 3'

# ---- asked once, it scans until it is sure ----
tell cycle 4
tell lose 2
castaway scan "$pid" --json -
claim "one command: scanned twice, and found" test "$(new lost) $(new cycle) $(jq -c '[.scans, .suspects]' "$WORK/out")" = "2 8 [2,0]"
claim "it counts" status_is 23
castaway scan "$pid" --json -
claim "nothing more: one scan is enough" test "$(new lost) $(new cycle) $(jq -c '[.scans, .suspects]' "$WORK/out")" = "0 0 [1,0]"
castaway scan "$pid"
claim "what was found before is told" out_has "nothing new (23 objects are findings of earlier scans)"
tell lose 3
castaway scan "$pid" --once
claim "--once: suspects are told" out_has "3 objects are suspects: unreachable in this scan, to be confirmed by the next"
claim "--once: and count for nothing yet" status_is 0
scan
claim "--once: the next one confirms them" test "$(new lost)" = 3

# ---- old objects ----
scan 1
scan 1
tell drop
scan 0
scan 0
claim "old objects are not looked at by a young scan" test "$(new lost)" = 0
scan 2
claim "a full scan demotes them" test "$(new lost)" = 0
scan 0
claim "the next young scan confirms them" test "$(new lost) $(jq '[.new_findings[] | .indirect_objects] | add' "$WORK/out")" = "1 19999"
claim "with the generation in which they were lost" holds '.new_findings[0].generation == 2'
end
claim "the report at the end holds all of it" test "$status $(jq '[.findings[] | select(.kind == "lost" or .kind == "cycle") | .objects] | add' "$WORK/report.json")" = "23 27"

# ---- when they were born ----
begin
sleep 0.3
tell apart 2
scan
scan
claim "what a thread makes is no older than the thread" holds '[.new_findings[].born_seconds >= 0.3] == [true]'
tell fork
tell lose 3
scan
scan
claim "what a child makes has a time of birth" holds '[.new_findings[].born_seconds >= 0] == [true]'
end

# ---- one cycle at a time, among many objects ----
begin
tell keep 100000
scan
found=
for _ in 1 2 3 4 5 6; do
    tell cycle 1
    scan 0
    early=$(new cycle)
    scan 0
    found+="$early$(new cycle) "
done
claim "each found within two young scans, none twice, none missed" test "$found" = "02 02 02 02 02 02 "
end

# ---- suspects that were none ----
begin
tell keep 10
scan
tell hide 20
scan 0
status
claim "hidden objects look lost" holds '.suspects == 20'
tell show 20
scan 0
status
claim "reachable again: withdrawn" holds '.withdrawn == 20 and .confirmed == 0'
tell hide 7
scan 0
tell free
scan 0
status
claim "freed: counted, and never a finding" holds '.freed_by_program >= 7 and .confirmed == 0 and .confirmed_freed == 0'
end
claim "a clean end" test "$status" = 0

# ---- growth ----
begin --show all
tell keep 2000
for _ in 1 2 3 4 5 6; do
    tell keep 500
    tell cache 300
    scan 2
    tell flush
done
claim "what grows in every full scan is told" holds '[.growing[]? | select(.stack[]?.function == "make_kept")] | length == 1'
claim "with the global that holds it" holds '.growing[] | select(.stack[]?.function == "make_kept") | .path[0].root | test("kept")'
claim "a cache that is emptied does not grow" holds '[.growing[]? | select(.stack[]?.function == "cache")] | length == 0'
claim "growth fails nothing" status_is 0
end
claim "nor at the end" test "$status" = 0

# ---- why ----
begin
tell keep 3
scan
fingerprint=$(jq -r '.new_findings[0].fingerprint // empty' "$WORK/out")
claim "no finding without a leak" test -z "$fingerprint"
castaway why "$pid" 0x10
claim "why: no such object" status_is 125
castaway why "$pid" "$address"
claim "why: held by the global" out_has kept
castaway top "$pid" --once
claim "top shows the site" out_has make_kept
claim "a hostile client asks" python3 "$live/hostile.py" "$pid"
tell keep 1
castaway status "$pid" --timeout 20s
claim "the program goes on, and answers others" status_is 0
end

# ---- the report of a killed program ----
begin
tell cycle 2
scan
scan
kill -KILL "$pid"
end
claim "killed: its status is the signal's" test "$status" = 137
claim "killed: the last scan's report is there" test "$(jq '[.findings[] | select(.kind == "cycle") | .objects] | add' "$WORK/report.json")" = 4
claim "killed: and that it was killed" grep -q SIGKILL "$WORK/report.json"

# ---- by itself ----
begin --thresholds 1000,10,10
tell keep 5000
claim "by thresholds" comes_to '([.generations[].scans] | add) >= 1'
end
begin --scan-every 50ms
tell cycle 1
claim "by time" comes_to '([.generations[].scans] | add) >= 3 and .confirmed == 2'
end

# ---- nothing of it is noticed ----
for how in "" alone; do
    castaway --scan-every 5ms -- "$WORK/waits" $how
    claim "waits end when they should${how:+, in one thread} ($(cat "$WORK/out"))" status_is 0
done
for call in sigsuspend ppoll pselect epoll_pwait epoll_pwait2; do
    castaway --scan-every 2ms --text /dev/null -- "$WORK/suspends" $call 10000
    claim "$call ends when a handler has run" test "$status $(cat "$WORK/out")" = "0 10000 came"
done
castaway "$WORK/ended"
claim "a handler that returns as we come has ended the wait ($(cat "$WORK/out"))" status_is 0
castaway "$WORK/pending"
claim "one that has to wait for ours ends a read if it is to ($(cat "$WORK/out"))" status_is 0
castaway "$WORK/one_of_many"
claim "one for the whole process ends one wait ($(cat "$WORK/out"))" status_is 0
castaway "$WORK/endless"
claim "those without an end in sight go on ($(cat "$WORK/out"))" status_is 0
for program in cut cut_messages cut_files; do
    castaway "$WORK/$program"
    claim "$program: transfers that wait are made whole ($(cat "$WORK/out"))" status_is 0
done
castaway "$WORK/waits_for_all"
claim "no wait meets a child of ours ($(cat "$WORK/out"))" status_is 0
timeout 60 "$WORK/wait_before_note" "$BUILD/libcastaway.so" "$CASTAWAY" >"$WORK/out" 2>"$WORK/err"
status=$?
claim "nor one whose clone has not yet returned" status_is 0
castaway "$WORK/usage"
claim "what children used is told without ours ($(cat "$WORK/out"))" status_is 0
castaway --scan-every 2ms -- "$WORK/execs" 60
claim "exec under scans: $status $(head -c 200 "$WORK/err" | tr "\n" " ")" test "$status $(cat "$WORK/out")" = "0 done"
castaway --scan-every 2ms -- "$WORK/forks" 60
claim "fork under scans" status_is 0
castaway --scan-every 10ms --json "$WORK/report.json" -- "$WORK/nofork"
claim "memory that children must not see holds objects, and stays out of their sight" \
    test "$status $(jq '.suspects == 0 and .scans >= 5' "$WORK/report.json")" = "0 true"
begin --scan-every 20ms
tell close
tell cycle 1
claim "all descriptors closed: control comes back" comes_to '.confirmed == 2'
end

# ---- each way to know written pages gives the same answers ----
# What was asked for is used and nothing is missing; or it is noted as missing, and all is read.
noted_choice() { # METHOD
    jq -e --arg method "$1" '[.notes[] | {(.code): .detail}] | add | {used: .["written-pages"], missing: .["method-missing"]} |
        . == {used: $method, missing: null} or ($method != "read-all" and . == {used: "read-all", missing: $method})' "$WORK/scan.json"
}
for method in pagemap-scan soft-dirty exclusive read-all; do
    begin --dirty-pages $method
    tell keep 30000
    scan
    tell cycle 4
    tell lose 2
    scan 0
    scan 0
    claim "$method: young findings" test "$(new lost) $(new cycle)" = "2 8"
    cp "$WORK/out" "$WORK/scan.json"
    tell drop
    scan 2
    scan 0
    claim "$method: old findings" test "$(new lost)" = 1
    status
    claim "$method: the choice is noted, or that it can't be had" noted_choice "$method"
    claim "$method, or what this kernel has instead" holds '.method.dirty_pages | IN("pagemap-scan", "soft-dirty", "exclusive", "read-all")'
    claim "$method: no false alarm" holds '.confirmed_withdrawn == 0 and .confirmed_freed == 0'
    end
done
# ---- held by words on a stack that nobody may need any more
lingering() { # DETAIL-PATTERN: the notes of the last scan, and no others
    jq -e --arg detail "$1" '[.notes[] | select(.code == "lingering") | .detail] as $details
        | if $detail == "" then $details == [] else ($details | length == 1) and ($details[0] | test($detail)) end' "$WORK/out" ||
        { jq -c .notes "$WORK/out"; false; }
}
mkfifo "$WORK/orders" "$WORK/answers"
"$CASTAWAY" run --fail-on none --text /dev/null -- "$WORK/lingering" <"$WORK/orders" >"$WORK/answers" 2>/dev/null &
run=$!
exec 7>"$WORK/orders" 8<"$WORK/answers"
move() {
    printf '%s' "${1:-m}" >&7
    read -r -N 1 -t 20 -u 8 _
}
move
pid=$run
scan
move
scan
claim "a word that two scans have seen is nothing to speak of" lingering ""
move
scan
claim "one that three have seen: the object that it alone holds, not what is below, nor one whose word moves" \
    lingering '^40 B, the same in 3 scans: make_left .*, leave .*, main '
scan 0
claim "a young scan says it, too" lingering '^40 B, the same in 3 scans: make_left '
move
scan
claim "and the next full one" lingering '^40 B, the same in 4 scans: make_left '
move c
scan
claim "overwritten: no more" lingering ""
move e
exec 7>&- 8<&-
wait "$run"
rm -f "$WORK/orders" "$WORK/answers"
finish
