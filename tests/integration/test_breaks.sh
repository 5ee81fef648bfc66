#!/bin/bash
# test_breaks.sh - which references to make weak: one member of many objects, several together, in C, C++ and GObject.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016
. "$(dirname "$0")/claims.sh"
sources=$(cd "$(dirname "$0")/../refs" && pwd)
header=$sources/../../preload
${CC:-gcc} -O1 -g -Wall -Wextra -Werror -I"$header" -o "$WORK/breaks" "$sources/breaks.c" || exit 1
# shellcheck disable=SC2046
${CC:-gcc} -O1 -g -Wall -Wextra -Werror -o "$WORK/gobject" "$sources/gobject_family.c" $(pkg-config --cflags --libs gobject-2.0) || exit 1
${CXX:-g++} -std=c++17 -g -O1 -Wall -Wextra -o "$WORK/shared" "$sources/shared_tree.cc" || exit 1

look() { castaway run --fail-on none --json "$WORK/json" --text "$WORK/text" "$@"; }
told() { grep -qF -- "to break it: $1" "$WORK/text" || { echo "no '$1' in"; cat "$WORK/text"; false; }; }
best() { holds "[.findings[0].break[] | select(.set == 1)] | $1"; }

# ---- one member of many objects ----
for children in 1 2 10 1000; do
    look "$WORK/breaks" tree $children
    claim "$children children: their references to the parent, all of them" best "length == 1 and (.[0] | .from == \"Leaf\" and
        .to == \"Node\" and .member == \"owner\" and .references == $children and .frees_objects == $((children + 1)) and .frees_all)"
    claim "$children children: the bytes are those of the group" holds '.findings[0] | .bytes == .break[0].frees_bytes and .break_complete'
    claim "$children children: who took them" best '.[0].stack | map(.function) | .[0:2] == ["node_ref", "leaf_new"]'
done
claim 'people are told how many' told 'Leaf.owner → Node (1 000 references) frees 1 001 objects'
look "$WORK/breaks" deep
claim 'objects that a recursive function makes are of one kind' best 'length == 1 and (.[0] | .references == 30 and .frees_objects == 31)'
look "$WORK/breaks" list
claim 'a list of 1 000: backwards' best 'length == 1 and (.[0] | .member == "prev" and .references == 999 and .frees_objects == 1000)'

# ---- one reference, and several of different members ----
look "$WORK/breaks" ring
claim 'a ring: the one back to the oldest' best 'length == 1 and (.[0] | .references == 1 and .to == "Node" and .frees_objects == 3)'
claim 'of three alike: which one' told 'Node#3.next → Node frees 3 objects'
look "$WORK/breaks" chord
claim 'a ring with a chord: both' best '[.[] | [.member, .references]] | sort == [["next", 1], ["other", 1]]'
claim 'neither alone is said to do' holds '.findings[0].break | all(.frees_objects == 3) and ([.[].set] | group_by(.) | all(length == 2))'
claim 'one that the shown cycle does not have is another one' told 'another Node.next → Node and Node#2.other → Node together free 3 objects'
look "$WORK/breaks" shared
claim 'two rings through one object: both references to it' best '[.[] | [.from, .to]] | sort == [["Leaf", "Node"], ["Twig", "Node"]]'
look "$WORK/breaks" self
claim 'a pointer to itself may be the head of an empty list: a reference is missing' holds '.findings | length == 1 and (.[0] |
    .kind == "lost" and .refs.verdict == "missing-unref" and .refs.count == 1 and .refs.found_inside == 0)'
claim 'and who took it is known' holds '.findings[0].refs.unmatched[0].stack | map(.function) | .[0:2] == ["node_ref", "self"]'

# ---- counts in memory ----
look "$WORK/gobject" children
claim 'GObject: three children, one member' best 'length == 1 and (.[0] | .from == "Child" and .to == "Parent" and .offset == 24 and
    .references == 3 and .frees_objects == 4)'
for items in 1 5 100; do
    look "$WORK/shared" $items
    claim "shared_ptr, $items items of a vector" best "length == 1 and (.[0] | .from == \"Item\" and .to == \"Scene\" and
        .references == $items and .frees_all)"
done

look "$WORK/shared" self
claim 'shared_ptr: an object that holds itself' holds '.findings | length == 1 and (.[0] | .kind == "cycle" and .cycle_length == 1)'
claim 'its own reference' best 'length == 1 and (.[0] | .references == 1 and .from == .to and .frees_objects == 1)'

# ---- other formats ----
look --github --dot "$WORK/dot" --html "$WORK/html" --sarif "$WORK/sarif" --junit "$WORK/junit" "$WORK/breaks" tree 2
claim 'a graph shows where' test "$(grep -c 'make weak' "$WORK/dot")" = 1
claim 'a page has the words' grep -q 'to break it: Leaf.owner' "$WORK/html"
claim 'an alert says what to do' jq -e '.runs[0].results[0].message.text | contains("to break it: Leaf.owner -> Node (2 references)")' "$WORK/sarif"
claim 'so does an annotation' out_has 'to break it: Leaf.owner -> Node (2 references) frees 3 objects'
claim 'and a test case' grep -q 'to break it: Leaf.owner' "$WORK/junit"

# ---- recordings of an older library, and those that lie ----
castaway run --fail-on none -o "$WORK/1.cast" --text /dev/null "$WORK/breaks" tree 2
sed 's/"break":\[{[^]]*\]/"break":[{"entry":0,"frees_objects":3,"frees_bytes":216}]/' "$WORK/1.cast" >"$WORK/old.cast"
castaway report --fail-on none --text "$WORK/text" "$WORK/old.cast"
claim 'an entry alone is enough' grep -qE 'to break it: (Leaf|Node).* frees 3 objects' "$WORK/text"
sed 's/"break":\[{[^]]*\]/"break":[{"entry":9,"frees_objects":3,"frees_bytes":216}]/' "$WORK/1.cast" >"$WORK/lie.cast"
castaway report --text - "$WORK/lie.cast"
claim 'an entry that is not there' err_has 'damaged recording: finding `break` is wrong'
sed 's/"to_site":[0-9]*/"to_site":4711/' "$WORK/1.cast" >"$WORK/lie.cast"
castaway report --text - "$WORK/lie.cast"
claim 'a place that is not there' err_has 'damaged recording'
claim 'is refused' status_is 125
finish
