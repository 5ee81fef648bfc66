#!/bin/bash
# The text report: what a person sees of a recording whose contents are known.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2059
. "$(dirname "$0")/claims.sh"
build_sample
sample_recording >"$WORK/s.cast"

line_is() { # NUMBER TEXT
    local line
    line=$(sed -n "$1p" "$WORK/out")
    [ "$line" = "$2" ] || { printf '%s\n' "$line"; false; }
}

castaway report "$WORK/s.cast"
claim "findings end with status 23" status_is 23
claim "the header counts" line_is 1 \
    "castaway: ./server[4242]: 1 545 objects, 1.3 MiB unreachable: 1 cycle (512 times), 1 leak"
claim "a cycle's head" grep -qE \
    '^ 1  CYCLE   512 × 2 objects   96\.0 KiB   \+ 1\.1 MiB reached only from them +[0-9a-f]{8}$' "$WORK/out"
claim "a cycle's edges" line_is 4 "    session ─(.timer)→ timer ─(+0x08)→ session"
claim "an inlined frame" line_is 5 "    session  128 bytes   take             server/session.c:11 (inlined)"
claim "the frame that it is inlined into" line_is 6 "                         session_new      server/session.c:15"
claim "sizes are aligned" line_is 8 "    timer     64 bytes   timer_new        server/session.c:5"
claim "a leak's head" grep -qE '^ 2  LEAK    512 objects       120\.0 KiB +[0-9a-f]{8}$' "$WORK/out"
claim "without symbols: module, offset and build-id" line_is 12 \
    "    240 bytes            ??               libgone.so.2+0x1234 (build-id 01234567)"
claim "in no module: the address" out_has "0x12345678"
claim "notes are counted" out_has "note: allocations recorded without a stack: 12"
claim "the last line is the summary" test "$(tail -1 "$WORK/out")" = \
    "SUMMARY: castaway: 1374618 byte(s) leaked in 1545 allocation(s)."
claim "nothing passes column 100" test "$(awk '{ if (length($0) > 100) n++ } END { print n + 0 }' "$WORK/out")" = 0
claim "no colour in a file" out_hasnt $'\033'

castaway report "$WORK/s.cast" --show all
claim "other kinds are listed" grep -qE '^    INDIRECT    9 objects +1\.1 MiB' "$WORK/out"
castaway report "$WORK/s.cast" --show lost
claim "kinds that were not asked for are not" out_hasnt CYCLE
castaway report "$WORK/s.cast" --max-frames 1
claim "frames are cut" out_hasnt main
castaway report "$WORK/s.cast" --color always
claim "colour when asked for" out_has $'\033[1;31mCYCLE'
cp "$WORK/s.cast" "$WORK/same.cast"
castaway report "$WORK/same.cast" --fail-on none -o "$WORK/same.cast"
claim "a recording that is kept where it is stays as it is" cmp "$WORK/s.cast" "$WORK/same.cast"
castaway report "$WORK/s.cast" --fail-on none
claim "--fail-on none ends with 0" status_is 0
castaway report "$WORK/s.cast" --fail-on=possible --exit-code=7
claim "--exit-code sets the status" status_is 7
LC_ALL=C castaway report "$WORK/s.cast"
claim "without UTF-8 all is ASCII" test -z "$(tr -d '\000-\177' <"$WORK/out")"
claim "edges in ASCII" out_has "session -(.timer)-> timer -(+0x08)-> session"

# Names that attack the terminal.
sed -e 's/"\.\/server"/"\\u001b[31m\\u009bevil\\u202e\\n"/' -e 's/libgone/lib\\u0007\\u00e9gone/' "$WORK/s.cast" >"$WORK/evil.cast"
castaway report "$WORK/evil.cast"
claim "escape sequences are shown, not sent" out_has 'castaway: \x1b[31m\xc2\x9bevil\xe2\x80\xae\x0a[4242]'
claim "no control byte comes through" test -z "$(tr -d '\040-\176\n\200-\377' <"$WORK/out")"
claim "letters come through" out_has 'lib\x07égone'

# Two processes.
sed 's/4242/4243/' "$WORK/s.cast" >"$WORK/t.cast"
castaway report "$WORK/s.cast" "$WORK/t.cast"
claim "equal findings of two processes are one" out_has \
    "castaway: ./server[4242] and 1 more process: 3 090 objects, 2.6 MiB unreachable: 1 cycle (1 024 times), 1 leak"

# Shapes of cycles.
header=$(head -5 "$WORK/s.cast")
cycle() { # LENGTH ENTRIES
    printf '%s\n{"record":"finding","kind":"cycle","site":1,"count":1,"objects":%s,"bytes":%s,"length":%s,"group_objects_max":%s,"cycle":[%s]}\n{"record":"end"}\n' \
        "$header" "$1" "$1" "$1" "${3:-$1}" "$2" >"$WORK/c.cast"
    castaway report "$WORK/c.cast"
}
entry() { echo "{\"site\":$1,\"size\":$2,\"offset\":$3,\"target_offset\":$4}"; }
cycle 2 "$(entry 1 8 0 16),$(entry 1 8 8 0)"
claim "a target offset is shown" out_has "session ─(+0x00)→ session#2+0x10 ─(+0x08)→ session"
claim "a stack is shown once" out_has "as session"
cycle 1000000 "$(entry 1 8 0 0),$(entry 1 8 0 0)"
claim "a long ring of equal objects is short" out_has "session ─(+0x00)→ session … 1 000 000 objects"
cycle 20 "$(for i in $(seq 20); do entry $((1 + i % 2)) "$i" 0 0; done | paste -sd,)" 33
claim "a long cycle is shortened" out_has " … 15 more … "
claim "it says how large its group is" out_has "(the smallest cycle of a group of 33 objects)"
claim "long cycles wrap" test "$(awk '{ if (length($0) > 100) n++ } END { print n + 0 }' "$WORK/out")" = 0

# A clean one.
printf '%s\n%s\n{"record":"end"}\n' "$header" \
    '{"record":"scan","reachable":{"objects":1234,"bytes":99,"findings":0}}' >"$WORK/clean.cast"
castaway report "$WORK/clean.cast"
claim "clean: the header says so" line_is 1 "castaway: ./server[4242]: 1 234 objects, nothing unreachable"
claim "clean: the summary is zero" out_has "SUMMARY: castaway: 0 byte(s) leaked in 0 allocation(s)."
claim "clean: status 0" status_is 0
printf '%s\n%s\n%s\n{"record":"end"}\n' "$header" '{"record":"scan"}' \
    '{"record":"note","code":"own-malloc","count":1,"detail":"jemalloc"}' >"$WORK/own.cast"
castaway report "$WORK/own.cast"
claim "a program with its own malloc is said to be one" out_has \
    "note: the program brings its own malloc: its objects were not seen (jemalloc)"
claim "nothing recorded is said" out_has "note: no live object was recorded"
finish
