#!/bin/bash
# refs.sh - sourced after claims.sh by the tests of reference counts: programs of tests/refs, and what was recorded of them.
# shellcheck disable=SC2154
sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../refs" && pwd)
header=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../preload" && pwd)
compile() { ${CC:-gcc} -O1 -g -Wall -Wextra -Werror -iquote "$sources" -iquote "$header" "$@" || exit 1; }

# record OPTION... -- COMMAND...: runs it; $refs is the record of its references, $notes those of its notes
record() {
    rm -f "$WORK/r.cast"
    castaway run -o "$WORK/r.cast" --fail-on none --text "$WORK/report" "$@"
    refs=$(jq -c 'select(.record == "refs")' "$WORK/r.cast")
    notes=$(jq -r 'select(.record == "note") | "\(.code) \(.count) \(.detail)"' "$WORK/r.cast")
}
# The functions of a stack of the recording, innermost first.
functions_of() { # SITE
    local path offset
    jq -rs --argjson site "$1" '(map(select(.record == "module")) | map({(.id | tostring): .path}) | add) as $paths |
        .[] | select(.record == "site" and .id == $site) | .frames[] | "\($paths[.[0] | tostring]) \(.[1] - 1)"' "$WORK/r.cast" |
        while read -r path offset; do addr2line -ife "$path" "$(printf '%x' "$offset")" | sed -n 1~2p; done
}
# The first stack that is blamed has taken that many references, in that function.
culprit_is() { # BALANCE FUNCTION
    local balance functions
    balance=$(jq '.unmatched[0].balance' <<<"$refs")
    functions=$(functions_of "$(jq '.unmatched[0].site // 0' <<<"$refs")")
    if [ "$balance" != "$1" ] || ! grep -qx "$2" <<<"$functions"; then
        echo "$balance by $functions, not $1 by $2: $refs"
        false
    fi
}
# Of a few that are blamed, it is one.
is_blamed() { # FUNCTION
    local site
    for site in $(jq '.unmatched[].site' <<<"$refs"); do
        functions_of "$site" | grep -qx "$1" && return
    done
    echo "$1 is not blamed: $refs"
    false
}
refs_hold() { jq -e "$1" <<<"$refs" >/dev/null || { echo "not $1: $refs; $notes"; false; }; }
nothing_lost() {
    if [ -n "$refs" ] || ! grep -q 'nothing unreachable' "$WORK/report"; then
        cat "$WORK/report"
        false
    fi
}
notes_have() { grep -qF -- "$1" <<<"$notes" || { echo "no '$1' in: $notes"; false; }; }
notes_hasnt() { ! grep -qF -- "$1" <<<"$notes"; }
