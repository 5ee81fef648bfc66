#!/bin/bash
# test_miscounts.sh - objects in reach whose counts are not the number of pointers to them: told when asked for, never failing.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016
. "$(dirname "$0")/claims.sh"
sources=$(cd "$(dirname "$0")/../refs" && pwd)
formats=$(cd "$(dirname "$0")/../formats" && pwd)
header=$sources/../../preload
${CC:-gcc} -O1 -g -Wall -Wextra -Werror -I"$header" -o "$WORK/miscounts" "$sources/miscounts.c" || exit 1

look() { castaway run --json "$WORK/json" --text "$WORK/text" "$@"; }
text_has() { grep -qF -- "$1" "$WORK/text" || { echo "no '$1' in"; cat "$WORK/text"; false; }; }
nothing() { holds '.findings == [] and .summary.over_unref.objects == 0 and .summary.missing_unref.objects == 0'; }
one() { # KIND COUNT FOUND: the only finding
    holds ".findings | length == 1 and (.[0] | .kind == \"$1\" and .type == \"Session\" and .refs.verdict == \"$1\" and
        .refs.count == $2 and .refs.found_inside + .refs.found_outside == $3)"
}

look --audit-live "$WORK/miscounts" over
claim 'one reference was given back too often' one over-unref 1 2
claim 'it is told as what it may be' text_has '1 reference counted, 2 pointers found: 1 given back too often, borrowed or left over'
claim 'with the history' text_has '−1 holder_close'
claim 'the first line' text_has 'nothing unreachable; 1 object in reach miscounted'
claim 'it fails nothing' status_is 0
claim 'the schema knows it' node "$formats/schema_check.mjs" "$(dirname "$0")/../../tools/report.schema.json" "$WORK/json"
look --audit-live --fail-on over-unref "$WORK/miscounts" over
claim 'unless somebody wants that' status_is 23
look --audit-live --show lost "$WORK/miscounts" over
claim 'not shown, it is counted' holds '.findings == [] and .summary.over_unref == {"objects": 1, "bytes": 48, "findings": 1}'
look "$WORK/miscounts" over
claim 'who does not ask is not told' nothing
look --audit-live "$WORK/miscounts" borrowed
claim 'a borrowed pointer looks the same' one over-unref 1 2
for mode in fair stack made named; do
    look --audit-live "$WORK/miscounts" $mode
    claim "$mode: nothing" nothing
done

look --audit-live "$WORK/miscounts" missing
claim 'a reference that nobody gave back, of an object in reach' one missing-unref 2 1
claim 'who took it comes first' holds '.findings[0].refs.unmatched[0].stack | map(.function) | .[0:2] == ["session_ref", "serve"]'
claim 'people are told' text_has '2 references counted, 1 found: 1 never given back, or held out of sight'
claim 'it fails nothing, either' status_is 0

# ---- counts in memory ----
cat >"$WORK/object.c" <<'END'
#include <glib-object.h>
GObject *variable, **array;
int main(int count, char **arguments) {
    char mode = count > 1 ? arguments[1][0] : 'f';
    variable = g_object_new(G_TYPE_OBJECT, NULL);
    array = g_new0(GObject *, 2);
    array[0] = g_object_ref(variable);
    if (mode == 'o')
        g_object_unref(variable);
    if (mode == 'm')
        g_object_ref(variable);
    return 0;
}
END
# shellcheck disable=SC2046
${CC:-gcc} -O1 -g -o "$WORK/object" "$WORK/object.c" $(pkg-config --cflags --libs gobject-2.0) || exit 1
gobject() { # KIND COUNT FOUND
    holds ".findings | length == 1 and (.[0] | .kind == \"$1\" and .type == \"GObject\" and .refs.source == \"memory\" and
        .refs.count == $2 and .refs.found_inside + .refs.found_outside == $3)"
}
look --audit-live "$WORK/object" over
claim 'GObject: too few' gobject over-unref 1 2
look --audit-live "$WORK/object" missing
claim 'GObject: too many' gobject missing-unref 3 2
look --audit-live --profile glib "$WORK/object" missing
claim 'GObject: who took it' holds '.findings[0].refs.unmatched[0].stack[0].function == "main"'
look --audit-live "$WORK/object" fair
claim 'GObject: as many' nothing
look --audit-live /usr/bin/python3 -c 'import os, signal; os.kill(os.getpid(), signal.SIGTERM)'
claim 'CPython, which borrows from itself: nothing' nothing

# ---- reports of several runs, and other formats ----
castaway run -o "$WORK/1.cast" --text /dev/null --audit-live "$WORK/miscounts" missing
castaway run -o "$WORK/2.cast" --text /dev/null --audit-live "$WORK/miscounts" missing
castaway report --json "$WORK/json" --sarif "$WORK/sarif" --junit "$WORK/junit" --html "$WORK/html" "$WORK/1.cast" "$WORK/2.cast"
claim 'two runs: added up' holds '.summary.missing_unref == {"objects": 2, "bytes": 96, "findings": 1} and .findings[0].refs.count == 4'
claim 'an alert' jq -e '.runs[0].results[0].ruleId == "castaway/missing-unref"' "$WORK/sarif"
printf '# castaway: kinds=missing-unref\n{\n name\n Memcheck:Leak\n ...\n fun:serve\n}\n' >"$WORK/supp"
look --audit-live --suppressions "$WORK/supp" --fail-on missing-unref "$WORK/miscounts" missing
claim 'a suppression hides it' status_is 0
finish
