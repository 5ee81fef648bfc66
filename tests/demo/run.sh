#!/usr/bin/env bash
# run.sh BUILD - two reports: a small program that mirrors Python's weakref example; and jq 1.6, which leaks an error message
# when ltrimstr gets a number.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=$1

show() {
    printf '\n$ castaway'
    printf ' %s' "${@@Q}"
    printf '\n'
    "$build/castaway" "$@" 2>&1
    local status=$?
    printf '(exit status %s: 23 says that there are findings)\n' "$status"
    [ "$status" = 0 ] || [ "$status" = 23 ]
}
show -- "$build/tests/demo/weakref" &&
    show -- jq -cn '["castaway", "raft"] | map(ltrimstr(1))'
