#!/bin/bash
# castaway top: one frame for scripts, and the screen with its keys, on a terminal of 80 by 24.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2059,SC2119
. "$(dirname "$0")/claims.sh"
. "$(dirname "$0")/live.sh"
build_live
A=$WORK/answers
mkdir "$A"
population() { printf '{"record":"population","site":%s,"objects":[%s],"bytes":[%s]}\n' "$1" "$2" "$3"; }
frame() { # BYTES OF NODES : table 128 bytes, nodes, and thirty sites without a name
    local i
    live_header 4242
    live_sites
    for i in $(seq 30); do
        echo "{\"record\":\"site\",\"id\":$((100 + i)),\"frames\":[[-1,$((4096 * i + 0xabc))]]}"
    done
    live_status
    population 1 0,0,1 0,0,128
    population 2 1000,200,48211 24000,4800,"$1"
    for i in $(seq 30); do population $((100 + i)) "$i",0,0 $((i * 16)),0,0; done
    live_finding
    live_growth
    live_end
}
frame 1157064 >"$A/top"
fake answer

# ---- one frame ----
castaway top $fake --once
claim "--once: 0" status_is 0
claim "--once: the head" out_has "castaway top: ./cache[$fake]: 48 331 objects, 1.1 MiB, watched for 12.9 s"
claim "--once: the counts" out_has "scans 40/2/1, pause p99 2.1 ms; suspects 12, confirmed 9, withdrawn 2, freed 1"
claim "--once: a site, by generation" grep -qE \
    '^   1\.1 MiB      49 411   \+14\.1 KiB    2%    <1%  98%  node_new cache\.c:9 ← m' "$WORK/out"
claim "--once: the largest comes first" test "$(grep -n 'node_new' "$WORK/out" | head -1 | cut -d: -f1)" = 6
claim "--once: no more than twenty" out_has "  and 12 more"
claim "--once: a finding" grep -qE '^      24 B           1           - lost         0\.1 s  node_new cache\.c:9 ← m' "$WORK/out"
claim "--once: what grows" grep -qE '^   1\.1 MiB      48 211   \+14\.1 KiB growing          -  node_new cache\.c:9 ← m' "$WORK/out"
claim "--once: 80 columns" test "$(awk '{ if (length($0) > 80) n++ } END { print n + 0 }' "$WORK/out")" = 0
COLUMNS=40 castaway top $fake --once
claim "--once: as narrow as asked for" test "$(awk '{ if (length($0) > 40) n++ } END { print n + 0 }' "$WORK/out")" = 0
claim "--once: what is cut is seen to be" out_has "…"
LC_ALL=C castaway top $fake --once
claim "--once: ASCII where the locale has no more" test -z "$(tr -d '\000-\177' <"$WORK/out")"
castaway top $fake --json -
claim "JSON: sites" holds ".pid == $fake and (.sites | length) == 32 and (.sites[0] |
    .objects_by_generation == [1000, 200, 48211] and .stack[0].function == \"node_new\" and .bytes_per_minute == 14400)"
claim "JSON: findings and growth" holds '.findings[0].kind == "lost" and .growing[0].path[0].root == "g_cache"'
castaway top $fake
claim "no terminal: 125" status_is 125
claim "no terminal: what to do" err_has "\`--once\` prints one frame"
castaway top $fake --interval 1ms
claim "an interval too short" err_has "--interval: \`1ms\` is not a duration from 100ms"

# ---- the screen ----
# Each screen is a server of its own: one that ends takes a moment.
screens=0 terminal=true
opens() { # COMMAND
    screens=$((screens + 1))
    terminal="tmux -S $WORK/screen$screens -f /dev/null"
    $terminal new-session -d -x 80 -y 24 "$1; sleep 60"
}
closes() { $terminal kill-server 2>/dev/null; }
trap 'closes; kill $(jobs -p) 2>/dev/null; rm -rf "$WORK"' EXIT
screen() { $terminal capture-pane -p >"$WORK/screen"; }
shows() { # TEXT... : within half a minute the screen has all of it
    local text
    for _ in $(seq 600); do
        screen
        for text; do
            grep -qF -- "$text" "$WORK/screen" || { sleep 0.05; continue 2; }
        done
        return 0
    done
    cat "$WORK/screen"
    false
}
hides() { # TEXT : within half a minute it is gone
    for _ in $(seq 600); do
        screen
        grep -qF -- "$1" "$WORK/screen" || return 0
        sleep 0.05
    done
    cat "$WORK/screen"
    false
}
keys() { $terminal send-keys "$@"; }
line() { sed -n "$1p" "$WORK/screen"; }

opens "$CASTAWAY top $fake --interval 200ms; echo ended with \$?"
claim "the list of sites" shows "[SITES 32]" "BYTES" "node_new cache.c:9" "q quit"
claim "the last line is the help" grep -qF "? help" <(line 24)
claim "growth is measured" shows "+0 B"
frame 2314128 >"$A/next" && mv "$A/next" "$A/top"
claim "and seen" shows "   2.2 MiB      49 411" "MiB    2%"
claim "more rows than fit" hides 0x1abc
keys End
claim "End goes to the last row" shows 0x1abc
keys Home
claim "Home to the first" shows "node_new cache.c:9"
keys n
claim "sorted by name" shows "by name"
keys s
claim "the next order" shows "by bytes"
keys o
claim "sorted by objects" shows "by objects"
keys b Enter
claim "a row's stack" shows "Allocated at:" "node_new" "main"
claim "and for what grows the path" shows "g_cache+0x10 → table ─(+0x40)→ node × 48 211"
keys Escape
claim "back to the list" shows "[SITES 32]" "q quit"
keys / t a b
claim "typing a filter" shows "filter: tab_" "table_new" "type a part of a name"
claim "hides the others" hides "node_new"
keys Enter
claim "the filter stays" shows "filter: tab" "q quit"
claim "without its cursor" hides "tab_"
keys / Escape Home
claim "and goes" shows "node_new"
claim "nothing is left of it" hides "filter:"
keys Tab
claim "findings" shows "[FINDINGS 2]" "LOST FOR" "growing" "lost"
keys Down Enter
claim "a finding as in the report" shows "LEAK" "became unreachable between scan 41 and 42" "24 bytes"
keys Escape '?'
claim "help" shows "KEYS" "this help"
keys '?' p
claim "paused" shows "PAUSED"
before=$(wc -l <"$A/requests")
sleep 0.6
claim "paused: nothing is asked" test "$(wc -l <"$A/requests")" -le $((before + 1))
keys p
claim "going on" hides "PAUSED"
$terminal resize-window -x 60 -y 12
claim "a smaller window: the help is in its last line" shows "q quit"
claim "a smaller window" test "$(line 12 | cut -c1-6)" = "q quit"
$terminal resize-window -x 10 -y 2
claim "hardly any window" shows "q quit"
$terminal resize-window -x 120 -y 40
claim "a larger one" shows "[FINDINGS 2]"
keys Tab
claim "a larger one has more rows" shows 0x1abc "? help"
kill -STOP $fake
keys q
claim "q ends it at once, whatever the program does" shows "ended with 0"
kill -CONT $fake
closes

opens "$CASTAWAY top $fake --interval 100ms --timeout 300ms; echo ended with \$?"
claim "it begins again" shows "[SITES 32]"
kill -STOP $fake
claim "a stopped program: said" shows "no answer from process $fake within 300 ms (it is stopped)"
kill -CONT $fake
claim "and it goes on" shows "q quit"
kill $fake
claim "the program ends: so does top" shows "process $fake ended meanwhile" "ended with 0"
closes

fake answer
opens "$CASTAWAY top $fake --interval 100ms; echo ended with \$?"
claim "once more" shows "[SITES 32]"
echo rubbish >"$A/top"
claim "an answer that is none: told behind the screen" shows "not a recording of castaway" "ended with 125"
closes
frame 1 | sed 's/"\.\/cache"/"\\u001b[2Jx\\u202e"/' >"$A/top"
opens "TERM=no-such-terminal $CASTAWAY top $fake"
claim "a terminal that nobody knows" shows "no terminal that can be drawn on (TERM is no-such-terminal)"
closes
castaway top $fake --once
claim "hostile names are shown, not sent" out_has '\x1b[2Jx'
fake_ends
finish
