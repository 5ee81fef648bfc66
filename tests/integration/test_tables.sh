#!/usr/bin/env bash
# The reader of unwind tables agrees with readelf on every row of the system's libraries.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
gcc -std=gnu11 -D_GNU_SOURCE -I"$root" -O2 -o "$WORK/print_rows" "$root/tests/integration/print_rows.c" \
    "$root"/preload/cfi*.c "$root/preload/learn.c" "$root/preload/loaded.c" || exit 1
# ADDRESS CFA RBP RA of each row that is told by the stack or frame pointer; columns are named in each description's head.
rows_by_readelf() {
    readelf --wide --debug-dump=frames-interp "$1" 2>/dev/null | awk '
        /^ *LOC/ { bp = 0; ra = 0
                   for (i = 3; i <= NF; i++) { if ($i == "rbp") bp = i; if ($i == "ra") ra = i } next }
        /FDE/ { is_code = 1; split($0, part, "pc="); split(part[2], range, /\.\./); lo = range[1]; hi = range[2] }
        /CIE/ { is_code = 0 }
        /^[0-9a-f]+ r[sb]p[+-][0-9]+ / && is_code && $ra ~ /^c/ && $1 >= lo && $1 < hi {
            address = $1; sub(/^0+/, "", address)
            if (!bp || $bp ~ /^(u|s|c[+-][0-9]+)$/)
                print address, $2, !bp || $bp == "s" ? "u" : $bp, $ra
        }'
}

for name in libc.so.6 libstdc++.so.6 libcrypto.so.3 libglib-2.0.so.0; do
    library=$(ldconfig -p | awk -v name=$name '$1 == name && /x86-64/ { print $NF; exit }')
    [ -n "$library" ] || continue
    rows_by_readelf "$library" | sort -u -k1,1 >"$WORK/expected"
    cut -d' ' -f1 "$WORK/expected" | "$WORK/print_rows" "$library" >"$WORK/found"
    claim "$name has more than 1000 rows" test "$(wc -l <"$WORK/expected")" -gt 1000
    claim "$name: they are read as readelf reads them" diff -q "$WORK/expected" "$WORK/found"
    # Forth and back in one function, and behind its end.
    awk '{ line[NR % 3] = $1 } NR % 3 == 0 { print line[2]; print line[0]; print line[1]; print line[2] }' \
        "$WORK/expected" | while read -r at; do printf '%s\n%x\n' "$at" $((0x$at - 1)); done >"$WORK/jumping"
    "$WORK/print_rows" "$library" <"$WORK/jumping" >"$WORK/expected"
    "$WORK/print_rows" "$library" on <"$WORK/jumping" >"$WORK/found"
    claim "$name: so they are where one is read on from another" diff -q "$WORK/expected" "$WORK/found"
    "$WORK/print_rows" "$library" rules <"$WORK/jumping" >"$WORK/found"
    "$WORK/print_rows" "$library" rules-anew <"$WORK/jumping" >"$WORK/expected"
    claim "$name: rules that are seen at once are what comes of trying them out" diff -q "$WORK/expected" "$WORK/found"
done
# A library whose function has much to tell.
cat >"$WORK/spoilt.c" <<'C'
int spoilt(int (*next)(int), int a)
{
    int b = next(a), c = next(b), d = next(c), e = next(d), f = next(e), g = next(f);
    return a + b * c + d * e + f * g + next(g);
}
C
gcc -O2 -shared -fPIC -o "$WORK/spoilt.so" "$WORK/spoilt.c" || exit 1
gcc -std=gnu11 -D_GNU_SOURCE -I"$root" -g -O1 -fsanitize=undefined -fno-sanitize-recover=all -o "$WORK/broken_tables" \
    "$root/tests/integration/broken_tables.c" "$root"/preload/cfi*.c "$root/preload/loaded.c" || exit 1
claim 'tables that are broken lead nowhere, and nowhere else' \
    timeout -k 5 60 "$WORK/broken_tables" "$WORK/spoilt.so" spoilt
claim 'code that no table describes has no row' test "$(echo 0 | "$WORK/print_rows" libc.so.6)" = '0 none'
finish
