#!/bin/bash
# The JSON report: every key, and fingerprints that outlive what changes from run to run.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2059
. "$(dirname "$0")/claims.sh"
build_sample
sample_recording >"$WORK/s.cast"

holds() { # JQ EXPRESSION
    jq -e "$1" "$WORK/out" >/dev/null || { jq -c . "$WORK/out"; false; }
}
fingerprints() { jq -r '.findings[].fingerprint' "$WORK/out" | sort | paste -sd' '; }

castaway report "$WORK/s.cast" --json -
claim "status 23" status_is 23
claim "standard error says why, in one line" test "$(cat "$WORK/err")" = "castaway: exit status 23: 2 findings count"
claim "format and version" holds '.format == "castaway-report" and .version == 1'
claim "program" holds '.program == {"argv": ["./server", "-x"], "pid": 4242, "exit_status": 3}'
claim "top-level keys in order" test "$(jq -r 'keys_unsorted | join(" ")' "$WORK/out")" = \
    "format version program processes summary scans suspects confirmed withdrawn freed_by_program timeline findings notes \
exit suppressed suppressions"
claim "summary" holds '.summary.lost == {"objects": 512, "bytes": 122880, "findings": 1} and
    .summary.lost_indirect.objects == 9 and .summary.cycle == {"objects": 1024, "bytes": 98304, "findings": 1} and
    .summary.possible.bytes == 20 and .summary.reachable.objects == 3'
claim "findings have every key" holds 'all(.findings[]; (keys - ["break", "break_complete", "cycle_length", "cycle_length_max", "group_objects_max", "size_min", "size_max"]) ==
    ["born_seconds", "bytes", "count", "cycle", "finalizer", "fingerprint", "first", "generation", "indirect_bytes",
    "indirect_objects", "kind", "lost_between", "objects", "processes", "proofs", "refs", "stack", "type", "types",
    "where"])'
claim "a cycle's numbers" holds '.findings[0] | .kind == "cycle" and .count == 512 and .objects == 1024 and
    .bytes == 98304 and .indirect_objects == 9 and .indirect_bytes == 1153434'
claim "sizes of what is lost" holds '.findings[1] | .size_min == 240 and .size_max == 240'
claim "a cycle's entries" holds '[.findings[0].cycle[] | [.offset, .target_offset, .size, .stack[0].function]] | sort ==
    [[8, 0, 64, "timer_new"], [24, 0, 128, "take"]]'
claim "frames" holds '.findings[0].cycle[] | select(.size == 128).stack |
    .[0].inlined and .[0].line == 11 and (.[0].file | endswith("/src/server/session.c")) and
    (.[1] | has("inlined") | not) and .[1].function == "session_new" and (.[1].build_id | length) == 40'
claim "null where nothing is known" holds '.findings[1].stack[0] | .function == null and .file == null and
    .line == null and .offset == 4660 and (.module | endswith("libgone.so.2")) and .build_id == "0123456789abcdef"'
claim "null for no module" holds '.findings[1].stack[-1] | .module == null and .build_id == null and .offset == 305419896'
claim "notes" holds '.notes == [{"code": "no-stack", "text": "allocations recorded without a stack", "count": 12}]'
claim "fingerprints are 16 hex digits" holds 'all(.findings[].fingerprint; test("^[0-9a-f]{16}$"))'
before=$(fingerprints)

castaway report "$WORK/s.cast" --json - --max-frames 1
claim "max-frames cuts stacks" holds 'all(.findings[].stack; length == 1)'
claim "max-frames leaves fingerprints" test "$(fingerprints)" = "$before"
castaway report "$WORK/s.cast" --json - --show cycle
claim "--show filters findings" holds '[.findings[].kind] == ["cycle"]'
claim "--show leaves the summary" holds '.summary.lost.findings == 1'

# The same with other ids, another pid, other absolute addresses, and the cycle begun at its other end.
sed -e 's/4242/77/; s/"bias":93824992231424/"bias":1/; s/305419896/42/' \
    -e 's/"id":1,"frames"/"id":9,"frames"/; s/"site":1,/"site":9,/g' \
    -e 's/\("cycle":\[\)\({[^}]*}\),\({[^}]*}\)\]/\1\3,\2]/' "$WORK/s.cast" >"$WORK/other.cast"
castaway report "$WORK/other.cast" --json -
claim "fingerprints know no ids, pids, addresses, rotation" test "$(fingerprints)" = "$before"
castaway report "$WORK/s.cast" "$WORK/other.cast" --json -
claim "findings merge and counts add" holds '(.findings | length) == 2 and .findings[0].count == 1024 and
    .summary.lost.objects == 1024 and .processes == 2'
(cd "$WORK/src" && sed -i '1i /* a line more */' server/session.c && ${CC:-gcc} -g -O1 -Wl,--build-id -o "$WORK/sample" server/session.c)
sample_recording >"$WORK/rebuilt.cast"
castaway report "$WORK/rebuilt.cast" --json -
claim "fingerprints know no lines" test "$(fingerprints)" = "$before"
castaway report "$WORK/s.cast" --json -
claim "a file that was rebuilt gives no names" holds 'all(.findings[].stack[]; .function == null)'

sed 's/"offset":24/"offset":32/' "$WORK/rebuilt.cast" >"$WORK/shape.cast"
castaway report "$WORK/shape.cast" --json -
claim "another shape is another fingerprint" test "$(fingerprints)" != "$before"
sed 's/\.\/server/\\u001b\\u009b\\u00e9/' "$WORK/rebuilt.cast" >"$WORK/evil.cast"
castaway report "$WORK/evil.cast" --json -
claim "no control byte comes through" test -z "$(tr -d '\040-\176\n' <"$WORK/out")"
claim "and nothing is lost" holds '.program.argv[0] == "\u001b\u009b\u00e9"'
castaway report "$WORK/rebuilt.cast" --json "$WORK/a.json" --json "$WORK/b.json" --text -
claim "several destinations" cmp "$WORK/a.json" "$WORK/b.json"
claim "text beside them" out_has "SUMMARY: castaway: 1374618 byte(s)"
CASTAWAY_OPTIONS="json='$WORK/c:%p.json':exit-code=5" castaway report "$WORK/rebuilt.cast" --from-preload
claim "called by the library: options from the environment" status_is 5
claim "its values may hold colons" test -s "$WORK/c:4242.json"
CASTAWAY_OPTIONS="output=$WORK/kept.%p" castaway report "$WORK/rebuilt.cast" --from-preload
claim "called by the library: text on standard error" err_has "SUMMARY: castaway:"
claim "called by the library: the recording is kept" cmp "$WORK/rebuilt.cast" "$WORK/kept.4242"
finish
