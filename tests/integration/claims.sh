#!/bin/bash
# claims.sh - sourced by the test scripts: claims, and a small program with a recording of it written by hand.
#
# A claim is a sentence and a command that shows it. Nothing is printed for one that holds. The last line counts.

set -u
export LC_ALL=C.UTF-8 NO_COLOR=1 ASAN_OPTIONS=verify_asan_link_order=0
unset CASTAWAY_OPTIONS LD_PRELOAD
: "${CASTAWAY:?path of the castaway binary}"
WORK=$(mktemp -d "${TMPDIR:-/tmp}/castaway-test-XXXXXX")
trap 'rm -rf "$WORK"' EXIT
passed=0 failed=0

claim() { # SENTENCE COMMAND...
    local sentence=$1
    shift
    if "$@" >"$WORK/claim.out" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: ${0##*/}: $sentence: $(head -c 300 "$WORK/claim.out" | tr '\n' ' ')"
    fi
}

# jq 1.6 holds with -e whatever is said of no input at all.
jq() {
    local told
    [ "$1" = -e ] || { command jq "$@"; return; }
    told=$(command jq "$@") && [ -n "$told" ] && echo "$told"
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

# Run castaway: standard output, error and exit status are left in $WORK/out, $WORK/err and $status.
castaway() {
    { "$CASTAWAY" "$@" >"$WORK/out" 2>"$WORK/err"; } 2>/dev/null
    status=$?
}
status_is() { [ "$status" -eq "$1" ] || { echo "status $status, not $1: $(cat "$WORK/err")"; false; }; }
out_has() { grep -qF -- "$1" "$WORK/out" || { echo "no '$1' in:"; cat "$WORK/out"; false; }; }
out_hasnt() { ! grep -qF -- "$1" "$WORK/out"; }
err_has() { grep -qF -- "$1" "$WORK/err" || { echo "no '$1' in:"; cat "$WORK/err"; false; }; }
err_lines() { [ "$(wc -l <"$WORK/err")" -eq "$1" ] || { cat "$WORK/err"; false; }; }

# Of a report that was left there, in jq's words.
holds() { jq -e "$1" "$WORK/json" >/dev/null || { echo "not $1"; jq -c '.findings[] | del(.stack, .cycle)' "$WORK/json"; false; }; }

# ---- a program, and a recording of it ----

# session_new() has its malloc() inlined from take(); timer_new() keeps a pointer back to the session.
build_sample() {
    mkdir -p "$WORK/src/server"
    cat >"$WORK/src/server/session.c" <<'C'
#include <stdlib.h>
struct session { void *a, *b, *c, *timer; char rest[96]; };
__attribute__((noinline)) static void *timer_new(void *session)
{
    void **timer = malloc(64);
    timer[1] = session;
    return timer;
}
static inline __attribute__((always_inline)) void *take(size_t bytes)
{
    return malloc(bytes);
}
__attribute__((noinline)) void *session_new(void)
{
    struct session *session = take(sizeof *session);
    session->timer = timer_new(session);
    return session;
}
int main(void)
{
    session_new();
    return 0;
}
C
    (cd "$WORK/src" && ${CC:-gcc} -g -O1 -Wl,--build-id -o "$WORK/sample" server/session.c)
}

returns_to() { # CALLER CALLEE: decimal address behind the call
    local address
    address=$(objdump -d --no-show-raw-insn "$WORK/sample" |
        awk -v caller="<$1>:" -v callee="<$2[>@]" \
            '/>:$/ { inside = $2 == caller } found { print $1; exit } inside && /call/ && $0 ~ callee { found = 1 }')
    echo $((0x${address%:}))
}
build_id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }

# The lines of a recording of the sample: 512 cycles session <-> timer, 3 leaks of 80 bytes in timer_new.
sample_recording() {
    local session timer session_main timer_session
    session=$(returns_to session_new malloc) timer=$(returns_to timer_new malloc)
    timer_session=$(returns_to session_new timer_new) session_main=$(returns_to main session_new)
    cat <<CAST
{"record":"header","format":"castaway","version":1,"tool":"0.1.0","pid":4242,"ppid":1,"argv":["./server","-x"],"executable":"$WORK/sample","exit_status":3,"start":1.5,"end":2.5}
{"record":"module","id":0,"path":"$WORK/sample","build_id":"$(build_id "$WORK/sample")","bias":93824992231424}
{"record":"module","id":1,"path":"/nowhere/libgone.so.2","build_id":"0123456789abcdef","bias":0}
{"record":"site","id":1,"frames":[[0,$session],[0,$session_main]]}
{"record":"site","id":2,"frames":[[0,$timer],[0,$timer_session],[0,$session_main]]}
{"record":"site","id":7,"frames":[[1,4660],[0,$session_main],[-1,305419896]]}
{"record":"scan","generation":2,"threads":1,"pause_us":1,"mark_us":2,"scan_us":3,"root_bytes":4,"lost":{"objects":512,"bytes":122880,"findings":1},"lost_indirect":{"objects":9,"bytes":1153434,"findings":0},"cycle":{"objects":1024,"bytes":98304,"findings":1},"possible":{"objects":2,"bytes":20,"findings":0},"reachable":{"objects":3,"bytes":30,"findings":0}}
{"record":"finding","kind":"cycle","site":1,"count":512,"objects":1024,"bytes":98304,"indirect_objects":9,"indirect_bytes":1153434,"length":2,"group_objects_max":2,"cycle":[{"site":1,"size":128,"offset":24,"target_offset":0},{"site":2,"size":64,"offset":8,"target_offset":0}]}
{"record":"finding","kind":"lost","site":7,"count":512,"objects":512,"bytes":122880,"indirect_objects":0,"indirect_bytes":0,"size_min":240,"size_max":240}
{"record":"note","code":"no-stack","count":12,"detail":""}
{"record":"end"}
CAST
}
