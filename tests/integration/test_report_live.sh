#!/bin/bash
# What scans while the program ran put into a report: ages, growth with its path, counts of suspects.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2059
. "$(dirname "$0")/claims.sh"
. "$(dirname "$0")/live.sh"
build_live
live_recording 4242 >"$WORK/l.cast"
holds() { jq -e "$1" "$WORK/out" >/dev/null || { jq -c . "$WORK/out"; false; }; }

castaway report "$WORK/l.cast" --json -
claim "a lost object fails" status_is 23
claim "lost between two scans" holds '.findings[0].lost_between ==
    {"scan_a": 41, "scan_b": 42, "seconds_a": 12.3, "seconds_b": 12.8}'
claim "born, generation" holds '.findings[0] | .born_seconds == 12.1 and .generation == 1'
claim "counts of suspects" holds '.scans == 42 and .suspects == 12 and .confirmed == 9 and .withdrawn == 2 and
    .freed_by_program == 1'
claim "growth is a finding" holds '.findings[1] | .kind == "growing" and .objects == 48211 and .scans == 5 and
    .bytes_per_minute == 14400 and .objects_per_minute == 600 and .lost_between == null and .generation == null'
claim "its path begins at a variable" holds '.findings[1].path[0] | .root == "g_cache" and .offset == 16 and
    .root_kind == "module"'
claim "and goes through what functions made" holds '[.findings[1].path[1:][] | [.function, .offset, .count]] ==
    [["table_new", 64, 1], ["node_new", 8, 48210], ["node_new", 0, 1]]'
claim "growth is not counted as objects" holds '.summary.growing == {"objects": 48211, "bytes": 1157064, "findings": 1}
    and .summary.reachable.objects == 50000'

castaway report "$WORK/l.cast"
claim "the age in words" out_has \
    "    born at 12.1 s, became unreachable between scan 41 and 42 (12.3 s to 12.8 s after start)"
claim "the path in words" out_has "    g_cache+0x10 → table ─(+0x40)→ node × 48 211"
sed 's/"count":48210},{"site":2,"size":24,"offset":0,"count":1}/"count":1}/' "$WORK/l.cast" >"$WORK/e.cast"
castaway report "$WORK/e.cast"
claim "the object at the end is an example of all of its place" out_has "→ table ─(+0x40)→ node × 48 211"
castaway report "$WORK/l.cast"
claim "growth in words" grep -qE '^ 2  GROWING +48 211 objects +1\.1 MiB   \+ 14\.1 KiB a minute, in each of 5 scans' "$WORK/out"
claim "counts in words" out_has \
    "42 scans while it ran: of 12 suspects 9 confirmed, 2 withdrawn, 1 freed by the program"
claim "the first line tells of growth" out_has "unreachable: 1 leak; 1 place growing"
LC_ALL=C castaway report "$WORK/l.cast"
claim "the path in ASCII" out_has "g_cache+0x10 -> table -(+0x40)-> node x 48 211"
castaway report "$WORK/l.cast" --show lost
claim "--show leaves growth out" out_hasnt GROWING
castaway report "$WORK/l.cast" "$WORK/l.cast" --json - --show growing
claim "growth of two processes adds up" holds '(.findings | length) == 1 and .findings[0].bytes_per_minute == 28800 and
    .summary.growing.findings == 1 and .suspects == 24'

# Growth fails a build when asked.
{ live_header 7 0; live_sites; echo '{"record":"scan","number":9,"reachable":{"objects":5,"bytes":5}}'; live_growth; live_status; live_end; } >"$WORK/g.cast"
castaway report "$WORK/g.cast"
claim "growth does not fail" status_is 0
claim "but is shown" out_has "5 objects, nothing unreachable; 1 place growing"
castaway report "$WORK/g.cast" --fail-on growing
claim "growth fails when asked" status_is 23
castaway report "$WORK/g.cast" --fail-on growing --show none
claim "also when it is not shown" status_is 23
grep -v '"growth"' "$WORK/g.cast" >"$WORK/n.cast"
castaway report "$WORK/n.cast" --fail-on growing
claim "no growth, no failure" status_is 0

# Who found it.
found() { # EXIT_STATUS NUMBER FINDING...
    { live_header 7 "$1"; live_sites; live_scan "$2" 2; live_finding "${@:3}"; live_end; } >"$WORK/f.cast"
    castaway report "$WORK/f.cast"
}
found 0 42
claim "found at exit only: said" out_has \
    "became unreachable between scan 41 and the scan at exit, which alone found it (12.3 s to 12.8 s after start)"
found 0 43
claim "found before: the scan is numbered" out_has "between scan 41 and 42 (12.3 s"
found 0 2 -1 0 1 0 500000
claim "no birth, no scan before" out_has "    became unreachable between the start and scan 1 (0.0 s to 0.5 s after start)"
found 0 1
claim "without live scans nothing is said of ages" out_hasnt unreachable\ between
claim "nor of suspects" out_hasnt suspect
castaway report "$WORK/f.cast" --json -
claim "but JSON has them" holds '.findings[0].lost_between.scan_b == 42 and .scans == 0'

{ live_header 7; live_sites; live_scan 42 2; live_finding | sed 's/"count":1,"objects":1,"bytes":24/"count":3,"objects":3,"bytes":72/'; live_end; } >"$WORK/f.cast"
castaway report "$WORK/f.cast"
claim "several: the first of them is meant" out_has "    the first born at 12.1 s, became unreachable between"

# Roots.
rooted() { # ROOT
    sed "s/{\"root\":[^}]*}/$1/" "$WORK/g.cast" >"$WORK/r.cast"
    castaway report "$WORK/r.cast"
}
rooted '{"root":"stack","name":"worker","tid":77,"offset":32}'
claim "a stack has its thread's name" out_has "    stack of worker[77]+0x20 → table"
rooted '{"root":"registers","tid":77,"offset":0}'
claim "registers" out_has "    registers of a thread[77] → table"
rooted '{"root":"mapping","name":"\/dev\/shm\/x","offset":0}'
claim "a mapping" out_has "    /dev/shm/x → table"
rooted '{"root":"kernel","offset":0}'
claim "what only the kernel knows" out_has "    kernel → table"
rooted '{"root":"module","module":0,"offset":3}'
claim "no variable there: the file" out_has "    sample+0x03 → table"
rooted '{"root":"stack","name":"a\\u001b[2J","tid":1,"offset":0}'
claim "a hostile name is shown, not sent" out_has 'stack of a\x1b[2J[1] → table'

# Damage.
damaged() { # SENTENCE SED
    sed "$2" "$WORK/l.cast" >"$WORK/d.cast"
    castaway report "$WORK/d.cast"
    claim "$1: refused" status_is 125
    claim "$1: one line" err_lines 1
    claim "$1: says where" err_has "damaged recording"
}
damaged "two generations" 's/"generations":\[{[^}]*},/"generations":[/'
damaged "a path that is none" 's/"path":\[/"path":[3],"x":[/'
damaged "a path without its root" 's/"path":\[{"root":"module",/"path":[{/'
damaged "a path to an unknown site" 's/"path":\(.*\)"site":1,/"path":\1"site":9,/'
damaged "a root in an unknown module" 's/"root":"module","module":0/"root":"module","module":5/'
damaged "a growing finding of its own" 's/"kind":"lost"/"kind":"growing"/'
damaged "text for an age" 's/"us_a":12300000/"us_a":"x"/'
sed 's/"path":\[.*\]/"path":[]/' "$WORK/l.cast" >"$WORK/p.cast"
castaway report "$WORK/p.cast" --json -
claim "no path found is no error" holds '.findings[1].path == []'

# Whatever one byte is turned into, castaway ends by itself.
size=$(stat -c %s "$WORK/l.cast") crashed=0 RANDOM=11
for _ in $(seq "${FUZZ_RUNS:-100}"); do
    cp "$WORK/l.cast" "$WORK/d.cast"
    printf "\\x$(printf %x $((RANDOM % 256)))" |
        dd of="$WORK/d.cast" bs=1 seek=$(((RANDOM * 32768 + RANDOM) % size)) conv=notrunc status=none
    castaway report "$WORK/d.cast"
    case $status in 0 | 23 | 125) ;; *) crashed=$((crashed + 1)) ;; esac
done
claim "no changed byte crashes it" test "$crashed" = 0
finish
