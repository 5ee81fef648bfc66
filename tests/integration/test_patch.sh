#!/bin/bash
# Functions that are patched, so that calls inside their own library count: which ones can be, what stays as it was, and what
# the report says of the others.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2154
. "$(dirname "$0")/claims.sh"
. "$(dirname "$0")/refs.sh"
grep -qw avx /proc/cpuinfo && wide=-mavx || wide=-O1
compile -fPIC -shared -O2 -Wl,-Bsymbolic -o "$WORK/libinner.so" "$sources/inner.so.c"
cp "$WORK/libinner.so" "$WORK/libinner2.so"
compile -o "$WORK/inner" "$sources/inner.c" -L"$WORK" -linner "-Wl,-rpath,$WORK" -ldl -lpthread
compile "$wide" -Wno-missing-prototypes -fPIC -shared -o "$WORK/libcounted.so" "$sources/counted.so.c"
${CXX:-g++} -O1 -g -Wall -Wextra -Wno-clobbered "$wide" -I"$sources" -o "$WORK/registers" "$sources/registers.cc" \
    -L"$WORK" -lcounted "-Wl,-rpath,$WORK" || exit 1
patched="inner_ref/patch:inner_unref/patch"

# ---- calls inside the library ----
record --refs inner_ref:inner_unref "$WORK/inner" missing
claim "without patching the reference is not seen" refs_hold '.unmatched == []'
record --refs $patched "$WORK/inner" missing
claim "patched: the one reference" culprit_is 1 inner_watch
claim "patched: all the others" refs_hold '.count == 1 and ([.balances[].balance] | sort) == [-1000, -1, 1, 1000]'
claim "patched: there is nothing to note" test -z "$notes"
record --refs $patched "$WORK/inner" balanced
claim "patched, balanced: nothing" nothing_lost
record --refs "ref=inner_ref@return/patch inner_ref:inner_unref/patch" "$WORK/inner" missing
claim "patched, by the result: the one reference" culprit_is 1 inner_watch

# ---- libraries that are opened later ----
record --refs $patched "$WORK/inner" later "$WORK/libinner2.so"
claim "opened, closed, opened again: the one reference" culprit_is 1 inner_watch
claim "opened later: there is nothing to note" test -z "$notes"
record --refs $patched "$WORK/inner" later "$WORK/libinner2.so" thread
claim "beside a thread nothing is patched" notes_have "inner_unref: its library was loaded beside other threads"

# ---- beginnings ----
functions=$(sed -n 's/.*X(\([a-z_]*\)).*/\1/p' "$sources/inner.h" | grep -vx name)
plain=$("$WORK/inner" beginnings)
for place in "" @return; do
    rules=()
    for function in $functions; do
        rules+=("ref=$function$place/patch")
    done
    record --refs "${rules[*]}" "$WORK/inner" beginnings
    claim "beginnings of all kinds$place: results are as they were" test "$(cat "$WORK/out")" = "$plain"
    for left in begins_with_a_jump begins_with_a_call is_too_short; do
        claim "$left$place is left alone" notes_have "$left: it begins with what can't be moved"
    done
    for left in loops_to_its_beginning is_entered_behind; do
        claim "$left$place is left alone" notes_have "$left: code jumps to its beginning"
    done
    claim "the other six$place are not" notes_have "refs-partial 5"
done

# ---- what is kept ----
functions="many_integers many_numbers vary return_large return_long_double return_complex wide fails"
for place in "" @return @2; do
    rules=()
    for function in $functions; do
        rules+=("ref=$function$place/patch")
    done
    record --refs "${rules[*]}" "$WORK/registers"
    claim "arguments and results$place: all as they were" test "$(cat "$WORK/out")" = "$("$WORK/registers")"
    claim "arguments and results$place: status" status_is 0
    claim "arguments and results$place: patched" notes_hasnt refs-partial
done

# ---- what is wrong ----
: >"$WORK/libZydis.so.4.0"
LD_LIBRARY_PATH=$WORK record --refs $patched "$WORK/inner" missing
claim "without the decoder nothing is patched" notes_have "inner_ref: libZydis can't be loaded"
claim "and the program runs" status_is 0
castaway run --refs inner_ref:inner_unref/pach true
claim "a word that is no patch" err_has "--refs: column 22: not expected here"
claim "a word that is no patch: 125" status_is 125
finish
