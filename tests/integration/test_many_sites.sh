#!/bin/bash
# Thousands of leaks in one source file: what is looked at in its debug information is looked at once. For each leak anew it
# took as many seconds as this allows, times two or more; now a fiftieth of them.
# shellcheck source-path=SCRIPTDIR disable=SC1091
. "$(dirname "$0")/claims.sh"
make_sites=$(dirname "$0")/../bench/make_sites.py
SECONDS_MAX=8
holds() { [ "$(jq "$1" "$WORK/json")" = "$2" ] || { jq -c '.summary, .findings[0]' "$WORK/json"; false; }; }
for shape in functions:5000 lines:3000; do
    sites=${shape#*:} shape=${shape%:*}
    python3 "$make_sites" "$sites" "$sites" "$shape" >"$WORK/many.c"
    ${CC:-gcc} -O0 -g -w -o "$WORK/many" "$WORK/many.c"
    castaway -o "$WORK/many.cast" --text /dev/null --show none "$WORK/many"
    { (ulimit -t $SECONDS_MAX && exec "$CASTAWAY" report --json "$WORK/json" "$WORK/many.cast") >"$WORK/out" 2>"$WORK/err"; } 2>/dev/null
    status=$?
    claim "$sites leaking $shape: the report comes" status_is 23
    claim "$sites leaking $shape: each is found" holds '.findings | length >= '$((sites - 2)) true
    claim "$sites leaking $shape: each has its line" holds '[.findings[].stack[0].line] | unique | length >= '$((sites - 2)) true
done
finish
