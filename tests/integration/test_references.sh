#!/bin/bash
# test_references.sh - reference counts read from memory: CPython against its own collector, std::shared_ptr, GObject.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
cd "$(dirname "$0")/../.." || exit 1
python=/usr/bin/python3 script=tests/python/cycles.py

# The objects that the collector would free, by type.
collectable() {
    jq -r '[.findings[].types[]] | group_by(.type) | map({type: .[0].type, n: (map(.collectable) | add)} | select(.n > 0))
           | "\(map(.n) | add // 0) \(map(.type) | join(" "))"' "$WORK/json"
}
leave() { castaway --json "$WORK/json" --text "$WORK/text" "$python" $script "$1" leave; }
counts_as_collector() { # SHAPE TYPES
    local want
    want=$("$python" $script "$1" collect)
    leave "$1"
    [ "$(collectable)" = "$want $2" ] || { echo "$1: '$(collectable)', not '$want $2'"; false; }
}

claim 'an object that holds itself' counts_as_collector itself Node
claim 'pairs' counts_as_collector pair Node
claim 'they have a second proof' jq -e 'any(.findings[]; .kind == "cycle" and (.proofs | index("subtraction") != null)
    and .refs.verdict == "cycle" and .refs.source == "memory" and .refs.count == .refs.found_inside)' "$WORK/json"
claim 'and a reference that frees both' jq -e 'any(.findings[]; .break[0] | .frees_objects == 4 and (.to | startswith("Node")))' \
    "$WORK/json"
claim 'types are told to people' grep -q 'Node' "$WORK/text"
claim 'rings' counts_as_collector ring Node
claim 'dictionaries' counts_as_collector dictionary dict
claim 'lists' counts_as_collector listing list
claim 'closures' counts_as_collector closure 'cell function tuple'
claim 'tracebacks' counts_as_collector traceback 'ValueError frame traceback tuple'
claim 'weak references keep nothing' counts_as_collector weak Node
claim 'objects with a finalizer' counts_as_collector finalized Finalized
claim 'none where there are none' counts_as_collector none ''
claim 'and nothing else is lost' jq -e '.summary.lost.objects == 0 and .summary.cycle.objects == 0' "$WORK/json"
leave generator
# the collector finishes them first, and does not count what that frees
claim 'suspended generators that hold themselves' test "$(collectable)" = '250 cell function generator list tuple'
castaway --keep-pools --json "$WORK/json" --text /dev/null env PYTHONMALLOC=pymalloc "$python" $script pair leave
claim 'objects in arenas are not told apart, and a note says so' jq -e 'any(.notes[]; .code == "python")' "$WORK/json"

castaway --json "$WORK/json" --text "$WORK/text" "$python" tests/python/imports.py
claim "what the loader owns is never lost" jq -e '.summary.cycle.objects == 0 and .summary.lost.objects == 0' "$WORK/json"

cat >"$WORK/shared.cc" <<'END'
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
struct Parent;
struct Child { std::shared_ptr<Parent> parent; };
struct Parent { std::shared_ptr<Child> child; std::weak_ptr<Parent> self; };
std::weak_ptr<Parent> seen;
std::shared_ptr<Parent> held;
__attribute__((noinline)) void make(bool keep) {
    auto parent = std::make_shared<Parent>();
    parent->child = std::make_shared<Child>();
    parent->child->parent = parent;
    parent->self = parent;
    if (keep)
        held = parent;
    else
        seen = parent;
}
__attribute__((noinline)) void clobber() { char bytes[8192]; for (volatile char &byte : bytes) byte = 0; }
int main(int argc, char **) { make(argc > 1); clobber(); std::exit(0); }
END
g++ -std=c++17 -g -O1 -o "$WORK/shared" "$WORK/shared.cc"
castaway --json "$WORK/json" --text "$WORK/text" "$WORK/shared" keep
claim 'shared_ptr: what is held is not lost' jq -e '.summary.cycle.objects == 0 and .summary.lost.objects == 0' "$WORK/json"

# ---- std::shared_ptr: one reference too many among 10 000, and a cycle ----
shared() { castaway --fail-on none --json "$WORK/json" --text "$WORK/text" "$WORK/shared" "$1"; }
claims_of_shared() { # LIBRARY
    shared kept
    claim "$1: who kept a copy comes first" holds '.findings[0].stack[0].function == "watch" and .findings[0].bytes == 16'
    shared separate
    claim "$1: also where object and count are apart" holds '.findings[0].stack[0].function == "watch" and .findings[0].indirect_objects == 2'
    shared skipped
    claim "$1: a count without a pointer" holds '.findings | length == 1 and (.[0] | .type == "Session" and
        (.refs | .verdict == "missing-unref" and .count == 1 and .found_inside == 0))'
    shared cycle
    claim "$1: parent and child" holds '.findings | length == 1 and (.[0] | .kind == "cycle" and
        .proofs == ["marking", "subtraction"] and .refs.count == 2 and .refs.found_inside == 2)'
    claim "$1: the edge to make weak" holds '.findings[0].break[0] | .from == "Child" and .to == "Parent" and .frees_objects == 2'
    shared stale
    claim "$1: a stale word on a stack hides nothing" holds '.findings | length == 1 and (.[0] | .kind == "cycle" and
        .proofs == ["subtraction"] and .kept_only_by != null)'
    for mode in weak none; do
        shared $mode
        claim "$1, $mode: nothing is lost" holds '.summary.lost.objects == 0 and .summary.cycle.objects == 0'
    done
}
g++ -std=c++17 -g -O1 -Wall -Wextra -o "$WORK/shared" tests/refs/shared.cc || exit 1
claims_of_shared libstdc++
# its headers can't be installed beside libunwind's
if clang++ -stdlib=libc++ -std=c++17 -g -O1 -o "$WORK/shared" tests/refs/shared.cc 2>/dev/null; then
    claims_of_shared libc++
fi

# ---- GObject ----
# shellcheck disable=SC2046
gcc -g -O1 -Wall -Wextra -Werror -o "$WORK/gobject" tests/refs/gobject_family.c $(pkg-config --cflags --libs gobject-2.0) || exit 1
gobject() { castaway --fail-on none --json "$WORK/json" --text "$WORK/text" "${@:2}" "$WORK/gobject" "$1"; }
gobject leak
claim 'GObject: a cycle, proved twice' holds '.findings | length == 1 and (.[0] | .kind == "cycle" and .count == 100 and
    .proofs == ["marking", "subtraction"] and .refs.source == "memory" and .refs.count == 200 and .refs.found_inside == 200)'
claim 'GObject: types by name' holds '[.findings[0].types[] | "\(.objects) \(.type)"] | sort == ["100 Child", "100 Parent"]'
claim 'GObject: the edge to make weak' holds '.findings[0].break[0] | .from == "Child" and .to == "Parent" and .offset == 24'
claim 'GObject: who took it is not known without hooks' holds '.findings[0].break[0].stack == []'
gobject leak --profile glib
claim 'GObject: with them it is' holds '.findings[0].break[0].stack[0].function == "child_set_parent"'
gobject missing --profile glib
claim 'GObject: who took one too many' holds '.findings[0].refs.unmatched[0].stack[0].function == "missing"'
gobject weak
claim 'GObject: weak references and weak pointers hold nothing' holds '.findings | length == 1 and (.[0] | .kind == "lost" and
    .type == "Parent" and .refs.verdict == "missing-unref" and .refs.count == 1 and .refs.found_inside == 0)'
for mode in held none; do
    gobject $mode
    claim "GObject, $mode: nothing is lost" holds '.summary.lost.objects == 0 and .summary.cycle.objects == 0'
done
cat >"$WORK/strange.c" <<'END'
#include <stdlib.h>
void *g_object_ref(void *object) { return object; }
const char *g_quark_to_string(unsigned quark) { return quark ? "" : NULL; }
void *types[100];
int main(void) {
    for (int i = 0; i < 100; i++)
        types[i] = malloc(i);
    return 0;
}
END
gcc -rdynamic -o "$WORK/strange" "$WORK/strange.c" || exit 1
castaway --json "$WORK/json" "$WORK/strange"
claim 'a GObject of an unknown layout is noted' jq -e 'any(.notes[]; .code == "gobject")' "$WORK/json"
claim 'and harms nothing' status_is 0
finish
