#!/usr/bin/env bash
# What is allocated and what keeps memory alive: --profile-allocations, --retained, advise, annotate, and the formats
# that tell of it.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016
. "$(dirname "$0")/claims.sh"
source=$(cd "$(dirname "$0")/../profile" && pwd)
mkdir "$WORK/src"
cp "$source/habits.c" "$WORK/src"
(cd "$WORK/src" && gcc -std=gnu11 -O1 -g -Wall -Wextra -o ../habits habits.c -pthread)
line_of() { grep -nF -- "$1" "$WORK/src/habits.c" | head -n 1 | cut -d: -f1; }

record() { # HABIT OPTION... : leaves $WORK/HABIT.cast
    local habit=$1
    shift
    "$CASTAWAY" -q "$@" -o "$WORK/$habit.cast" "$WORK/habits" "$habit" 2>"$WORK/err"
}
of_site() { # HABIT FUNCTION QUERY : the number, of the innermost frame FUNCTION
    "$CASTAWAY" report --show all --json - "$WORK/$1.cast" |
        jq -r ".profile.sites[] | select(.stack[0].function == \"$2\") | $3" | head -n 1
}
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; false; }; }

# ---- counters ----
for habit in reuse_bad reuse_good in_call_bad in_call_good pool_bad pool_good reserve_bad reserve_good release_bad \
    release_good threads; do
    record $habit --profile-allocations
done
claim "every allocation is counted" is "$(of_site reuse_bad reuse_bad .allocated_objects)" 3000
claim "and its bytes" is "$(of_site reuse_bad reuse_bad .allocated_bytes)" 300000
claim "and its end" is "$(of_site reuse_bad reuse_bad .freed_objects)" 3000
claim "freed before the next one was made" is "$(of_site reuse_bad reuse_bad .freed_at_once)" 3000
claim "one at once is the peak" is "$(of_site reuse_bad reuse_bad .peak_bytes)" 100
claim "freed in another order: not at once" is "$(of_site in_call_bad in_call_bad .freed_at_once)" 0
claim "but in the same call" is "$(of_site in_call_bad in_call_bad .freed_in_same_call)" 3000
claim "freed in another call: only the last one at once" is "$(of_site in_call_good maker .freed_at_once)" 1
claim "freed in another call: neither (same call)" is "$(of_site in_call_good maker .freed_in_same_call)" 0
claim "all of them lived at once" is "$(of_site pool_bad pool_bad .peak_objects)" 3000
claim "slack is what malloc gave and nobody wanted" is "$(of_site pool_bad pool_bad .slack_bytes)" 12000
claim "growths of one block are a chain" is "$(of_site reserve_bad reserve_bad .chain_max)" 2999
claim "sizes" is "$(of_site reserve_bad reserve_bad '"\(.size_min) \(.size_max)"')" "10 30000"
claim "four threads are added up" is "$(of_site threads reuse_bad .allocated_objects)" 12000
claim "and each one's churn" is "$(of_site threads reuse_bad .freed_at_once)" 12000
castaway report "$WORK/pool_bad.cast"
claim "text tells the sum and the peak" out_has "allocated: 3 000 objects, 58.6 KiB in all; at most 58.6 KiB at once (3 000 objects, "
castaway report --json - "$WORK/pool_bad.cast"
claim "JSON tells when" jq -e '.profile.peak_seconds > 0 and .profile.peak_seconds < 60' "$WORK/out"
record pool_bad
castaway report "$WORK/pool_bad.cast"
claim "without the option nothing is counted" eval 'out_hasnt allocated: && ! grep -q "\"allocations\"" "$WORK/pool_bad.cast"'
record pool_bad --profile-allocations

mkdir "$WORK/forks"
"$CASTAWAY" -q --profile-allocations -o "$WORK/forks/%p.cast" "$WORK/habits" forks 2>/dev/null
child=$(grep -l '"objects":3000,"bytes":300000,"freed_objects":3000.*"at_once":3000' "$WORK"/forks/*.cast)
claim "a forked child counts its own" grep -q '"record":"profile","objects":3000,"bytes":300000,"freed_objects":3000,"freed_bytes":300000' "$child"

# ---- advice ----
advises() { # HABIT WORD LINE-OF : that word, at that line, first
    "$CASTAWAY" advise --json - "$WORK/$1.cast" >"$WORK/out"
    jq -e --arg word "$2" --argjson line "$(line_of "$3")" \
        '.advice[0] | .advice == $word and .line == $line and .saved_bytes > 0' "$WORK/out" || { cat "$WORK/out"; false; }
}
silent() { # HABIT
    "$CASTAWAY" advise --json - "$WORK/$1.cast" >"$WORK/out"
    jq -e '.advice == []' "$WORK/out" || { cat "$WORK/out"; false; }
}
claim "churn: reuse" advises reuse_bad reuse 'free(keep_alive(malloc(100)))'
claim "one buffer: nothing to say" silent reuse_good
claim "churn within a call: reuse" advises in_call_bad reuse 'malloc(200)'
claim "what lives on is no churn" silent in_call_good
claim "small equal objects: a pool" advises pool_bad pool 'kept[i] = malloc(20)'
claim "what it would save: 4 bytes of slack and 8 of header each" jq -e '.advice[0].saved_bytes == 36000' "$WORK/out"
claim "one block for all: nothing to say" silent pool_good
claim "a block that grows by steps: reserve" advises reserve_bad reserve 'realloc(text, i * 10)'
claim "a block that doubles: nothing to say" silent reserve_good
claim "a variable that keeps most alive: release" advises release_bad release 'calloc(1, sizeof *made)'
claim "it is named" jq -e '.advice[0].root == "cache"' "$WORK/out"
claim "two variables that share it: nothing to say" silent release_good
"$CASTAWAY" advise --json - "$WORK/reuse_bad.cast" "$WORK/pool_bad.cast" >"$WORK/out"
claim "what saves most comes first" jq -e '[.advice[].advice] == ["reuse", "pool"]' "$WORK/out"
castaway advise "$WORK/reuse_bad.cast"
claim "as text: where" out_has "habits.c:$(line_of 'free(keep_alive(malloc(100)))')  reuse_bad"
claim "as text: numbers" out_has "3 000 of 3 000 objects (100 bytes each) were freed before their thread made another one: 293.0 KiB"
record plain_reuse_bad
"$CASTAWAY" -q -o "$WORK/plain.cast" "$WORK/habits" reuse_bad
castaway advise "$WORK/plain.cast"
claim "a recording without the profile is refused" eval 'status_is 125 && err_has "without --profile-allocations" && err_lines 1'
castaway advise
claim "no recording" eval 'status_is 125 && err_has "no recording named"'

# ---- retained sizes ----
retained() { # HABIT ROOT : bytes
    "$CASTAWAY" report --json - "$WORK/$1.cast" | jq -r --arg root "$2" '.retained.roots[] | select(.root == $root) | .bytes'
}
record release_bad --retained
claim "a variable keeps its list alone" is "$(retained release_bad cache)" 3024000
castaway report "$WORK/release_bad.cast"
claim "text tells it" out_has "2.9 MiB  3 000 objects     cache"
claim "--retained counts no allocations" out_hasnt allocated:
record release_good --retained
claim "what two hold belongs to neither" is "$(retained release_good cache)" ""
"$CASTAWAY" report --json - "$WORK/release_good.cast" >"$WORK/out"
claim "but to both together" jq -e '.retained.shared == {objects: 3000, bytes: 3024000}' "$WORK/out"
CASTAWAY_OPTIONS=retained=maybe castaway /bin/true
claim "a wrong value is told" eval 'status_is 125 && err_has "retained"'

# ---- annotate ----
castaway annotate "$WORK/pool_bad.cast" "$WORK/src/habits.c"
claim "a line has its numbers" grep -qE "^ *58\.6 KiB +3 000 +$(line_of 'kept[i] = malloc(20)')  +kept\[i\] = malloc\(20\);" "$WORK/out"
claim "what it calls is included" grep -qE "^ *58\.6 KiB +3 000 +$(line_of 'habits[i].run(), 0')  " "$WORK/out"
claim "all lines are there" grep -qE "^ +$(line_of 'static NOINLINE void pool_good')  static NOINLINE void pool_good" "$WORK/out"
castaway annotate --self "$WORK/pool_bad.cast" habits.c
claim "--self: what it calls is not" eval 'grep -qE "3 000 +$(line_of "kept[i] = malloc(20)") " "$WORK/out" && ! grep -qE "3 000 +$(line_of "habits[i].run(), 0") " "$WORK/out"'
castaway annotate "$WORK/pool_bad.cast"
claim "without SOURCE: the lines that matter" eval 'out_has "kept[i] = malloc(20)" && out_hasnt "void reserve_bad"'
"$CASTAWAY" -q -o "$WORK/live.cast" "$WORK/habits" release_bad
castaway annotate "$WORK/live.cast"
claim "a plain recording has live and lost bytes" eval 'out_has "2.9 MiB     3 000" && out_hasnt allocated'
castaway annotate "$WORK/live.cast" --json -
claim "as JSON" jq -e --argjson line "$(line_of 'calloc(1, sizeof *made)')" '.profiled == false and
    (.files[0].lines[] | select(.line == $line) | .self.live_bytes == 3024000 and .total.lost_bytes == 0)' "$WORK/out"
castaway annotate "$WORK/live.cast" other.c
claim "a file that nothing passed through" eval 'status_is 125 && err_has "other.c: no allocation passed through it; files that have some: " && err_lines 1'
rm "$WORK/src/habits.c"
castaway annotate "$WORK/live.cast"
claim "a source that is gone" eval 'status_is 0 && out_has "the source is not there" && out_has 3\ 000'

# ---- formats ----
castaway report "$WORK/pool_bad.cast" --folded - --folded-bytes allocated
claim "folded stacks of what was allocated" is "$(cat "$WORK/out")" "main;pool_bad 60000"
castaway report "$WORK/pool_bad.cast" --folded -
claim "and of what was found: nothing" test ! -s "$WORK/out"
castaway report "$WORK/pool_bad.cast" --html "$WORK/page.html" --text /dev/null --exit-code 0
claim 'the page of a report draws it' grep -q '"flame":\[.*\[[0-9]*,0,0,[1-9]' "$WORK/page.html"
castaway report "$WORK/pool_bad.cast" --folded - --folded-bytes most
claim "of what else" eval 'status_is 125 && err_has "found or allocated"'
finish
