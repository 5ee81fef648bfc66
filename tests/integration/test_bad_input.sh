#!/bin/bash
# Everything that can be wrong with options, recordings, destinations and commands: one line, the right status.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2059
. "$(dirname "$0")/claims.sh"
build_sample
sample_recording >"$WORK/s.cast"

refused() { # SENTENCE STATUS MESSAGE ARGUMENTS...
    local sentence=$1 want=$2 message=$3
    shift 3
    castaway "$@"
    claim "$sentence: status" status_is "$want"
    claim "$sentence: message" err_has "$message"
    claim "$sentence: one line" err_lines 1
}

# ---- options ----
refused "unknown option" 125 'unknown option `--jsn`; did you mean `--json`?' --jsn - true
refused "unknown option of report" 125 'did you mean `--max-frames`?' report --max-frame=3 "$WORK/s.cast"
refused "unknown letter" 125 'unknown option `-z`' -z true
refused "unknown kind" 125 'unknown kind `lots`' --show lots true
refused "not a number" 125 '`x` is not a number from 0 to 255' --exit-code x true
refused "too large" 125 'a number from 1 to 64' --max-frames 65 true
refused "value missing" 125 '--text: FILE is missing' --text
refused "%q without its end" 125 '%q is written %q{VARIABLE}' --log-file "$WORK/log.%q{HOME" true
refused "value too many" 125 '--help takes no value' --help=3
refused "no command" 125 'no command to run' run
refused "no recording" 125 'no recording named' report
CASTAWAY_OPTIONS=exit-code=900 castaway true
claim "environment: wrong value" err_has "CASTAWAY_OPTIONS: exit-code: \`900\`"
refused "wrong expansion" 125 'after % comes one of' -o "$WORK/%z" true
castaway
claim "nothing at all: usage, status 125" status_is 125
castaway --help
claim "--help: status 0" status_is 0
claim "--help names the options" out_has '--fail-on KINDS'
while read -r option; do
    claim "the manual page has $option" grep -qE "^\.It .*Fl -${option#--}( |\$)" "$(dirname "$0")/../../tools/castaway.1"
    claim "README has $option" grep -qF -- "$option" "$(dirname "$0")/../../README.md"
done < <(grep -oE -- ' --[a-z-]+' "$WORK/out")
castaway --version
claim "--version" out_has "castaway "

# ---- recordings ----
S=$WORK/s.cast B=$WORK/b.cast
refused "missing file" 125 "$WORK/none.cast: No such file" report "$WORK/none.cast"
refused "a folder without recordings" 125 "$WORK/src: no recording (*.cast) is in this folder" report "$WORK/src"
: >"$B"
refused "empty" 125 "b.cast: empty" report "$B"
echo hello >"$B"
refused "no recording" 125 "b.cast:1: not a recording of castaway" report "$B"
head -c 5000 "$WORK/sample" >"$B"
refused "a binary" 125 "b.cast:1: not a recording of castaway" report "$B"
echo '{"record":"header","format":"other"}' >"$B"
refused "other format" 125 "not a recording of castaway" report "$B"
sed '1s/"version":1/"version":2/' "$S" >"$B"
refused "other version" 125 "b.cast:1: recording of version 2" report "$B"
sed '4s/"frames"/"frames:/' "$S" >"$B"
refused "broken line" 125 "b.cast:4: damaged recording" report "$B"

damaged() { # SENTENCE LINE SED
    sed "$3" "$S" >"$B"
    refused "$1" 125 "b.cast:$2: damaged recording" report "$B"
}
damaged "unknown module" 4 '4s/\[\[0,/[[9,/'
damaged "unknown site" 8 '8s/"site":1,/"site":99,/'
damaged "negative count" 8 '8s/"count":512/"count":-1/'
damaged "negative id" 4 '4s/"id":1/"id":-1/'
damaged "id beyond 32 bits" 4 '4s/"id":1/"id":4294967297/'
damaged "site given twice" 5 '5s/"id":2/"id":1/'
damaged "unknown kind" 8 '8s/"cycle","site"/"ring","site"/'
damaged "a cycle of none" 8 '8s|"cycle":\[.*\]|"cycle":[]|'
damaged "a cycle of two, listed as one" 8 '8s/,{"site":2[^}]*}//'
damaged "a cycle shorter than its list" 8 '8s/"length":2/"length":1/'
damaged "frames that are none" 4 '4s/"frames":.*/"frames":[7]}/'
damaged "an array for a record" 4 '4s/.*/[1,2]/'
damaged "deep nesting" 4 "4s/.*/$(printf '[%.0s' $(seq 5000))/"
damaged "text for a number" 7 '7s/"objects":512/"objects":"x"/'

castaway report "$S"
cp "$WORK/out" "$WORK/whole"
head -c -5 "$S" >"$B"
castaway report "$B"
claim "last line cut: reported" status_is 23
claim "last line cut: said" out_has "note: the recording is cut"
head -c -1 "$S" >"$B"
castaway report "$B"
claim "only the newline is missing: same as cut" out_has "note: the recording is cut"
sed '/"record":"end"/d' "$S" >"$B"
castaway report "$B"
claim "no end: said" out_has "note: the recording is cut"
for lines in 1 2 3 4 5 6 7 8 9; do
    head -$lines "$S" >"$B"
    castaway report "$B"
    # Cut before its scan, a recording judges nothing: no script may take that for clean.
    if grep -q '"record":"scan"' "$B"; then
        claim "cut after line $lines: no error" err_lines 0
    else
        claim "cut after line $lines: one line of error" err_lines 1
        claim "cut after line $lines: not clean" status_is 125
        claim "cut after line $lines: said" out_has "not judged"
    fi
done
sed -e '8s/"count":512/"count":18446744073709551615/; 9s/"bytes":122880/"bytes":99999999999999999999999/' \
    -e '4s/\[0,[0-9]*\]/[-1,18446744073699065856]/; 5s/{/{"later":[{}],/' -e '3a {"record":"later"}' "$S" >"$B"
castaway report "$B"
claim "huge numbers, unknown keys and records are taken" status_is 23
claim "huge numbers, unknown keys and records: no error" err_lines 0

# Whatever one byte is turned into, castaway ends by itself.
size=$(stat -c %s "$S") crashed=0 RANDOM=7
for _ in $(seq "${FUZZ_RUNS:-150}"); do
    cp "$S" "$B"
    printf "\\x$(printf %x $((RANDOM % 256)))" |
        dd of="$B" bs=1 seek=$(((RANDOM * 32768 + RANDOM) % size)) conv=notrunc status=none
    castaway report "$B" --show all
    case $status in 0 | 23 | 125) ;; *) crashed=$((crashed + 1)); cp "$B" "${TMPDIR:-/tmp}/castaway-crash.cast" ;; esac
done
claim "no changed byte crashes it" test "$crashed" = 0

# ---- destinations ----
refused "no folder" 125 "$WORK/none/x.json: folder $WORK/none/: No such file" --json "$WORK/none/x.json" true
refused "a folder" 125 "$WORK: is a directory" --text "$WORK" true
refused "a file as folder" 125 "Not a directory" -o "$S/x" true
castaway report "$S" --text /dev/full
claim "full disk: status" status_is 125
claim "full disk: message" err_has "/dev/full: the report was not written: No space left on device"
"$CASTAWAY" report "$S" >/dev/full 2>"$WORK/err"
status=$?
claim "full disk on standard output: status" status_is 125
claim "full disk on standard output: message" err_has "standard output: the report was not written"

# ---- commands ----
refused "not found" 127 "no-such-command: command not found" no-such-command
refused "path not found" 127 "$WORK/none: No such file" "$WORK/none"
refused "a directory as command" 126 "is a directory" "$WORK"
refused "not executable" 126 "is not executable" "$S"
printf '#!/no/such/perl -w\n' >"$WORK/script" && chmod +x "$WORK/script"
refused "script without interpreter" 126 "its interpreter /no/such/perl: No such file" "$WORK/script"
printf '#!%s/script\n' "$WORK" >"$WORK/loop" && chmod +x "$WORK/loop"
refused "interpreter of the interpreter" 126 "its interpreter /no/such/perl" "$WORK/loop"
printf '#!%s/self\n' "$WORK" >"$WORK/self" && chmod +x "$WORK/self"
refused "script that is its own interpreter" 126 "too many interpreters" "$WORK/self"
echo 'int main(void) { return 0; }' >"$WORK/m.c"
if ${CC:-gcc} -static -o "$WORK/static" "$WORK/m.c" 2>/dev/null; then
    refused "static" 125 "is linked statically" "$WORK/static"
    printf '#!%s/static\n' "$WORK" >"$WORK/viastatic" && chmod +x "$WORK/viastatic"
    refused "script of a static interpreter" 125 "is linked statically" "$WORK/viastatic"
fi
if ${CC:-gcc} -static-pie -o "$WORK/spie" "$WORK/m.c" 2>/dev/null; then
    refused "static-pie" 125 "is linked statically" "$WORK/spie"
fi
cp "$WORK/sample" "$WORK/alien" && printf '\xb7' | dd of="$WORK/alien" bs=1 seek=18 conv=notrunc status=none
refused "another architecture" 125 "another architecture" "$WORK/alien"
cp "$WORK/sample" "$WORK/narrow" && printf '\x01' | dd of="$WORK/narrow" bs=1 seek=4 conv=notrunc status=none
refused "32 bits" 125 "another architecture" "$WORK/narrow"
if [ "$(id -u)" = 0 ]; then
    cp "$WORK/sample" "$WORK/setuid" && chown 1:1 "$WORK/setuid" && chmod 4755 "$WORK/setuid"
    refused "set-user-ID" 125 "is set-user-ID" "$WORK/setuid"
fi

# ---- what a program leaves where recordings lie, and nobody may wait for
within() { # ARGUMENTS...
    { timeout 60 "$CASTAWAY" "$@" >"$WORK/out" 2>"$WORK/err"; } 2>/dev/null
    status=$?
}
# shellcheck disable=SC2016 # a program for sh
# shellcheck disable=SC1003 # the quotes are for the inner shell
within sh -c 'folder=${CASTAWAY_OPTIONS#*dir=?} && mkfifo "${folder%%\'"'"'*}"/1.cast "${folder%%\'"'"'*}"/unwatched'
claim "pipes among the recordings: the report is made" eval 'status_is 0 && err_has "SUMMARY: castaway: 0 byte"'
mkdir "$WORK/several" && cp "$WORK/s.cast" "$WORK/several/" && mkfifo "$WORK/several/t.cast"
within report "$WORK/several"
claim "a pipe in a folder of recordings" eval 'status_is 23 && err_lines 0 && out_has "512 × 2 objects"'

castaway --json "$WORK/none/x.json" sh -c "touch $WORK/started"
claim "nothing was started" test ! -e "$WORK/started"
finish
