#!/usr/bin/env bash
# PHP with its own allocator switched off and its collector too: the cycles that scripts make are leaks of a known size.
# shellcheck disable=SC2016 # what stands in single quotes is another shell's, or PHP's
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"

TIMES=500
unreachable() { # SCRIPT: "objects bytes" that a run leaks, whatever their kind
    printf '<?php for ($i = 0; $i < %d; $i++) { %s }' "$TIMES" "$1" >"$WORK/script.php"
    castaway --show none --exit-code 0 --json "$WORK/json" php -n -d zend.enable_gc=0 "$WORK/script.php"
    jq -r '.summary | [.lost, .lost_indirect, .cycle] | "\(map(.objects) | add) \(map(.bytes) | add)"' "$WORK/json"
}
leaks() { # OBJECTS BYTES SCRIPT: so much each time
    local wanted="$(($1 * TIMES)) $(($2 * TIMES))" got
    got=$(unreachable "$3")
    [ "$got" = "$wanted" ] || { echo "$got, not $wanted"; false; }
}
# Sizes: a reference 32, an array 56 and its table 160, a string of a few bytes 32, a repeated one its length and 32.
claim 'arrays that are given back leak nothing' leaks 0 0 '$a = []; $a[] = str_repeat("x", $i); unset($a);'
claim 'an array that holds itself' leaks 3 248 '$a = []; $a[] = &$a; unset($a);'
claim 'an array that holds itself and a string' leaks 4 2280 '$a = [str_repeat("x", 2000)]; $a[] = &$a; unset($a);'
claim 'a ring of three arrays, each with a string' leaks 12 840 \
    '$a = ["a" . $i]; $b = ["b" . $i]; $c = ["c" . $i];
     $a[] = &$b; $b[] = &$c; $c[] = &$a; unset($a, $b, $c);'
claim 'the report says that the allocator was switched off' test \
    "$(jq -r '.notes[] | select(.code == "pool-off") | .detail' "$WORK/json")" = USE_ZEND_ALLOC=0
finish
