#!/usr/bin/env bash
# run_programs.sh [--link FLAGS] [--preload LIBRARY] [--name NAME] [PROGRAM...] - the programs of tests/programs, one behaviour
# each: build at every set of flags, run plain and under castaway, compare the report with the expectations in the file's head.
#
# --link, --preload: another allocator, linked or preloaded. --name: folder of build/programs to work in. No PROGRAM: all.
#
# Keys of a head comment, one a line:
#   expect: KIND=OBJECTS/BYTES ...   kinds as in the JSON summary; those not named are 0/0, reachable is not looked at;
#                                    `any`: the program's own behaviour only
#   child: KIND=OBJECTS/BYTES ...    the same for the process that the program forks
#   cycle_findings: N
#   finding: KEY=VALUE ...           a finding with all of these must be there. Keys: the numbers and the kind of a finding,
#                                    cycle_length; edges=OFFSET:TARGET_OFFSET,... and sizes=SIZE,... of its cycle, in any
#                                    order; frame=FUNCTION (may stand several times), somewhere in its stack
#   flags: -O0 -O2                   one build for each word; `:` stands for a space
#   so: FILE, so_flags: FLAGS        a shared library, built beside the program
#   link: FLAGS, run: ARGS           @so@ is the library's path
#   note: CODE                       a note with this code must be there
#   no_note: CODE                    and with this one not
#   status: N                        exit status without castaway, 0 if not named
#   needs: root                      left out when we are not
#   allocators: no                   not to be run with another allocator
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
source_dir=$here/../programs
: "${BUILD:=$(realpath "$here/../../build")}" "${CASTAWAY:=$BUILD/castaway}"
export BUILD CASTAWAY
ulimit -c 0

# ---- one program at one set of flags: run_programs.sh --one FLAGS SOURCE, in the environment that the loop below set
key() {
    sed -nE "s|^( \*\|/\*) $1: *||p" "$source" | head -n 1
}
fail() {
    printf '%s [%s]%s: %s\n' "${source##*/}" "$flags" "${VARIANT:+ ($VARIANT)}" "${1//$'\n'/ | }"
    exit 1
}
build() {
    local compiler=(gcc -std=gnu11) so
    case $source in *.cc) compiler=(g++ -std=c++17) ;; esac
    so=$(key so)
    if [ -n "$so" ]; then
        # shellcheck disable=SC2046 # several words are meant
        gcc -std=gnu11 -g -fPIC -shared -w $(key so_flags) -o "$binary.so" "$source_dir/$so" || fail "can't build $so"
    fi
    # shellcheck disable=SC2046,SC2086
    "${compiler[@]}" -g -Wall -Wextra -Wno-infinite-recursion ${flags//:/ } -o "$binary" "$source" \
        $(key link | sed "s|@so@|$binary.so|") $LINK 2>"$binary.build" || fail "can't build: $(head -n 3 "$binary.build")"
}
# outcome NAME COMMAND...: stdout to NAME.out, stderr to NAME.err; returns the exit status
outcome() {
    local name=$1
    shift
    # the outer braces take what bash says when the program dies of a signal
    { timeout 120 "$@" >"$binary.$name.out" 2>"$binary.$name.err" </dev/null; } 2>/dev/null
}

# What a summary should be, as jq's input: {"lost": {"objects": 1, "bytes": 24}, ...}
expected_summary() {
    local word counts expected=$1
    # another allocator's libraries have objects of their own
    [ -z "$VARIANT" ] || expected=$(sed -E 's/reachable=[^ ]*//' <<<"$expected")
    for word in lost=0/0 lost_indirect=0/0 cycle=0/0 possible=0/0 $expected; do
        counts=${word#*=}
        printf '{"%s": {"objects": %s, "bytes": %s}}\n' "${word%%=*}" "${counts%/*}" "${counts#*/}"
    done | jq -cs add
}
# compare JSON EXPECTATION: print the differences
compare_summary() {
    jq -r --argjson expected "$(expected_summary "$2")" '
        .summary as $summary | $expected | to_entries[]
        | .key as $kind | .value as $want | ($summary[$kind] | {objects, bytes}) as $got
        | select($got != $want)
        | "\($kind): expected \($want.objects)/\($want.bytes), got \($got.objects)/\($got.bytes)"' "$1"
}
compare_findings() {
    local count line
    count=$(key cycle_findings)
    [ -z "$count" ] || jq -r --argjson want "$count" '
        .summary.cycle.findings as $summary | ([.findings[] | select(.kind == "cycle")] | length) as $listed
        | select($summary != $want or $listed != $want)
        | "cycle findings: expected \($want), got \($summary) in the summary and \($listed) listed"' "$1"
    sed -nE 's|^ \* finding: *||p' "$source" | while read -r line; do
        jq -r --arg line "$line" '
            def numbers: split(",") | map(tonumber) | sort;
            def holds($key; $value):
                if $key == "frame" then any(.stack[]; .function != null and (.function | split("(")[0]) == $value)
                elif $key == "kind" then .kind == $value
                elif $key == "cycle_length" then (.cycle | length) == ($value | tonumber)
                elif $key == "sizes" then ([.cycle[].size] | sort) == ($value | numbers)
                elif $key == "edges" then
                    ([.cycle[] | "\(.offset):\(.target_offset)"] | sort) == ($value | split(",") | sort)
                else .[$key] == ($value | tonumber) end;
            [$line | splits(" +") | split("=")] as $pairs
            | select(all(.findings[]; . as $finding | any($pairs[]; . as $pair | $finding | holds($pair[0]; $pair[1]) | not)))
            | "no finding with \($line)"' "$1"
    done
}
# The recordings of a run, as JSON: of the program itself, and of the process that it forked.
report_recordings() {
    local recording
    for recording in "$binary".rec/*.cast; do
        [ -e "$recording" ] || continue
        if [ "$(head -n 1 "$recording" | jq "[.pid, .ppid] as [\$pid, \$parent] | [inputs | .pid] | index(\$parent)" - \
            <(cat "$binary".rec/*.cast | grep '"record": *"header"'))" = null ]; then
            "$CASTAWAY" report --fail-on none --text /dev/null --json "$binary.json" "$recording"
        else
            "$CASTAWAY" report --fail-on none --text /dev/null --json "$binary.child.json" "$recording"
        fi || fail "castaway report: status $?"
    done
}
judge() {
    local differences
    [ -s "$2" ] || fail "no report ($(head -n 2 "$binary.castaway.err"))"
    differences=$(compare_summary "$2" "$3" 2>&1; [ "$2" != "$binary.json" ] || compare_findings "$2" 2>&1)
    [ -z "$differences" ] || fail "$1$differences"
}
run_one() {
    local expected child status wanted arguments note
    rm -rf "$binary" "$binary".*
    build
    expected=$(key expect) child=$(key child) wanted=$(key status) arguments=$(key run | sed "s|@so@|$binary.so|")
    wanted=${wanted:-0}
    # shellcheck disable=SC2086 # several arguments are meant
    outcome plain env ${PRELOAD:+LD_PRELOAD=$PRELOAD} "$binary" $arguments
    status=$?
    [ $status = "$wanted" ] || fail "status $status without castaway, not $wanted"

    local options=(--json "$binary.json" --text "$binary.text")
    if [ -n "$child" ]; then
        mkdir "$binary.rec"
        options=(-o "$binary.rec/%p.cast" --text /dev/null)
    fi
    # shellcheck disable=SC2086
    outcome castaway env ${PRELOAD:+LD_PRELOAD=$PRELOAD} "$CASTAWAY" "${options[@]}" -- "$binary" $arguments
    status=$?
    cmp -s "$binary.plain.out" "$binary.castaway.out" || fail "stdout differs: $(head -c 200 "$binary.castaway.out")"
    if [ "$expected" != any ]; then
        cmp -s "$binary.plain.err" "$binary.castaway.err" || fail "stderr differs: $(head -c 300 "$binary.castaway.err")"
        [ -z "$child" ] || report_recordings
        judge '' "$binary.json" "$expected"
        [ -z "$child" ] || judge 'child: ' "$binary.child.json" "$child"
        # 0 becomes 23 when something counts
        if [ "$wanted" = 0 ] && [ -z "$child" ] &&
            jq -e '.summary | .lost.objects + .cycle.objects > 0' "$binary.json" >/dev/null; then
            wanted=23
        fi
    fi
    [ $status = "$wanted" ] || [ -n "$child" ] || fail "status $status under castaway, not $wanted"
    note=$(key note)
    [ -z "$note" ] || jq -e --arg code "$note" '[.notes[].code] | index($code)' "$binary.json" >/dev/null ||
        fail "no note $note"
    note=$(key no_note)
    [ -z "$note" ] || jq -e --arg code "$note" '[.notes[].code] | index($code) | not' "$binary.json" >/dev/null ||
        fail "note $note"
    rm -rf "$binary" "$binary".*
}
if [ "${1:-}" = --one ]; then
    flags=$2 source=$3
    binary=$WORK/$(basename "$source" | tr . _)${flags//[^A-Za-z0-9]/_}
    run_one
    echo passed
    exit 0
fi

# ---- all of them, one a processor
export LINK='' PRELOAD='' VARIANT='' WORK=$BUILD/programs/plain
while [[ ${1:-} == --* ]]; do
    case $1 in
        --link) LINK=$2 VARIANT="linked ${2##*-l:}" ;;
        --preload) PRELOAD=$2 VARIANT="preloaded ${2##*/}" ;;
        --name) WORK=$BUILD/programs/$2 ;;
        *) echo "unknown option $1" >&2 && exit 2 ;;
    esac
    shift 2
done
[ -x "$CASTAWAY" ] || { echo "$CASTAWAY is not there" && echo '0 passed, 1 failed' && exit 1; }
mkdir -p "$WORK"
names=("$@")
[ $# != 0 ] || mapfile -t names < <(cd "$source_dir" && find . -maxdepth 1 -name '*.c*' ! -name '*.so.c' | sort)
jobs=()
for name in "${names[@]}"; do
    source=$source_dir/${name#./}
    [ -n "$VARIANT" ] && [ "$(key allocators)" = no ] && continue
    [ "$(key needs)" = root ] && [ "$(id -u)" != 0 ] && continue
    all_flags=$(key flags)
    for flags in ${all_flags:--O0 -O2}; do
        jobs+=("$flags" "$source")
    done
done
log=$(mktemp)
trap 'rm -f "$log"' EXIT
printf '%s\0' "${jobs[@]}" | xargs -0 -n 2 -P "$(nproc)" "$0" --one >"$log" 2>&1
grep -vx passed "$log" | sort
passed=$(grep -cx passed "$log") failed=$((${#jobs[@]} / 2 - passed))
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
