#!/bin/bash
# Thousands of processes in one report: the same whatever the order, in memory that does not grow with them, and in time.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2059
. "$(dirname "$0")/claims.sh"
cd "$WORK" || exit 1
make_recordings=$(dirname "$0")/../bench/make_recordings.py
[ -e "$make_recordings" ] || make_recordings=$OLDPWD/tests/bench/make_recordings.py

# ---- the same in any order ----
mkdir few && python3 "$make_recordings" few 40 30 6
# One of two builds of the program, whose frames lie elsewhere; one that is cut; one without a finding.
sed -i 's/"build_id":""/"build_id":"0123"/' few/1007.cast
head -n 50 few/1009.cast >shorter && mv shorter few/1009.cast
grep -v '"finding"' few/1011.cast >none && mv none few/1011.cast
castaway report few --json - --exit-code 0
cp out forwards
shuffled() { find few -name '*.cast' | sort -R --random-source=<(yes "$1"); }
for seed in 1 2 3; do
    mapfile -t files < <(shuffled $seed)
    castaway report "${files[@]}" --json - --exit-code 0
    claim "order $seed" cmp <(jq 'del(.program)' forwards) <(jq 'del(.program)' out)
done
holds() { jq -e "$1" out >/dev/null || { jq -c '.findings[0]' out; false; }; }
claim "each finding counts its processes" holds '[.findings[].processes] | min >= 1 and max == 39'
claim "and names the first" holds 'all(.findings[]; .first.argv[0] == "./test" and .first.pid >= 1000)'
claim "processes are counted" holds '.processes == 40'
claim "sums are whole" holds '([.findings[].objects] | add) == (38 * 30 + 16)'
castaway report few
claim "text has both" grep -qE '^    in 38 of 40 processes, first: \./test 1000 \[1000\]$' out
cp few/1000.cast same.cast
castaway report few/1000.cast same.cast --json -
claim "a finding that a process has twice is one of it" holds 'all(.findings[]; .processes == 2 and .objects == 2)'

# ---- lines that are spelled in another way are read all the same ----
mkdir spaced && for file in few/100[0-5].cast; do sed 's/,"/, "/g; s/:\[/: [/g' "$file" >"spaced/${file#few/}"; done
mkdir plain && cp few/100[0-5].cast plain
castaway report plain --json - && cp out wanted
castaway report spaced --json -
claim "with blanks between" cmp wanted out
sed 's/"site":3,"count":1/"site":4000,"count":1/' few/1000.cast >unknown.cast
castaway report unknown.cast
claim "an unknown site is told with its line" err_has "damaged recording: finding \`site\` is wrong or missing"
sed 's/\[0,\([0-9]*\)\]/[7,\1]/' few/1000.cast >unknown.cast
castaway report unknown.cast
claim "an unknown module, too" err_has "damaged recording: site \`frames (unknown module)\` is wrong or missing"

# ---- many programs: what was resolved is dropped between them ----
mkdir builds && for i in $(seq 400); do
    sed "s/\"build_id\":\"\"/\"build_id\":\"$(printf %04x "$i")\"/; s/\"pid\":1000/\"pid\":$((2000 + i))/" few/1000.cast >"builds/$i.cast"
done
castaway report builds --json -
claim "four hundred builds" holds '.processes == 400 and ([.findings[].objects] | add) == 12000'

# ---- five thousand processes of two hundred findings ----
mkdir many && python3 "$make_recordings" many 5000 200 12
measured() { # most seconds, most KiB
    read -r seconds kib < <(tail -n 1 usage)
    echo "$seconds s, $kib KiB"
    [ "${seconds%.*}" -lt "$1" ] && [ "$kib" -le "$2" ]
}
# A sanitizer's own memory and time are not what is measured.
limits="10 307200"
nm "$CASTAWAY" 2>/dev/null | grep -q __asan_init && limits="600 3000000"
python3 - "$CASTAWAY" many <<'P' 2>usage
import os, resource, subprocess, sys, time
begin = time.monotonic()
subprocess.run([sys.argv[1], "report", sys.argv[2], "--text", "report.txt"], stdout=subprocess.DEVNULL)
print(time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
P
# shellcheck disable=SC2086
claim "in at most 10 s and 300 MB" measured $limits
claim "all of them" grep -q '^SUMMARY: castaway: 24000000 byte(s) leaked in 1000000 allocation(s)\.$' report.txt
claim "each in all" test "$(grep -c 'in 5 000 of 5 000 processes, first: ./test 1000 \[1000\]' report.txt)" = 200

# ---- a progress line, where somebody sees it ----
python3 - "$CASTAWAY" many >terminal <<'P'
import os, pty, sys
def quiet(descriptor):
    return os.read(descriptor, 65536)
pty.spawn([sys.argv[1], "report", sys.argv[2], "--text", "/dev/null"], quiet)
P
claim "a progress line on a terminal" grep -qE 'castaway: [0-9]+ of 5000 recordings' terminal
claim "taken away at the end" test "$(tail -c 4 terminal | od -An -c | tr -d ' ')" = '\r033[K'
castaway report many --text /dev/null
claim "none elsewhere" err_lines 0
finish
