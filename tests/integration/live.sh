#!/bin/bash
# shellcheck disable=SC2119,SC2120 # arguments have defaults
# live.sh - sourced by tests of live scans, behind claims.sh: a program with a named global, and the lines of its recordings.

# g_cache[2] holds a table, that holds a list of nodes; a leak and a cycle are made beside it.
build_live() {
    mkdir -p "$WORK/live"
    cat >"$WORK/live/cache.c" <<'C'
#include <stdlib.h>
void *g_cache[4];
__attribute__((noinline)) void **table_new(void)
{
    return g_cache[2] = calloc(16, 8);
}
__attribute__((noinline)) void *node_new(void *next)
{
    void **node = calloc(3, 8);
    node[1] = next;
    return node;
}
int main(void)
{
    void **table = table_new();
    for (int i = 0; i < 10; i++)
        table[8] = node_new(table[8]);
    return 0;
}
C
    (cd "$WORK/live" && ${CC:-gcc} -g -O1 -Wl,--build-id -o "$WORK/sample" cache.c)
    LIVE_TABLE=$(returns_to table_new calloc) LIVE_NODE=$(returns_to node_new calloc)
    LIVE_MAIN=$(returns_to main node_new)
    LIVE_GLOBAL=$((0x$(nm "$WORK/sample" | awk '$3 == "g_cache" { print $1 }') + 16))
}

live_header() { # PID [EXIT_STATUS]
    cat <<CAST
{"record":"header","format":"castaway","version":1,"tool":"0.1.0","pid":$1,"ppid":1,"argv":["./cache"],"executable":"$WORK/sample","exit_status":${2:--1},"start":1.5,"end":2.5}
CAST
}
live_sites() {
    cat <<CAST
{"record":"module","id":0,"path":"$WORK/sample","build_id":"$(build_id "$WORK/sample")","bias":93824992231424}
{"record":"site","id":1,"frames":[[0,$LIVE_TABLE],[0,$LIVE_MAIN]]}
{"record":"site","id":2,"frames":[[0,$LIVE_NODE],[0,$LIVE_MAIN]]}
CAST
}
live_scan() { # NUMBER GENERATION
    cat <<CAST
{"record":"scan","number":$1,"at_us":12800000,"generation":$2,"threads":1,"pause_us":1500,"mark_us":2,"scan_us":20250,"root_bytes":4,"objects_scanned":4000,"bytes_read":65536,"lost":{"objects":3,"bytes":72,"findings":1},"reachable":{"objects":50000,"bytes":1200000,"findings":0}}
CAST
}
live_finding() { # [BORN_US SCAN_A SCAN_B US_A US_B]
    cat <<CAST
{"record":"finding","kind":"lost","site":2,"count":1,"objects":1,"bytes":24,"indirect_objects":0,"indirect_bytes":0,"generation":1,"born_us":${1:-12100000},"lost_between":{"scan_a":${2:-41},"scan_b":${3:-42},"us_a":${4:-12300000},"us_b":${5:-12800000}}}
CAST
}
live_path() { # the value of a key `path`
    printf '[{"root":"module","module":0,"offset":%s},{"site":1,"size":128,"offset":64,"count":1},{"site":2,"size":24,"offset":8,"count":48210},{"site":2,"size":24,"offset":0,"count":1}]' \
        "$LIVE_GLOBAL"
}
live_growth() {
    printf '{"record":"growth","site":2,"scans":5,"objects":48211,"bytes":1157064,"objects_per_minute":600,"bytes_per_minute":14400,"points":[{"at_us":1000000,"objects":40000,"bytes":960000},{"at_us":6900000,"objects":44000,"bytes":1056000},{"at_us":12800000,"objects":48211,"bytes":1157064}],"path":%s}\n' \
        "$(live_path)"
}
live_status() {
    cat <<'CAST'
{"record":"status","recorded_us":12900000,"generations":[{"objects":100,"bytes":2400,"scans":40,"scan_us_p50":250,"scan_us_max":900},{"objects":20,"bytes":480,"scans":2,"scan_us_p50":1500,"scan_us_max":2000},{"objects":48211,"bytes":1157064,"scans":1,"scan_us_p50":20250,"scan_us_max":20250}],"pause_us":{"p50":800,"p99":2100,"max":2500},"suspects":12,"confirmed":9,"withdrawn":2,"freed_by_program":1,"confirmed_withdrawn":0,"confirmed_freed":0,"method":{"dirty_pages":"pagemap-scan","stop":"signal","snapshot":"clone"}}
CAST
}
live_timeline() {
    local number
    printf '{"record":"timeline","scans":['
    for number in 1 2 3 4 5; do
        printf '%s{"number":%d,"generation":%d,"at_us":%d,"pause_us":%d,"scan_us":9000,"objects":[%d,100,%d],"bytes":[%d,200000,%d]}' \
            "$([ "$number" = 1 ] || echo ,)" "$((number + 37))" "$((number % 3))" "$((number * 2560000))" "$((number * 500))" \
            "$number" "$((number * 9642))" "$((number * 60000))" "$((number * 231412))"
    done
    printf ']}\n'
}
live_end() { echo '{"record":"end"}'; }
live_recording() { # PID [EXIT_STATUS] : as it lies in the folder of recordings
    live_header "$1" "${2:-}"
    live_sites
    live_scan 42 2
    live_finding
    live_growth
    live_status
    live_timeline
    live_end
}

# ---- a program that answers ----

trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$WORK"' EXIT

# fake MODE COMMAND...: start it with the library's name mapped in it; $fake is its process id. Answers lie in $WORK/answers.
fake() {
    [ -e "$WORK/libcastaway.so" ] ||
        ${CC:-gcc} -shared -fPIC -o "$WORK/libcastaway.so" -x c - <<<'int castaway_stands_in;'
    mkdir -p "$WORK/answers"
    rm -f "$WORK/answers/ready" "$WORK/answers/requests"
    LD_PRELOAD=$WORK/libcastaway.so "${@:2}" "$(dirname "$0")/fake_program.py" "$WORK/answers" "$1" 2>/dev/null &
    fake=$!
    [[ $1 = late* ]] || for _ in $(seq 3000); do [ -s "$WORK/answers/ready" ] && break; sleep 0.02; done
}
fake_ends() {
    kill "$fake" 2>/dev/null
    wait "$fake" 2>/dev/null
}

# Of an answer, as JSON.
holds() { jq -e "$1" "$WORK/out" >/dev/null || { jq -c . "$WORK/out"; cat "$WORK/err"; false; }; }
