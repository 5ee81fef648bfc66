#!/usr/bin/env bash
# What only pointers of 4 bytes hold (GLib's hash tables, where the heap lies below 4 GiB), or a distance (fontconfig's
# patterns), is followed wherever references are told.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2046,SC2154
. "$(dirname "$0")/claims.sh"
sources=$(cd "$(dirname "$0")/../refs" && pwd)
gcc -std=gnu11 -O1 -g -Wall -no-pie -I "$sources/../../preload" -o "$WORK/halves" "$sources/halves.c" \
    $(pkg-config --cflags --libs gobject-2.0)
look() { castaway run --fail-on none --json "$WORK/json" "$@"; }

look --retained "$WORK/halves"
claim "nothing is lost" holds '.summary.lost.objects == 0 and .summary.cycle.objects == 0'
claim "the table's variable retains what the table holds" holds \
    'any(.retained.roots[]; .root == "map" and .objects > 390 and .bytes > 190 * 5000)'

mkfifo "$WORK/in"
"$CASTAWAY" -q --fail-on none "$WORK/halves" wait <"$WORK/in" >"$WORK/address" 2>/dev/null &
program=$!
exec 3>"$WORK/in"
for _ in {1..600}; do [ -s "$WORK/address" ] && break; sleep 0.1; done
castaway why $program "$(cat "$WORK/address")" --json "$WORK/why"
exec 3>&-
wait $program
claim "a way leads through such a table" jq -e '.reached and .path[0].root == "map" and .path[-1].size == 5000 and
    (.path | length == 5) and .path[2].offset % 4 == 0' "$WORK/why"

look "$WORK/halves" ask
claim "referrers and referents" out_has "1 holder, all held: 1, among them 1 time"

look "$WORK/halves" cycle
claim "a cycle closes through such a table" holds \
    '[.findings[] | select(.kind == "cycle")] | length == 1 and .[0].objects == 3 and (.[0].cycle | length == 3)'

look --audit-live "$WORK/halves" objects
claim "references in such a table are references" holds \
    'all(.findings[]; .kind != "missing-unref" and .kind != "over-unref")'

gcc -std=gnu11 -O1 -g -Wall -I "$sources/../../preload" -o "$WORK/pattern" "$sources/pattern.c" -l:libfontconfig.so.1
look --retained "$WORK/pattern"
claim "a pattern: referents and referrers" out_has "1 referent, 1 referrer, is it: 1"
claim "a pattern: its variable retains its elements" holds \
    'any(.retained.roots[]; .root == "pattern" and .objects == 3) and .summary.lost.objects == 0'
finish
