#!/usr/bin/env bash
# run_bench.sh BUILD - run tests/bench/bench_* (programs and scripts); each prints lines `name value unit runs`,
# or JSON objects with a question, a value and its unit, and what it must be and is to be.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=$(realpath "$1") || exit 1
export BUILD CASTAWAY=$BUILD/castaway
status=0
for bench in tests/bench/bench_*.c tests/bench/bench_*.sh tests/bench/bench_*.py; do
    [ -e "$bench" ] || continue
    case $bench in
        *.c) "$BUILD/${bench%.c}" ;;
        *) "$bench" ;;
    esac || {
        status=1
        printf 'bench: %s failed\n' "$bench" >&2
    }
done
exit $status
