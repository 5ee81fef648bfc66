#!/bin/bash
# Reference counts of named functions: which reference was never given back, in programs and libraries of many kinds; what
# stubs keep; rules that are wrong.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2154
. "$(dirname "$0")/claims.sh"
. "$(dirname "$0")/refs.sh"
# shellcheck disable=SC2046
{
    compile -o "$WORK/gobject" "$sources/gobject_missing_unref.c" $(pkg-config --cflags --libs gobject-2.0)
    compile -o "$WORK/jsonc" "$sources/jsonc_missing_put.c" $(pkg-config --cflags --libs json-c)
}
wide=()
grep -qw avx /proc/cpuinfo && wide=(-mavx)
compile "${wide[@]}" -Wno-missing-prototypes -fPIC -shared -o "$WORK/libcounted.so" "$sources/counted.so.c"
linked=(-L"$WORK" -lcounted "-Wl,-rpath,$WORK")
compile -o "$WORK/forms" "$sources/forms.c" "${linked[@]}" -Wl,-z,lazy
compile -o "$WORK/forms.now" "$sources/forms.c" "${linked[@]}" -Wl,-z,now,-z,relro
compile -o "$WORK/forms.apart" "$sources/forms.c" "${linked[@]}" -Wl,-z,now,-z,relro,-z,max-page-size=0x200000
compile -fno-pic -no-pie -o "$WORK/forms.fixed" "$sources/forms.c" "${linked[@]}" -Wl,-z,lazy
compile -o "$WORK/threads" "$sources/threads.c" "${linked[@]}" -lpthread
compile -o "$WORK/plugins" "$sources/plugins.c" -ldl -lpthread
compile -fPIC -shared -o "$WORK/liblater.so" "$sources/later.so.c" -ldl
compile -o "$WORK/closing" "$sources/closing.c" -L"$WORK" -llater "-Wl,-rpath,$WORK" -ldl -lpthread
compile -o "$WORK/hooks" "$sources/hooks.c" -lpthread
compile -o "$WORK/gc_words" "$sources/gc_words.c" -lpthread
compile -o "$WORK/dangling" "$sources/dangling.c"
# shellcheck disable=SC2046
compile -rdynamic -o "$WORK/check_scopes" "$sources/check_scopes.c" $(pkg-config --cflags --libs check)
compile -fPIC -shared -o "$WORK/plugin.so" "$sources/plugin.so.c" "${linked[@]}" -Wl,-z,lazy
compile -fPIC -shared -o "$WORK/plugin.now.so" "$sources/plugin.so.c" "${linked[@]}" -Wl,-z,now,-z,relro
${CXX:-g++} -O1 -g -Wall -Wextra -Wno-clobbered "${wide[@]}" -I"$sources" -o "$WORK/registers" "$sources/registers.cc" "${linked[@]}" || exit 1

# ---- real libraries ----
record --profile glib "$WORK/gobject"
claim "GObject: the one reference" culprit_is 1 session_watch
claim "GObject: nothing else is blamed" refs_hold '.unmatched | length == 1'
claim "GObject: one object, one reference" refs_hold '.objects == 1 and .count == 1 and .dropped == 0'
record --profile glib "$WORK/gobject" balanced
claim "GObject, balanced: nothing" nothing_lost
record --refs g_object_ref:g_object_unref "$WORK/gobject"
claim "GObject: named by hand" culprit_is 1 session_watch
record --profile json-c "$WORK/jsonc"
claim "json-c: the one reference" culprit_is 1 log_keep
claim "json-c: 10 000 pairs are folded" refs_hold '[.balances[].balance] | length <= 5 and max == 10000 and add == 0'
record --profile json-c "$WORK/jsonc" balanced
claim "json-c, balanced: nothing" nothing_lost

# ---- forms of rules ----
plain=counted_ref:counted_unref
forms() { # PROGRAM MODE COUNT RULES
    record --refs "$4" "$WORK/$1" "$2"
    claim "$1 $2: the program counts $3" test "$(head -n 1 "$WORK/out")" = "$3"
    claim "$1 $2: so do we" refs_hold ".count == ${3% *}"
    claim "$1 $2: what is left" is_blamed keep
}
for program in forms forms.now forms.apart forms.fixed; do
    forms $program plain 2 $plain
    forms $program pointer "3 1" $plain
done
forms forms second 2 $plain,unref=counted_give@2
forms forms cleared 2 $plain,unref=counted_clear@*1
forms forms handle 2 "$plain handle_ref@*1:handle_unref@**1"
forms forms floating 3 "$plain sink=counted_sink floating=4@4&4"
forms forms floating 3 "$plain sink=counted_sink"
forms forms sunk 3 "$plain sink=counted_sink floating=4@4&4"
forms forms shared 3 "$plain create=counted_shared"
forms forms plain 2 "ref=counted_ref@return unref=counted_unref"

# ---- what stubs keep ----
functions=(many_integers many_numbers vary return_large return_long_double return_complex wide fails)
for place in "" @return @2; do
    rules=$(printf "ref=%s$place " "${functions[@]}")
    record --refs "$rules" "$WORK/registers"
    claim "arguments and results$place: all as they were" test "$(cat "$WORK/out")" = "$("$WORK/registers")"
    claim "arguments and results$place: status" status_is 0
done

# ---- modules and threads ----
for plugin in plugin.so plugin.now.so; do
    record --refs $plain "$WORK/plugins" 20 "$WORK/$plugin"
    claim "$plugin: closed and opened again" culprit_is 1 plugin_keep
    claim "$plugin: its count" refs_hold '.count == 1 and .dropped == 0'
done
mkdir "$WORK/rec"
castaway run -o "$WORK/rec/%p.cast" --fail-on none --text "$WORK/report" --refs $plain "$WORK/closing" "$WORK/plugin.so"
refs=$(cat "$WORK"/rec/*.cast | jq -c 'select(.record == "refs")')
claim "forked while another thread closes: status" status_is 0
claim "forked while another thread closes: what the child opens is looked at" refs_hold '.count == 1 and .dropped == 0'
record --refs $plain "$WORK/threads"
claim "a million changes by four threads: none is missed" refs_hold '.count == 1 and .dropped == 0'

# ---- the program's own hooks ----
record "$WORK/hooks"
claim "hooks and scopes are as castaway.h says" status_is 0
claim "hooks: nothing to say" test ! -s "$WORK/out"
claim "scopes that ended with findings are noted" notes_have "scope 6 lost, inner, outer, many, mine, weak"
record "$WORK/hooks" leak
claim "hooks: the culprit" culprit_is 1 timer_start
claim "hooks: names" refs_hold '.type == "Session" and .finalizer == "session_close"'
record "$WORK/hooks" balanced
claim "hooks, balanced: nothing" nothing_lost
claim "without castaway the hooks do nothing" "$WORK/hooks" leak

# ---- the words of Python's gc ----
record "$WORK/gc_words"
claim "gc's words are as castaway.h says" status_is 0
said_nothing() { [ ! -s "$WORK/out" ] || { cat "$WORK/out"; false; }; }
claim "gc's words: nothing to say" said_nothing
claim "without castaway they do nothing" "$WORK/gc_words"
record "$WORK/gc_words" frozen
claim "frozen objects are in no report" nothing_lost
record "$WORK/gc_words" thawed
claim "those that were frozen for a while are" grep -q '3 objects, 300 B unreachable' "$WORK/report"

# ---- test cases as scopes ----
for forks in yes no; do
    export CK_FORK=$forks
    castaway run --fail-on none --text "$WORK/report" "$WORK/check_scopes"
    claim "check, fork $forks: three tests fail" status_is 3
    claim "check, fork $forks: by name" test "$(grep ':S:' "$WORK/out" | grep -o 'loses[a-z_]*' | sort | tr '\n' ' ')" = "loses_a_cycle loses_its_fixture loses_two "
    claim "check, fork $forks: two objects" out_has "this test leaves 2 objects behind that nothing can reach"
    claim "check, fork $forks: one object" out_has "this test leaves 1 object behind"
    claim "check, fork $forks: a cycle" out_has "cycle: 2 objects, 128 bytes, made by"
    claim "check, fork $forks: where they were made" out_has "check_scopes(session_new+0x"
    claim "check, fork $forks: without castaway all pass" "$WORK/check_scopes"
done
unset CK_FORK

# ---- weak slots that dangle ----
found() { jq -c '[.findings[] | .kind]' "$WORK/json"; }
dangles() { jq -e "[.findings[] | select(.kind == \"dangling-weak\")] | length == 1 and (.[0] | $1)" "$WORK/json" >/dev/null || { cat "$WORK/report"; false; }; }
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; false; }; }
for name in $("$WORK/dangling"); do
    castaway run --text "$WORK/report" --json "$WORK/json" "$WORK/dangling" "$name"
    case $name in
    bad_*) claim "$name fails" status_is 23 && claim "$name: one finding" is "$(found)" '["dangling-weak"]' ;;
    good_*) claim "$name does not fail" status_is 0 && claim "$name: no finding" is "$(found)" '[]' ;;
    esac
    case $name in
    bad_static) claim "$name" dangles '.objects == 1 and .slot.holder == null and .stack[0].function == "bad_static" and .slot.target[0].function == "session_new"' ;;
    bad_in_objects) claim "$name" dangles '.objects == 3 and .stack[0].function == "watch" and .slot.offset == 8 and .slot.holder[0].function == "watcher_new"'
        claim "$name: the text" grep -q "point at freed objects made by session_new, from 8 B into objects made by watcher_new" "$WORK/report" ;;
    bad_later) claim "$name" dangles '.objects == 1 and .slot.target == null and .slot.holder[0].function == "watcher_new"' ;;
    lost_holder) claim "$name: the object is the finding" is "$(found)" '["lost"]' ;;
    esac
done
formats=$(cd "$(dirname "$0")/../formats" && pwd)
castaway run --text "$WORK/report" --json "$WORK/json" --html "$WORK/html" --sarif "$WORK/sarif" "$WORK/dangling" bad_in_objects
claim "the schema knows dangling-weak" node "$formats/schema_check.mjs" "$(dirname "$0")/../../tools/report.schema.json" "$WORK/json"
claim "SARIF says what it is" jq -e '.runs[0].results[0].ruleId | test("[Dd]angling")' "$WORK/sarif"
claim "HTML says what they point at" grep -q "point at freed objects made by session_new" "$WORK/html"
castaway run -o "$WORK/d.cast" --text "$WORK/report" "$WORK/dangling" bad_static
castaway why "$WORK/d.cast" "$(jq -r '.findings[0].fingerprint' "$WORK/json")"
claim "why of another run's fingerprint" status_is 125
castaway why "$WORK/d.cast" "$("$CASTAWAY" report "$WORK/d.cast" --fail-on none --json - | jq -r '.findings[0].fingerprint')"
claim "why" out_has "(dangling-weak) points at a freed object made by session_new"
castaway run --text "$WORK/report" --fail-on lost,cycle "$WORK/dangling" bad_static
claim "--fail-on without it" status_is 0
claim "the first line" grep -q 'nothing unreachable; 1 weak slot dangling' "$WORK/report"
castaway run --text "$WORK/report" --json "$WORK/json" --show lost,cycle --fail-on dangling-weak "$WORK/dangling" bad_static
claim "--show without it" is "$(found)" '[]'
claim "it fails all the same" status_is 23
printf '# castaway: kinds=dangling-weak\n{\n name\n Memcheck:Leak\n ...\n fun:bad_static\n}\n' >"$WORK/supp"
castaway run --text "$WORK/report" --suppressions "$WORK/supp" "$WORK/dangling" bad_static
claim "suppressed by kind" status_is 0
sed -i 's/dangling-weak/lost/' "$WORK/supp"
castaway run --text "$WORK/report" --suppressions "$WORK/supp" "$WORK/dangling" bad_static
claim "a suppression of another kind hides nothing" status_is 23

# ---- what is wrong ----
record --refs nowhere_ref:nowhere_unref,many_integers:counted_shared,$plain "$WORK/forms" plain
claim "a symbol that nobody has" notes_have "refs-missing 2 nowhere_ref, nowhere_unref"
claim "a function that nobody calls" notes_have "refs-not-called 1 many_integers"
claim "data is no function" notes_hasnt "refs-no-function"
claim "the others are counted all the same" is_blamed keep
record --refs stdout:counted_unref,counted_ref:counted_give "$WORK/forms" plain
claim "data that is imported is no function" notes_have "refs-no-function 1 stdout"
record --refs "counted_ref@***2:counted_unref@***1,sink=counted_sink floating=8@4000000000&1" "$WORK/forms" floating
claim "pointers that lead nowhere are not followed" test "$(cat "$WORK/out")" = 3
claim "... and the program ends well" status_is 0
record --profile openssl "$WORK/forms" plain
claim "a profile for another program is noted" notes_have "profile-unused 1 "
record --profile glib --refs $plain "$WORK/gobject"
claim "a used profile is not" notes_hasnt profile-unused
refused() { # SENTENCE MESSAGE OPTION...
    local sentence=$1 message=$2
    shift 2
    castaway run "$@" true
    claim "$sentence" err_has "$message"
    claim "$sentence: one line" err_lines 1
    claim "$sentence: 125" status_is 125
}
printf '# mine\na_ref:a_unref\n  b_ref@9:b_unref\n' >"$WORK/mine"
printf 'a_ref:a_unref\0' >"$WORK/binary"
refused "half a pair" "--refs: column 6: \`:\` and the function that gives the reference back are missing" --refs a_ref
refused "a wrong profile" "$WORK/mine:3:9: a place is an argument from 1 to 6, or \`return\`" --profile "$WORK/mine"
refused "no such profile" "no file and no profile; profiles are cairo, dbus, ffmpeg, glib, gstreamer, json-c, openssl, wayland" --profile nothing
refused "no such file" "No such file or directory" --profile "$WORK/nothing"
refused "no text" "not a text" --profile "$WORK/binary"
sed -i 's/@9//' "$WORK/mine"
castaway run --profile "$WORK/mine" --profile cairo --refs a:b --refs c:d true
claim "profiles and pairs may be repeated" status_is 0

# ---- preloaded by hand ----
CASTAWAY_OPTIONS="refs=\"$plain\":output=$WORK/hand.cast:text=/dev/null" LD_PRELOAD="$(dirname "$CASTAWAY")/libcastaway.so" \
    "$WORK/forms" plain >/dev/null 2>&1
cp "$WORK/hand.cast" "$WORK/r.cast" 2>/dev/null
refs=$(jq -c 'select(.record == "refs")' "$WORK/r.cast")
claim "preloaded by hand: what is left" is_blamed keep
finish
