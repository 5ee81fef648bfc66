#!/bin/bash
# Counts and histories of hooks and named pairs in reports: why an object was never freed, who is to blame, which reference
# to make weak.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016
. "$(dirname "$0")/claims.sh"
sources=$(cd "$(dirname "$0")/../refs" && pwd)
header=$sources/../../preload
compile() { ${CC:-gcc} -O1 -g -Wall -Wextra -Werror -I"$header" -I"$sources" "$@" || exit 1; }
compile -o "$WORK/family" "$sources/family.c"
compile -o "$WORK/hooks" "$sources/hooks.c" -lpthread
# shellcheck disable=SC2046
{
    compile -o "$WORK/gobject" "$sources/gobject_missing_unref.c" $(pkg-config --cflags --libs gobject-2.0)
    compile -o "$WORK/jsonc" "$sources/jsonc_missing_put.c" $(pkg-config --cflags --libs json-c)
}

look() { castaway run --fail-on none --json "$WORK/json" --text "$WORK/text" "$@"; }
holds() { jq -e "$1" "$WORK/json" >/dev/null || { echo "not $1"; jq -c '.findings[] | del(.stack)' "$WORK/json"; false; }; }
text_has() { grep -qF -- "$1" "$WORK/text" || { echo "no '$1' in"; cat "$WORK/text"; false; }; }
# The functions of the first stack that is blamed.
culprit() { jq -r '[.findings[0].refs.unmatched[0].stack[].function] | join(" ")' "$WORK/json"; }
nothing() { holds '.summary.lost.objects == 0 and .summary.cycle.objects == 0'; }

# ---- one reference too many among 10 000 pairs ----
look --profile glib "$WORK/gobject"
claim 'GObject: one reference is missing' holds '.findings[0].refs | .verdict == "missing-unref" and .count == 1 and .found_inside == 0'
claim 'GObject: who took it comes first' test "$(culprit | cut -d' ' -f1,2)" = 'session_watch main'
look --profile json-c "$WORK/jsonc"
claim 'json-c: one reference is missing' holds '.findings[0].refs | .verdict == "missing-unref" and .source == "pair" and
    .count == 1 and .found_inside == 0 and .found_outside == 0'
claim 'json-c: who took it comes first, and alone' holds '.findings[0].refs.unmatched | length == 1 and .[0].balance == 1'
claim 'json-c: by name' test "$(culprit | cut -d' ' -f1,2)" = 'log_keep main'
claim 'json-c: the history by function' text_has 'history: +10 000 cache_add, −10 000 cache_remove, +1 log_keep, −1 main'
claim 'json-c: all balances add up to the count' holds '.findings[0].refs | ([.balances[].balance] | add) + 1 == .count'
claim 'json-c: people see the stack' grep -qE '^ *\+1 not returned +log_keep' "$WORK/text"
look "$WORK/hooks" leak
claim 'hooks: source, type and finalizer' holds '.findings[0] | .refs.source == "hook" and .type == "Session" and .finalizer == "session_close"'
claim 'hooks: what never ran is told' text_has 'never run: session_close'
claim 'hooks: callers of a wrapper, not the wrapper' text_has 'history: +1 000 attach, −1 000 detach, +1 timer_start, −1 serve'
claim 'hooks: castaway.h is not shown' sh -c "! grep -q castaway_ref '$WORK/text'"
look "$WORK/hooks" balanced
claim 'hooks, balanced: nothing' nothing

# ---- parent and child ----
look "$WORK/family" leak
claim 'a cycle, proved twice' holds '.findings | length == 1 and (.[0] | .kind == "cycle" and .count == 200 and
    .proofs == ["marking", "subtraction"] and .refs.verdict == "cycle" and .refs.count == 400 and .refs.found_inside == 400)'
claim 'the edge to make weak' holds '.findings[0].break[0] | .from == "Child" and .to == "Parent" and .offset == 8 and
    .frees_objects == 2 and .frees_bytes == 64'
claim 'by the name of its member' holds '.findings[0].break[0].member == "parent"'
claim 'and who took it' holds '.findings[0].break[0].stack | map(.function) | .[0:3] == ["parent_ref", "child_set_parent", "family_new"]'
claim 'people see it' grep -qE '^ *taken by +parent_ref' "$WORK/text"
claim 'what was given back is not held against another object' holds '[.findings[0].refs.unmatched[].balance] == [200, 200]'
look "$WORK/family" stolen
claim 'stolen from a child with a borrowed pointer' test "$(culprit | cut -d' ' -f1,2)" = 'parent_ref steal'
look "$WORK/family" weak
claim 'a weak slot holds nothing, and counts for nothing' nothing
look "$WORK/family" borrowed
claim 'a borrowed pointer does not outweigh a local variable' nothing

# ---- members and structs by the debug information ----
compile -o "$WORK/members" "$sources/members.c"
for mode in returned stored; do
    look "$WORK/members" $mode
    claim "$mode: struct and member" holds '[.findings[0].cycle[] | [.type, .member]] == [["account", "partner"], ["account", "partner"]]'
done
claim 'people see members' text_has '─(.partner)→'
sed 's/partner/pärtner/g' "$sources/members.c" >"$WORK/letters.c"
compile -o "$WORK/letters" "$WORK/letters.c"
LC_ALL=C look "$WORK/letters" returned
claim 'in ASCII where the locale has no more' text_has '-(.p\xc3\xa4rtner)->'
look "$WORK/members" nested
claim 'nested: through an array of structs' holds '[.findings[0].cycle[].member] | sort == ["slots[0].value", "slots[2].value"]'
look "$WORK/members" ambiguous
claim 'ambiguous: two structs of a size are none' holds '[.findings[0].cycle[] | .type, .member] | all(. == null)'
claim 'ambiguous: the offset stands' text_has '(+0x08)'

# ---- counts in memory that the user describes ----
compile -o "$WORK/layout" "$sources/layout.c"
rule='made-by=session_new count=8@16 links=0-16'
look "$WORK/layout" leak
claim 'without a rule: a list of all holds all' nothing
look --refs "$rule" "$WORK/layout" leak
claim 'links own nothing: pairs between those that the list begins and ends with' holds '.findings | length == 1 and (.[0] |
    .kind == "cycle" and .count == 48 and .cycle_length == 2)'
claim 'the counts are read' holds '.findings[0] | .proofs == ["marking", "subtraction"] and (.refs | .source == "memory" and
    .verdict == "cycle" and .count == 96 and .found_inside == 96)'
look --refs "size=32 count=8@16 links=0-16" "$WORK/layout" leak
claim 'by size: the same' holds '.findings[0].refs.count == 96'
look --refs "$rule entry=16" "$WORK/layout" inside
claim 'only pointers behind the links count' holds '.findings[0] | .kind == "cycle" and .count == 50 and .refs.count == 100 and
    .refs.found_inside == 100'
look --refs "$rule" "$WORK/layout" stale
claim 'a word on a stack may be a reference' nothing
look --refs "$rule exact" "$WORK/layout" stale
claim 'where none is borrowed it is not' holds '.findings[0] | .kind == "cycle" and .proofs == ["subtraction"] and
    .kept_only_by != null'
look --refs "$rule exact" "$WORK/layout" none
claim 'all given back: nothing' nothing
look --refs "type=Parent count=8@0 type=Child count=8@0" "$WORK/family" leak
claim 'by type: memory is believed before hooks' holds '.findings[0].refs | .source == "memory" and .count == 400'
cat >"$WORK/rules" <<'END'
# sessions
made-by=session_new
  count=8@16, links=0-16
END
look --profile "$WORK/rules" "$WORK/layout" leak
claim 'a profile has rules of this kind' holds '.findings[0].refs.count == 96 and (.notes | map(.code) | index("profile-unused") == null)'

# ---- rules that are wrong ----
noted() { # SENTENCE COUNT DETAIL RULE: a note, and the program ends as it should
    look --refs "$4" "$WORK/layout" "${5:-locked}"
    claim "$1" holds "any(.notes[]; .code == \"refs-layout\" and .count == $2 and .detail == \"$3\")"
    claim "$1: the program goes on" status_is 0
}
noted 'nobody has the function' 1 'made-by=nobody count=8@16: no module has that function' 'made-by=nobody count=8@16'
noted 'it made nothing' 1 'made-by=session_ref count=8@16: no such object' 'made-by=session_ref count=8@16'
noted 'no such type' 1 'type=Nothing count=4@8: no such object' 'type=Nothing count=4@8'
noted 'beyond the end' 100 'made-by=session_new count=8@32: that is beyond the end of objects' 'made-by=session_new count=8@32' leak
noted 'in memory that is locked' 1 "size=65536 count=8@4096: that can't be read" 'size=65536 count=8@4096'
noted 'where no count stands' 1 'size=65536 count=8@8192: no count stands there (a number from 1 to 268435456)' 'size=65536 count=8@8192'
cat >"$WORK/odd.c" <<'END'
#include "castaway.h"
#include <stdlib.h>
char *pool;
int main(void) {
    pool = calloc(1, 4096);
    castaway_pool_alloc(pool, pool + 65, 40);
    return 0;
}
END
compile -o "$WORK/odd" "$WORK/odd.c"
look --refs 'size=40 count=4@0' "$WORK/odd"
claim 'at an odd address' holds 'any(.notes[]; .detail == "size=40 count=4@0: that is at no multiple of its bytes")'
refused() { # MESSAGE RULE
    castaway run --refs "$2" true
    claim "refused: $2" err_has "--refs: $1"
    claim "refused with 125: $2" status_is 125
}
refused 'column 6: `count`, `links`, `entry` or `exact` is missing behind it' 'size=32 made-by=x'
refused 'column 1: `made-by`, `type` or `size` is missing before it' 'count=8@0'
refused "column 17: that is beyond the object's end" 'size=32 count=8@400'
refused 'column 19: a count stands at a multiple of its bytes' 'made-by=x count=4@2'
refused 'column 17: bytes are 1, 2, 4 or 8' 'made-by=x count=3@0'
refused 'column 18: `@` and an offset are missing: BYTES@OFFSET' 'made-by=x count=4'
refused 'column 17: links are from a multiple of 8 up to a larger one' 'made-by=x links=8-4'
refused 'column 17: an entry is a multiple of 8' 'made-by=x entry=12'

# ---- reports of several runs ----
castaway run --fail-on none -o "$WORK/1.cast" --text /dev/null "$WORK/family" leak
castaway run --fail-on none -o "$WORK/2.cast" --text /dev/null "$WORK/family" leak
castaway report --fail-on none --json "$WORK/json" --text "$WORK/text" "$WORK/1.cast" "$WORK/2.cast"
claim 'two runs: sums by stack' holds '.findings | length == 1 and (.[0].refs | .count == 800 and [.unmatched[].balance] == [400, 400])'

# ---- recordings that lie ----
sed 's/\("record":"refs","finding":\)0/\17/' "$WORK/1.cast" >"$WORK/lie.cast"
castaway report --text - "$WORK/lie.cast"
claim 'references of a finding that is not there' err_has 'damaged recording: refs `finding` is wrong'
claim 'are refused' status_is 125
sed 's/"break_sites":\[[0-9]*/"break_sites":[999999/' "$WORK/1.cast" >"$WORK/lie.cast"
castaway report --text - "$WORK/lie.cast"
claim 'a stack that is not there' err_has 'damaged recording: refs `site` is wrong'
finish
