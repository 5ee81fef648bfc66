#!/usr/bin/env bash
# How long does a scan hold a program of 1 GiB with two threads: stopping them, and the clone.
set -eu
: "${BUILD:?}" "${CASTAWAY:=$BUILD/castaway}"
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
gcc -O2 -pthread -o "$work/standing" "$here/workloads/standing.c"
"$CASTAWAY" --scan-signal USR2 --text /dev/null --output "$work/cast" --fail-on none \
    "$work/standing" "${MIB:-1024}" "${SCANS:-5}" >/dev/null
jq -c 'select(.record == "status") | {question: "pause of a scan, 1 GiB heap, two threads", value: (.pause_us.p50 / 1000),
    unit: "ms", must: 30, aim: 20}' "$work/cast"
jq -nc --argjson ms "$("$work/standing" "${MIB:-1024}" clone)" \
    '{question: "of which the kernel needs for its copy of such a process", value: $ms, unit: "ms"}'
