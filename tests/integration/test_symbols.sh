#!/bin/bash
# Names: C++ and Rust demangled, the compiler's suffixes and the allocator's frames gone, labels of a cycle's objects.
# Debug information: compressed or apart, the report is the same; without it, or when it is broken, names are left.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016
. "$(dirname "$0")/claims.sh"

# Functions under the names that compilers give them; no debug information.
cat >"$WORK/names.c" <<'C'
#define NAMED(id, symbol) void id(void) __asm__(symbol); void id(void) { __asm__ volatile("nop; nop; nop; nop"); }
NAMED(f0, "_Znwm")
NAMED(f1, "_ZN3app4Node6createEi")
NAMED(f2, "_ZSt11make_sharedIN3app6WidgetEJEESt10shared_ptrIT_EDpOT0_")
NAMED(f3, "_ZN5hello5outer28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE")
NAMED(f4, "_ZN50_$LT$hello..Tree$u20$as$u20$core..clone..Clone$GT$5clone17h0123456789abcdefE")
NAMED(f5, "parse_header.constprop.0")
NAMED(f6, "buffer_new.part.3.cold")
NAMED(f7, "xmalloc")
NAMED(f8, "_ZN12_GLOBAL__N_14poolINS_4slotEE3getEv")
NAMED(f9, "_Z_broken")
NAMED(f10, "_ZNK3app5TableixERKSs")
NAMED(f11, "_RNvCs1AdN8cFC2m1_5hello4ring")
NAMED(f12, "_RNvXCs1AdN8cFC2m1_5helloNtB2_4TreeNtB2_4Grow4grow.llvm.4711")
NAMED(f13, "_RNCNvCs1AdN8cFC2m1_5hello5outer0B3_")
NAMED(f14, "_RINvNtCsgEmfK2I1SDS_4core3mem6forgetINtNtCslNYArtu3iFV_5alloc5boxed3BoxjEECs1AdN8cFC2m1_5hello")
NAMED(f15, "_RNvBroken")
NAMED(f16, "_ZZN3app5TableC4EiENKUlcE_clEc")
NAMED(f17, "_ZZN3app5TableC4EiENK3$_0clEc")
int main(void) { return 0; }
C
${CC:-gcc} -O0 -Wl,--build-id -o "$WORK/names" "$WORK/names.c" -rdynamic
address() { echo $((0x$(nm "$WORK/names" | awk -v name="$1" '$3 == name { print $1 }') + 6)); }
leak() { # SYMBOL...: a report of one leak with that stack
    local frames
    frames=$(for name; do echo "[0,$(address "$name")]"; done | paste -sd,)
    {
        echo '{"record":"header","format":"castaway","version":1,"pid":1,"argv":["names"]}'
        echo '{"record":"module","id":0,"path":"'"$WORK/names"'","build_id":"'"$(build_id "$WORK/names")"'"}'
        echo '{"record":"site","id":1,"frames":['"$frames"']}'
        echo '{"record":"finding","kind":"lost","site":1,"count":1,"objects":1,"bytes":8}'
        echo '{"record":"finding","kind":"cycle","site":1,"count":1,"objects":2,"bytes":16,"cycle":[{"site":1,"size":8,"offset":0},{"site":1,"size":8,"offset":8}]}'
        echo '{"record":"end"}'
    } >"$WORK/n.cast"
    castaway report "$WORK/n.cast" --text - --json "$WORK/json"
}
functions_are() {
    local got
    got=$(jq -r '[.findings[] | select(.kind == "lost").stack[].function] | join("; ")' "$WORK/json")
    [ "$got" = "$1" ] || { echo "$got"; false; }
}

leak _ZN3app4Node6createEi main
claim "C++ is demangled" functions_are "app::Node::create(int); main"
claim "text leaves out parameters" out_has "app::Node::create  "
claim "a method that makes objects: its class is the label" out_has "Node ─(+0x00)→ Node#2"
leak _Znwm main
claim "operator new is hidden, in the program too" functions_are main
leak _Znwm
claim "a stack is never emptied" functions_are "operator new(unsigned long)"
leak _ZSt11make_sharedIN3app6WidgetEJEESt10shared_ptrIT_EDpOT0_ main
claim "make_shared names the type" out_has "Widget ─(+0x00)→"
claim "return types are left out of text" out_has "    std::make_shared<app::Widget>  "
leak '_ZN5hello5outer28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE'
claim "Rust is demangled, without its hash" functions_are "hello::outer::{{closure}}"
leak '_ZN50_$LT$hello..Tree$u20$as$u20$core..clone..Clone$GT$5clone17h0123456789abcdefE'
claim "Rust traits" functions_are "<hello::Tree as core::clone::Clone>::clone"
leak _RNvCs1AdN8cFC2m1_5hello4ring _RNCNvCs1AdN8cFC2m1_5hello5outer0B3_
claim "Rust's own scheme is demangled, without hashes" functions_are "hello::ring; hello::outer::{closure#0}"
leak _RNvXCs1AdN8cFC2m1_5helloNtB2_4TreeNtB2_4Grow4grow.llvm.4711 main
claim "its traits, and LLVM's suffix is left out" functions_are "<hello::Tree as hello::Grow>::grow; main"
leak _RINvNtCsgEmfK2I1SDS_4core3mem6forgetINtNtCslNYArtu3iFV_5alloc5boxed3BoxjEECs1AdN8cFC2m1_5hello
claim "its type arguments" functions_are "core::mem::forget::<alloc::boxed::Box<usize>>"
leak _RNvBroken
claim "what is not of the scheme stays as it is" functions_are _RNvBroken
leak parse_header.constprop.0 buffer_new.part.3.cold
claim "suffixes of clones are left out" functions_are "parse_header; buffer_new"
leak xmalloc buffer_new.part.3.cold
claim "a wrapper of malloc is shown" functions_are "xmalloc; buffer_new"
claim "but gives no label" out_has "buffer ─(+0x00)→"
leak _ZN12_GLOBAL__N_14poolINS_4slotEE3getEv
claim "anonymous namespaces" functions_are "(anonymous namespace)::pool<(anonymous namespace)::slot>::get()"
claim "and in text" out_has "    (anonymous namespace)::pool<(anonymous namespace)::slot>::get  "
leak _Z_broken
claim "what cannot be demangled stays" functions_are _Z_broken
leak _ZNK3app5TableixERKSs
claim "operators keep their names in text" out_has "app::Table::operator[]  "
leak _ZZN3app5TableC4EiENKUlcE_clEc
claim "lambdas keep their names in text, and where they stand" out_has "app::Table::Table::{lambda(char)#1}::operator()  "
leak '_ZZN3app5TableC4EiENK3$_0clEc'
claim "clang's lambdas, too" out_has 'app::Table::Table::$_0::operator()  '

cat >"$WORK/stripped.c" <<'C'
#include <stdlib.h>
static void ring(void) {
    void **one = malloc(48), **two = malloc(56);
    one[1] = two;
    two[2] = one;
}
int main(void) {
    ring();
    return 0;
}
C
${CC:-gcc} -O0 -s -o "$WORK/stripped" "$WORK/stripped.c"
castaway --text - "$WORK/stripped"
claim "what calls main is nobody's maker, where nothing else has a name either" out_has "object ─(+0x"

# ---- debug information: as it is, compressed, in a file of its own

build_sample
sample_report() { # FILE: the report of a cycle of session_new(), as text; its findings in $WORK/json
    {
        echo '{"record":"header","format":"castaway","version":1,"pid":1,"argv":["sample"]}'
        echo '{"record":"module","id":0,"path":"'"$1"'","build_id":"'"$(build_id "$1")"'"}'
        echo '{"record":"site","id":1,"frames":[[0,'"$(returns_to session_new malloc)"'],[0,'"$(returns_to main session_new)"']]}'
        echo '{"record":"finding","kind":"cycle","site":1,"count":1,"objects":2,"bytes":256,"cycle":[{"site":1,"size":128,"offset":24},{"site":1,"size":128,"offset":8}]}'
        echo '{"record":"end"}'
    } >"$WORK/s.cast"
    castaway report "$WORK/s.cast" --text - --json "$WORK/json"
}
findings() { jq '.findings | del(.. | .module?, .where?, .build_id?)' "$1"; }
as_before() { diff "$WORK/whole.out" "$WORK/out" && diff <(findings "$WORK/whole.json") <(findings "$WORK/json"); }
told_are() { # JQ-EXPRESSION WORDS: what it finds in the innermost frames
    local told
    told=$(jq -r ".findings[0].cycle[0].stack | map($1 // \"-\" | tostring) | join(\" \")" "$WORK/json")
    [ "$told" = "$2" ] || { echo "$told"; false; }
}

sample_report "$WORK/sample"
cp "$WORK/out" "$WORK/whole.out"
cp "$WORK/json" "$WORK/whole.json"
claim "inlined calls are there" told_are .function "take session_new main"
claim "their lines too" told_are .line "11 15 21"
claim "and members" out_has ".timer"
mkdir -p "$WORK/compressed" "$WORK/old" "$WORK/broken" "$WORK/apart/.debug" "$WORK/linked"
objcopy --compress-debug-sections=zlib "$WORK/sample" "$WORK/compressed/sample"
sample_report "$WORK/compressed/sample"
claim "compressed in the program: the same" as_before
objcopy --compress-debug-sections=zlib-gnu "$WORK/sample" "$WORK/old/sample"
sample_report "$WORK/old/sample"
claim "in the way of old: the same" as_before
objcopy --only-keep-debug "$WORK/sample" "$WORK/apart/.debug/lines"
strip -o "$WORK/apart/sample" "$WORK/sample"
(cd "$WORK/apart/.debug" && objcopy --add-gnu-debuglink=lines "$WORK/apart/sample")
sample_report "$WORK/apart/sample"
claim "in a file apart: the same" as_before
objcopy --compress-debug-sections=zlib "$WORK/apart/.debug/lines"
sample_report "$WORK/apart/sample"
claim "in a compressed file apart: the same" as_before
mv "$WORK/apart/.debug/lines" "$WORK/apart/lines"
sample_report "$WORK/apart/sample"
claim "in one beside the program: the same" as_before
ln -s "$WORK/apart/sample" "$WORK/linked/sample"
sample_report "$WORK/linked/sample"
claim "of a program that is a link: the same" as_before
rm "$WORK/apart/lines"
sample_report "$WORK/apart/sample"
claim "gone: neither names nor lines" told_are .function "- -"
mkdir -p "$WORK/zstd"
if objcopy --compress-debug-sections=zstd "$WORK/sample" "$WORK/zstd/sample" 2>/dev/null; then
    sample_report "$WORK/zstd/sample"
    claim "compressed by zstd: the same" as_before
    at=$((0x$(readelf -SW "$WORK/zstd/sample" | sed -nE 's/.* \.debug_info +PROGBITS +[0-9a-f]+ ([0-9a-f]+) .*/\1/p')))
    printf '\377\377\377\377' | dd of="$WORK/zstd/sample" bs=1 seek=$((at + 24)) conv=notrunc status=none
    sample_report "$WORK/zstd/sample"
    claim "broken within: names are left" told_are .function "session_new main"
fi
for version in 4 5; do
    mkdir -p "$WORK/split$version"
    (cd "$WORK/src" &&
        ${CC:-gcc} -g -gdwarf-$version -gsplit-dwarf -O1 -Wl,--build-id -o "$WORK/split$version/sample" server/session.c)
    sample_report "$WORK/split$version/sample"
    claim "in a .dwo file (DWARF $version): the same" as_before
    objcopy --compress-debug-sections=zlib "$WORK/split$version/sample"
    sample_report "$WORK/split$version/sample"
    claim "in a .dwo file, and the program's part compressed (DWARF $version): the same" as_before
    rm "$WORK/split$version"/*.dwo
    sample_report "$WORK/split$version/sample"
    claim "the .dwo file is gone (DWARF $version): names are left" told_are .function "session_new main"
done

broken() { # SECTION OFFSET BYTES: report of the compressed program with other bytes there
    local at
    at=$((0x$(readelf -SW "$WORK/compressed/sample" | sed -nE "s/.* \\$1 +PROGBITS +[0-9a-f]+ ([0-9a-f]+) .*/\\1/p")))
    cp "$WORK/compressed/sample" "$WORK/broken/sample"
    printf '%b' "$3" | dd of="$WORK/broken/sample" bs=1 seek=$((at + $2)) conv=notrunc status=none
    sample_report "$WORK/broken/sample"
}
# Of an inlined call nothing tells the name but .debug_str.
declare -A left=([.debug_info]="session_new main" [.debug_abbrev]="session_new main" [.debug_str]="- session_new main")
for section in "${!left[@]}"; do
    broken "$section" 24 '\0\0\0\0'
    claim "$section that does not inflate: names are left" told_are .function "${left[$section]}"
    broken "$section" 30 '\377\377\377\377\377\377'
    claim "$section with an error within: names are left" told_are .function "${left[$section]}"
    broken "$section" 8 '\377\377\377\377\377\377\377\177'
    claim "$section that claims to be huge: names are left" told_are .function "${left[$section]}"
    broken "$section" 8 '\1\0\0\0\0\0\0\0'
    claim "$section that is more than it claims: names are left" told_are .function "${left[$section]}"
    broken "$section" 0 '\377\0\0\0'
    claim "$section of no known compression: names are left" told_are .function "${left[$section]}"
done

# ---- servers of debug information

client_loaded() { LD_DEBUG=files "$CASTAWAY" report "$WORK/s.cast" 2>&1 | grep -q 'file=libdebuginfod'; }
sample_report "$WORK/apart/sample"
unset DEBUGINFOD_URLS
claim "without a server nobody loads what would ask one" eval '! client_loaded'
export DEBUGINFOD_URLS=
claim "nor with an empty list of them" eval '! client_loaded'
export DEBUGINFOD_URLS=http://127.0.0.1:9 DEBUGINFOD_CACHE_PATH=$WORK/cache
if ldconfig -p | grep -q libdebuginfod.so.1; then
    claim "with one it is asked" client_loaded
fi
finish
