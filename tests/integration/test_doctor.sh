#!/bin/bash
# castaway doctor: what it says of this machine and of programs, before a run.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016
. "$(dirname "$0")/claims.sh"

says() { # VERDICT ABOUT TEXT
    grep -qE "^$1 +$2 +.*$3" "$WORK/out" || { echo "no '$1 $2 $3' in:"; cat "$WORK/out"; false; }
}
diagnosis() { jq -r ".diagnoses[] | select(.about == \"$1\") | .verdict" "$WORK/out"; }
cat >"$WORK/leak.c" <<'C'
#include <stdlib.h>
int main(void) { return malloc(48) ? 0 : 1; }
C
cat >"$WORK/own.c" <<'C'
#include <stddef.h>
static char memory[1 << 20];
static size_t used;
void *malloc(size_t bytes) { used += (bytes + 15) / 16 * 16; return memory + used - (bytes + 15) / 16 * 16; }
void free(void *pointer) { (void)pointer; }
int main(void) { return malloc(48) ? 0 : 1; }
C
compile() { ${CC:-gcc} -fno-builtin -o "$WORK/$1" "${@:3}" "$WORK/$2.c"; }
compile debug leak -g
compile plain leak
compile stripped leak -s
compile static leak -static
compile own own
printf '#!%s\n' "$WORK/plain" >"$WORK/script"
chmod +x "$WORK/script"

castaway doctor
claim "this machine: status 0" status_is 0
claim "a trial run is judged" says ok "a trial run" "the object that it lost was found"
claim "how threads are stopped" says ok "stopping threads" "by signal"
claim "how the snapshot is made" says ok snapshot "by clone"
claim "which dirty-page methods work" says ok "dirty pages" "is used; works: .*; not here: "
mkdir "$WORK/temporary"
TMPDIR=$WORK/temporary castaway doctor
claim "nothing is left behind" test -z "$(ls -A "$WORK/temporary")"
used=$(sed -nE 's/^ok +dirty pages +([a-z-]+) is used.*/\1/p' "$WORK/out")
castaway --scan-every 20ms -o "$WORK/real.cast" --text /dev/null sleep 0.1
claim "and a run uses the method that it named" grep -q "\"dirty_pages\":\"$used\"" "$WORK/real.cast"

castaway doctor "$WORK/debug" --not-an-option-of-ours
claim "a program with debug info" says ok "debug info" "functions, files and lines"
claim "its allocator" says ok allocator "the C library's"
claim "it is not run" test "$(find "$WORK" -name '*.cast' | wc -l)" = 1
castaway doctor "$WORK/plain"
claim "without debug info, with the remedy" eval 'says limited "debug info" "functions, but no files" && out_has "build it with -g"'
claim "a limit is no failure" status_is 0
DEBUGINFOD_URLS=http://127.0.0.1:1 castaway doctor "$WORK/plain"
claim "a server for debug info" says ok "debug info" "http://127.0.0.1:1 is asked"
castaway doctor "$WORK/stripped"
claim "stripped" says limited "debug info" "exported functions only"
objcopy --only-keep-debug "$WORK/debug" "$WORK/debug.debug"
objcopy --strip-all --add-gnu-debuglink="$WORK/debug.debug" "$WORK/debug" "$WORK/linked"
castaway doctor "$WORK/linked"
claim "debug info beside the file" says ok "debug info" "in $WORK/debug.debug"
castaway doctor "$WORK/own"
claim "an allocator of its own" says limited allocator "brings its own malloc"
castaway doctor "$WORK/static"
claim "a static program can't be watched" eval 'status_is 125 && says fails program "linked statically"'
castaway doctor "$WORK/script"
claim "a script" says ok program "a script: $WORK/plain is watched"
castaway doctor "$WORK/none"
claim "no such program" eval 'status_is 125 && says fails program "No such file"'
claim "and nothing on standard error" err_lines 0

castaway doctor --json - "$WORK/own"
claim "as JSON" eval 'test "$(diagnosis allocator)" = limited && test "$(diagnosis "a trial run")" = ok'
CASTAWAY_LIBRARY=/nowhere/lib.so castaway doctor
claim "without the library" eval 'status_is 125 && says fails library "/nowhere/lib.so"'
TMPDIR=/nowhere castaway doctor
claim "without a folder" eval 'status_is 125 && says fails recordings /nowhere'
castaway doctor --html -
claim "formats of reports are none of its own" err_has "--html: not an option of this verb"
finish
