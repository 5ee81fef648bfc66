#!/bin/bash
# Every format is read back by a reader of its own: what arrives there is what was found.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2059
. "$(dirname "$0")/claims.sh"
. "$(dirname "$0")/live.sh"
FORMATS=$(cd "$(dirname "$0")/../formats" && pwd)
SCHEMA=$(cd "$(dirname "$0")/../../tools" && pwd)/report.schema.json
build_sample
sample_recording >"$WORK/s.cast"
sed 's/"kind":"lost",/"kind":"possible",/' "$WORK/s.cast" >"$WORK/possible.cast"
# Names that mean something in every format: markup, quotes, separators, escapes, control bytes, bytes that are no UTF-8.
hostile=$(printf '</script><script>alert(1)</script>]]>&amp;"\x27`;,:%%0A::error::\001\033[31m\u202e\n::error::{}\\\xc3\xbf é')
jq -c --arg name "$hostile" 'if .record == "header" then .argv[0] = $name elif .id == 1 and .path then .path = $name else . end' \
    "$WORK/s.cast" >"$WORK/hostile.cast"
sed '/"scan"/,$d' "$WORK/s.cast" >"$WORK/unjudged.cast"
sed '/"finding"/d; s/"objects":512,"bytes":122880,"findings":1/"objects":0,"bytes":0,"findings":0/
     s/"objects":9,"bytes":1153434/"objects":0,"bytes":0/; s/"objects":1024,"bytes":98304,"findings":1/"objects":0,"bytes":0,"findings":0/' \
    "$WORK/s.cast" >"$WORK/clean.cast"
(build_live && live_recording 4242 >"$WORK/live.cast" && mv "$WORK/sample" "$WORK/live_sample" &&
    sed -i "s|$WORK/sample|$WORK/live_sample|" "$WORK/live.cast")
build_sample
cd "$WORK/src" || exit 1

write() { castaway report "$WORK/$1.cast" "--$2" "$WORK/$1.$2" "${@:3}"; }
holds() { # FILE JQ EXPRESSION
    jq -e "$2" "$WORK/$1" >/dev/null || { jq -c . "$WORK/$1" | head -c 2000; false; }
}
has() { # FILE TEXT
    grep -qF -- "$2" "$WORK/$1" || { echo "no '$2' in:"; head -c 2000 "$WORK/$1"; false; }
}
is_printable() { test -z "$(tr -d '\040-\176\n\200-\377' <"$WORK/$1")"; }

# ---- JSON ----
for name in s hostile unjudged clean live; do write $name json --show all; done
claim "JSON satisfies its schema, and the schema knows every key" node "$FORMATS/schema_check.mjs" "$SCHEMA" \
    "$WORK"/{s,hostile,unjudged,clean,live}.json
# What was allocated and what keeps memory alive, put into the same recording.
{
    sed '$d' "$WORK/s.cast"
    cat <<'CAST'
{"record":"profile","objects":9000,"bytes":900000,"freed_objects":8000,"freed_bytes":800000,"peak_objects":1100,"peak_bytes":120000,"peak_us":1500000,"header_bytes":8,"missed":0}
{"record":"allocations","site":1,"objects":9000,"bytes":900000,"freed_objects":8000,"freed_bytes":800000,"peak_objects":1100,"peak_bytes":120000,"peak_us":1500000,"at_once":3,"same_call":4,"size_min":100,"size_max":100,"slack_bytes":36000,"grown":0,"moved_bytes":0,"chain_max":0}
{"record":"retained","root":{"root":"module","module":1,"offset":4096},"objects":7,"bytes":700,"largest":{"site":2,"objects":6,"bytes":600}}
{"record":"retained","root":{"root":"stack","name":"main","tid":4242,"offset":8},"objects":1,"bytes":100}
{"record":"retained","finding":0,"objects":1030,"bytes":100000,"largest":{"site":1,"objects":2,"bytes":192}}
{"record":"retained","objects":2,"bytes":50}
{"record":"end"}
CAST
} >"$WORK/profile.cast"
write profile json --show all
claim "JSON with a profile satisfies the schema, too" node "$FORMATS/schema_check.mjs" "$SCHEMA" "$WORK/profile.json"
claim "JSON: the peak, and when" holds profile.json '.profile.peak_bytes == 120000 and .profile.peak_seconds == 1.5'
claim "JSON: what a site allocated" holds profile.json \
    '.profile.sites | length == 1 and .[0].allocated_bytes == 900000 and .[0].stack[1].function == "session_new"'
claim "JSON: what roots keep alive" holds profile.json '.retained | .shared.bytes == 50 and
    (.roots | map(.root) == ["libgone.so.2+0x1000", "stack of main[4242]"]) and .roots[0].largest.bytes == 600'
claim "JSON: what a finding alone keeps" holds profile.json '[.findings[] | .retained_bytes] | .[0] == 100000 and .[1] == null'
claim "JSON: without a profile none of it" holds s.json 'has("profile") or has("retained") | not'
sed 's/"finding":0,"objects":1030/"finding":2,"objects":1030/' "$WORK/profile.cast" >"$WORK/no_finding.cast"
castaway report "$WORK/no_finding.cast"
claim "a finding that is not there is told with its line" eval 'status_is 125 && err_has ":15: damaged recording: retained \`finding\`"'
jq '.findings[0].kind = "gone" | .extra = 1' "$WORK/s.json" >"$WORK/wrong.json"
claim "what the schema does not allow is refused" eval '! node "$FORMATS/schema_check.mjs" "$SCHEMA" "$WORK/wrong.json"'

# ---- SARIF ----
chmod +x "$FORMATS/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
multitool() {
    DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 \
        "$FORMATS/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool" validate "$@" --rule-kind 'Sarif;Ghas'
}
# All it may say: that there is no page about the tool; that a finding without any source has no region.
is_valid_sarif() {
    if multitool "$@" >"$WORK/multitool" 2>&1 &&
        ! grep -E ': (error|warning) ' "$WORK/multitool" | grep -vE 'SARIF2005|GH1002'; then
        return 0
    fi
    cat "$WORK/multitool"
    return 1
}
for name in s hostile unjudged clean live; do write $name sarif; done
claim "SARIF is valid, for GitHub too" is_valid_sarif "$WORK/s.sarif" "$WORK/live.sarif" "$WORK/unjudged.sarif" "$WORK/clean.sarif"
claim "SARIF with hostile names is valid" is_valid_sarif "$WORK/hostile.sarif"
jq '.runs[0].results[0].ruleIndex = 17 | .runs[0].results[0].message = {}' "$WORK/s.sarif" >"$WORK/wrong.sarif"
claim "the validator refuses what is wrong" eval '! is_valid_sarif "$WORK/wrong.sarif" >/dev/null'
result='.runs[0].results[0]'
claim "SARIF: file and line below the source root" holds s.sarif "$result.locations[0].physicalLocation |
    .artifactLocation == {\"uri\": \"server/session.c\", \"uriBaseId\": \"%SRCROOT%\"} and .region.startLine == 11"
claim "SARIF: the fingerprint is the text report's" test "$(jq -r "$result.partialFingerprints.primaryLocationLineHash" "$WORK/s.sarif")" = \
    "$(jq -r '.findings[0].fingerprint' "$WORK/s.json"):1"
claim "SARIF: a cycle's objects are related locations" holds s.sarif "[$result.relatedLocations[].physicalLocation.region.startLine] == [11, 5]"
claim "SARIF: kinds that fail are errors" holds s.sarif '[.runs[0].results[].level] == ["error", "error"]'
write s sarif --fail-on cycle
claim "SARIF: others are warnings" holds s.sarif '[.runs[0].results[].level] == ["error", "warning"]'
claim "SARIF: what was not judged was no success" holds unjudged.sarif '.runs[0].invocations[0].executionSuccessful == false'
GITHUB_WORKSPACE=$WORK write s sarif
claim "SARIF: the source root is GitHub's workspace" holds s.sarif "$result.locations[0].physicalLocation.artifactLocation.uri == \"src/server/session.c\""
(mkdir "$WORK/elsewhere" && cp -r "$WORK/src/server" "$WORK/elsewhere" && cd "$WORK/elsewhere" && write s sarif)
claim "SARIF: sources compiled elsewhere are found by their name in the compilation" holds s.sarif \
    "$result.locations[0].physicalLocation.artifactLocation == {\"uri\": \"server/session.c\", \"uriBaseId\": \"%SRCROOT%\"}"

cat >"$WORK/src/pair.cc" <<'CXX'
#include <memory>
struct Node { std::shared_ptr<Node> other; };
int main()
{
    auto a = std::make_shared<Node>();
    a->other = a;
    a->other = std::make_shared<Node>(Node{a});
}
CXX
(cd "$WORK/src" && ${CXX:-g++} -g -O1 -o "$WORK/pair" pair.cc)
castaway --sarif "$WORK/pair.sarif" "$WORK/pair"
claim "SARIF: the program's line, not that of the library that it uses" holds pair.sarif "$result.locations[0].physicalLocation |
    .artifactLocation.uri == \"pair.cc\" and .region.startLine >= 5"
(cd / && castaway --sarif "$WORK/pair.sarif" "$WORK/pair")
claim "SARIF: neither when the sources lie elsewhere" holds pair.sarif "$result.locations[0].physicalLocation.artifactLocation.uri | endswith(\"pair.cc\")"

# ---- JUnit ----
read_junit() { node "$FORMATS/read_junit.mjs" "$WORK/$1.junit" >"$WORK/$1.cases" && xmllint --noout --schema "$FORMATS/junit.xsd" "$WORK/$1.junit"; }
write s junit
claim "JUnit is what CI servers read" read_junit s
claim "JUnit: counts" has s.cases "tests 3 failures 2 errors 0"
claim "JUnit: the process is a case" has s.cases "server | heap judged | passed"
claim "JUnit: how long it ran" test "$(grep -c ' time="1.000"' "$WORK/s.junit") $(grep -c ' time=' "$WORK/s.junit")" = "3 3"
claim "JUnit: a cycle with file, line and message" has s.cases \
    "failure | server/session.c | 11 | 512 cycles, 1 024 objects, 96.0 KiB: session -(.timer)-> timer -(+0x08)-> session;"
claim "JUnit: the text of the report" has s.junit "session ─(.timer)→ timer ─(+0x08)→ session"
write s junit --fail-on cycle
claim "JUnit: kinds that do not fail are no failures" eval 'read_junit s && has s.cases "tests 3 failures 1 errors 0"'
write hostile junit
claim "JUnit: hostile names stay text" read_junit hostile
claim "JUnit: and hold no control byte" is_printable hostile.junit
write unjudged junit
claim "JUnit: what was not judged is an error" eval 'read_junit unjudged && has unjudged.cases "errors 1" && has unjudged.cases "heap judged | error"'
write clean junit
claim "JUnit: nothing found is one case that passed" eval 'read_junit clean && has clean.cases "tests 1 failures 0 errors 0"'

ring() { # LENGTH
    grep -vE '"record":"(finding|end)"' "$WORK/s.cast"
    printf '{"record":"finding","kind":"cycle","site":1,"count":1,"objects":%d,"bytes":%d,"indirect_objects":0,"indirect_bytes":0,"length":%d,"group_objects_max":%d,"cycle":[{"site":1,"size":128,"offset":24,"target_offset":0}' \
        "$1" $((96 * $1)) "$1" "$1"
    for ((i = 1; i < $1; i++)); do printf ',{"site":2,"size":64,"offset":8,"target_offset":0}'; done
    printf ']}\n{"record":"end"}\n'
}
name_of_ring() { # LENGTH
    ring "$1" >"$WORK/ring.cast"
    write ring junit
    grep -o 'name="cycle[^"]*"' "$WORK/ring.junit"
}
claim "JUnit: a ring has one name however long it is" test "$(name_of_ring 3)" = "$(name_of_ring 20)"
claim "JUnit: of what it is made of" test "$(name_of_ring 20 | cut -d'[' -f1)" = 'name="cycle session -&gt; timer -&gt; session '

# ---- pprof ----
write s pprof
node "$FORMATS/read_pprof.mjs" "$WORK/s.pprof" >"$WORK/samples"
claim "pprof: sample types" has samples "types lost_objects/count lost_space/bytes inuse_objects/count inuse_space/bytes"
claim "pprof: opens with what is lost" has samples "default lost_space"
claim "pprof: inlined frames are lines of one location" has samples \
    "512 65536 512 65536 | kind=cycle fingerprint=$(jq -r '.findings[0].fingerprint' "$WORK/s.json") | take session.c:11 < session_new session.c:15 | main session.c:21"
claim "pprof: each object of a cycle at its own stack" has samples "512 32768 512 32768"
claim "pprof: without symbols" has samples "| libgone.so.2+0x1234 | main session.c:21 | 0x12345678"
claim "pprof: mappings" has samples "mappings sample libgone.so.2"
write profile pprof
node "$FORMATS/read_pprof.mjs" "$WORK/profile.pprof" >"$WORK/samples"
claim "pprof: what was allocated" has samples "inuse_space/bytes alloc_objects/count alloc_space/bytes"
claim "pprof: at its stack" has samples "0 0 0 0 9000 900000 |  | take session.c:11 < session_new session.c:15 | main session.c:21"
write possible pprof
node "$FORMATS/read_pprof.mjs" "$WORK/possible.pprof" >"$WORK/samples"
claim "pprof: live is more than lost, whatever --show says" has samples "0 0 512 122880 | kind=possible |"
write hostile pprof
claim "pprof: hostile names" node "$FORMATS/read_pprof.mjs" "$WORK/hostile.pprof"

# ---- folded stacks ----
write s folded
claim "folded: outermost first, bytes last" test "$(sort "$WORK/s.folded")" = "$(printf '%s\n' \
    "0x12345678;main;libgone.so.2+0x1234 122880" "main;session_new;take 65536" "main;session_new;timer_new 32768")"
claim "folded: bytes add up to the findings'" test "$(awk '{ sum += $NF } END { print sum }' "$WORK/s.folded")" = 221184
write s folded --show cycle
claim "folded: kinds of --show only" test "$(wc -l <"$WORK/s.folded")" = 2
castaway report "$WORK/s.cast" "$WORK/s.cast" --folded "$WORK/twice.folded"
claim "folded: equal stacks are one line" has twice.folded "main;session_new;take 131072"
write hostile folded
claim "folded: a separator in a name is none" test "$(grep 0x12345678 "$WORK/hostile.folded" | tr -cd ';' | wc -c)" = 2

# ---- DOT ----
write s dot
claim "DOT: Graphviz draws it" dot -Tsvg -o "$WORK/s.svg" "$WORK/s.dot"
claim "DOT: objects" has s.svg ">session</text>"
claim "DOT: members" has s.svg ">.timer</text>"
claim "DOT: offsets where no member is known" has s.svg ">+0x08</text>"
write hostile dot
claim "DOT: hostile names" dot -Tsvg -o "$WORK/hostile.svg" "$WORK/hostile.dot"
claim "DOT: the picture is sound XML" xmllint --noout "$WORK/hostile.svg"
claim "DOT: without counts no edge is preferred" test "$(grep -c 'make weak' "$WORK/s.dot")" = 0
jq -c 'if .kind == "cycle" then .refs = {count: 2, verdict: "cycle", source: "pair"} | .break = [{entry: 1}, {entry: 0}] else . end' \
    "$WORK/s.cast" >"$WORK/weak.cast"
write weak dot
claim "DOT: the edge to break" grep -q '_1 -> .*make weak" style=dashed' "$WORK/weak.dot"
claim "DOT: it alone" test "$(grep -c 'make weak' "$WORK/weak.dot")" = 1
claim "DOT: Graphviz takes it" dot -Tsvg -o "$WORK/weak.svg" "$WORK/weak.dot"
write s dot --show lost
claim "DOT: no cycle, no graph" test "$(grep -c subgraph "$WORK/s.dot")" = 0

# ---- OpenMetrics ----
write s openmetrics
claim "OpenMetrics: promtool reads it" promtool check metrics <"$WORK/s.openmetrics"
claim "OpenMetrics: totals" has s.openmetrics 'castaway_object_bytes{program="server",kind="cycle"} 98304'
claim "OpenMetrics: findings" has s.openmetrics 'function="take",place="server/session.c:11"} 98304'
claim "OpenMetrics: ends as it must" test "$(tail -n 1 "$WORK/s.openmetrics")" = "# EOF"
write hostile openmetrics
claim "OpenMetrics: hostile names" promtool check metrics <"$WORK/hostile.openmetrics"

# ---- GitHub ----
castaway report "$WORK/s.cast" --github
claim "annotations have file, line and title" out_has \
    "::error file=server/session.c,line=11,title=castaway%3A cycle session -> timer -> session::512 cycles"
claim "annotations are one line each" test "$(grep -c '^::' "$WORK/out")" = 2
claim "annotations stand beside the text" out_has "SUMMARY: castaway:"
castaway report "$WORK/s.cast" --github --fail-on none
claim "kinds that do not fail are warnings" out_has "::warning file=server/session.c"
castaway report "$WORK/hostile.cast" --github --text /dev/null
claim "a name makes no annotation of its own" test "$(grep -c '^::' "$WORK/out")" = "$(wc -l <"$WORK/out")"
{ head -3 "$WORK/s.cast"
  for i in $(seq 14); do printf '{"record":"site","id":%d,"frames":[[1,%d]]}\n' $((i + 20)) $((i * 64)); done
  sed -n '/^{"record":"scan"/p' "$WORK/s.cast"
  for i in $(seq 14); do
    printf '{"record":"finding","kind":"lost","site":%d,"count":1,"objects":1,"bytes":%d,"indirect_objects":0,"indirect_bytes":0}\n' $((i + 20)) "$i"
  done
  echo '{"record":"end"}'; } >"$WORK/many.cast"
castaway report "$WORK/many.cast" --github
claim "no more than GitHub shows, and a word about the rest" eval 'test "$(grep -c ^::error "$WORK/out")" = 10 &&
    out_has "::notice title=castaway::4 findings more"'

# ---- all of them ----
write live junit
claim "a place that grows" eval 'read_junit live && has live.cases "growing: node_new" && has live.junit "14.1 KiB a minute"'
castaway status 1 --sarif -
claim "verbs that ask a program write text and JSON only" err_has "--sarif: not an option of this verb"
castaway report "$WORK/s.cast" --sarif "$WORK/none/x.sarif"
claim "a file that can't be written is told before anything is read" err_has "none/: No such file"
CASTAWAY_OPTIONS="junit=$WORK/environment.xml:github" castaway report "$WORK/s.cast"
claim "from CASTAWAY_OPTIONS, too" eval 'test -s "$WORK/environment.xml" && out_has ::error'
(cd "$WORK" && gcc -g -O1 -o small -x c - <<<'#include <stdlib.h>
int main(void) { return malloc(48) ? 0 : 1; }' 2>/dev/null)
castaway --junit "$WORK/run.junit" --sarif - --folded "$WORK/run.folded" "$WORK/small"
claim "with run: exit status" status_is 23
claim "with run: standard output" eval 'jq -e ".runs[0].results | length == 1" "$WORK/out" >/dev/null'
claim "with run: files" has run.folded "main 48"
finish
