#!/bin/bash
# The HTML report in headless Chromium: it opens, searches, sorts and draws, by mouse and by keys, and loads nothing.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016
. "$(dirname "$0")/claims.sh"
. "$(dirname "$0")/live.sh"
FORMATS=$(cd "$(dirname "$0")/../formats" && pwd)
PICTURES=${BUILD:-$WORK}/pictures
mkdir -p "$PICTURES"
build_live
live_recording 4242 >"$WORK/live.cast"
castaway report "$WORK/live.cast" --html "$WORK/live.html" # while its program is there
build_sample
sample_recording >"$WORK/s.cast"
head -5 "$WORK/s.cast" >"$WORK/head"

page() { castaway report "$WORK/$1.cast" --html "$WORK/$1.html" "${@:2}"; }
# Do the steps with the page, in the one checker that runs all the while.
opens() { # PAGE STEP...
    local line
    # Bash unsets the array when the checker has ended.
    [ -n "${checker[1]-}" ] && printf '%s\0' "$@" "" >&"${checker[1]}" &&
        while IFS= read -r -t 120 line <&"${checker[0]}"; do
            case $line in 'done '*) return "${line#done }" ;; esac
            echo "$line"
        done
    echo "the checker is gone, or stuck:"
    tail -n 3 "$WORK/checker" "$WORK/chromium"
    false
}

# One browser for all checks; it says where it listens, on a machine that never ran it after a while.
chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --force-color-profile=srgb --remote-debugging-port=0 \
    --user-data-dir="$WORK/profile" about:blank >/dev/null 2>"$WORK/chromium" &
browser=$!
trap 'kill "$browser" 2>/dev/null; wait "$browser" 2>/dev/null; rm -rf "$WORK"' EXIT
for _ in $(seq 1200); do
    port=$(sed -n 's|^DevTools listening on ws://127.0.0.1:\([0-9]*\)/.*|\1|p' "$WORK/chromium")
    [ -n "$port" ] || ! kill -0 "$browser" 2>/dev/null && break
    sleep 0.1
done
coproc checker { exec node "$FORMATS/html_check.mjs" "$port" 2>"$WORK/checker"; }
cycle_cast() { # LENGTH LISTED
    cat "$WORK/head"
    awk -v length_="$1" -v listed="$2" 'BEGIN {
        printf "{\"record\":\"finding\",\"kind\":\"cycle\",\"site\":1,\"count\":1,\"objects\":%d,\"bytes\":%d,\"length\":%d,\"group_objects_max\":%d,\"cycle\":[", length_, length_ * 64, length_, length_
        for (i = 0; i < listed; i++) printf "%s{\"site\":%d,\"size\":%d,\"offset\":%d,\"target_offset\":0}", i ? "," : "", 1 + i % 2, 64 + i % 3, 8 * (i % 7)
        print "]}\n{\"record\":\"end\"}" }'
}

page s
claim "it opens, lists and draws" opens "$WORK/s.html" says="1 545 objects, 1.3 MiB unreachable." rows=2 \
    says="allocations recorded without a stack: 12" first="cycle session -> timer -> session" labelled fits \
    key=j focused="cycle session" key=Enter ring=2 details="+0x18 → timer" details="128 bytes" details="512 groups" \
    key=Enter no_details flame=take flame=libgone zoom=session_new
claim "keys: search, next, clear" opens "$WORK/s.html" key=/ focused=search search=libgone rows=1 first="lost: main" \
    matches="1 of 2 findings" key=Escape rows=2 search="timer_new session.c" rows=1 search=nothing rows=0
claim "it sorts" opens "$WORK/s.html" sort=bytes first="lost: main" sort=bytes first="cycle session"
claim "a stack" opens "$WORK/s.html" key=j key=j key=Enter details="libgone.so.2+0x1234" details="session.c:21"
claim "the details of an object of the cycle" opens "$WORK/s.html" key=j key=Enter ring=2 key=Tab key=Enter details="take"
claim "dark, wide" opens "$WORK/s.html" size=1280x900 dark key=j key=Enter ring=2 fits picture="$PICTURES/dark-1280.png"
claim "light, narrow" opens "$WORK/s.html" size=400x800 key=j key=Enter ring=2 fits picture="$PICTURES/light-400.png"
claim "dark, narrow" opens "$WORK/s.html" size=400x800 dark fits picture="$PICTURES/dark-400.png"
claim "light, wide" opens "$WORK/s.html" size=1280x900 key=j key=Enter ring=2 picture="$PICTURES/light-1280.png"

# What reference counts say: types, the edge to break, who took it.
${CXX:-g++} -g -O1 -I"$(dirname "$0")/../programs" -o "$WORK/shared" "$(dirname "$0")/../programs/shared_ptr_cycle.cc"
castaway run -o "$WORK/shared.cast" "$WORK/shared"
page shared
claim "types, and the edge to break" opens "$WORK/shared.html" key=j key=Enter ring=2 details="made of 2 × Node" \
    edges="make weak 1" details="2 references counted, all found inside" details="best made weak: frees 2 objects, 80 B" \
    search=node rows=1 picture="$PICTURES/weak-1280.png"
jq -c 'if .kind == "cycle" then .type = "struct session" | .cycle[0].type = "struct session" | .cycle[1].type = "struct timer" |
    .proofs = ["marking", "subtraction"] | .refs = {count: 2, found_inside: 2, found_outside: 0, verdict: "cycle", source: "pair"} |
    .break = [{entry: 1, frees_objects: 7, frees_bytes: 4096}] else . end' "$WORK/s.cast" | sed '/"record":"end"/d' >"$WORK/typed.cast"
cycle=$(jq -s 'map(select(.record == "finding")) | map(.kind) | index("cycle")' "$WORK/s.cast")
printf '{"record":"refs","finding":%d,"objects":2,"count":2,"dropped":0,"balances":[],"unmatched":[],"break_sites":[2]}\n{"record":"end"}\n' \
    "$cycle" >>"$WORK/typed.cast"
page typed
claim "who took the reference" opens "$WORK/typed.html" search="struct timer" rows=1 key=Escape key=Tab key=j key=Enter ring=2 \
    details="to break it: struct timer+0x08" details="best made weak: frees 7 objects, 4.0 KiB" details="taken by"
claim "without counts no edge is preferred" opens "$WORK/s.html" key=j key=Enter ring=2 edges="make weak 0" \
    details="make one of these pointers weak"

# What is live beside what is lost, whatever --show says.
sed 's/"kind":"lost",/"kind":"reachable",/' "$WORK/s.cast" >"$WORK/reached.cast"
page reached
claim "live memory is drawn apart" opens "$WORK/reached.html" rows=1 flame=session_new measure=live flame=libgone

claim "scans while it ran: ages, growth and what holds it" opens "$WORK/live.html" rows=2 says="42 scans while it ran" key=j key=Enter \
    key=j key=Enter details="became unreachable between scan 41 and 42" details="g_cache+0x10" details="→ table" \
    details="14.1 KiB a minute"
claim "the way from the root opens to who made its objects" opens "$WORK/live.html" key=j key=j key=Enter path="→ table" \
    details="table_new" details="cache.c"
claim "growth is drawn, and told point by point" opens "$WORK/live.html" key=j key=j key=Enter chart=".details .chart 1" \
    walk=".details .chart ArrowRight" details="1.0 s: 40 000 objects, 937.5 KiB" walk=".details .chart End" details="48 211 objects"
claim "generations are drawn over time, scans told one by one" opens "$WORK/live.html" size=1280x900 fits chart="#timeline 3" \
    walk="#timeline ArrowRight" says="Scan 38 of generation 1 at 2.6 s: pause 0.5 ms, 9 ms in all" walk="#timeline ArrowRight" \
    says="Scan 39 of generation 2" walk="#timeline End" says="Scan 42 of generation 2" says="generation 2 1.1 MiB in 48 210 objects" \
    measure=pauses chart="#timeline 1" ticks="#timeline 2.5 ms" walk="#timeline Home" says="Scan 38" open="#scans" says="12.8 s" picture="$PICTURES/live-1280.png"
claim "and fit a narrow page" opens "$WORK/live.html" size=400x800 dark key=j key=j key=Enter fits chart="#timeline 3" picture="$PICTURES/live-400.png"
claim "one scan is no timeline" opens "$WORK/s.html" hidden="#time"

# 10 000 findings, each with a stack of its own.
awk -v head="$WORK/head" 'BEGIN {
    n = 10000
    getline line < head; print line
    print "{\"record\":\"module\",\"id\":1,\"path\":\"/nowhere/libgone.so.2\",\"build_id\":\"0123456789abcdef\",\"bias\":0}"
    for (i = 1; i <= n; i++) {
        printf "{\"record\":\"site\",\"id\":%d,\"frames\":[[1,%d]", i, 4096 + i
        for (depth = 0; depth < 15; depth++) printf ",[1,%d]", 4096000 + depth * 100 + i % (depth + 2)
        print "]}"
    }
    for (i = 1; i <= n; i++)
        printf "{\"record\":\"finding\",\"kind\":\"lost\",\"site\":%d,\"count\":1,\"objects\":1,\"bytes\":%d,\"indirect_objects\":0,\"indirect_bytes\":0}\n", i, n - i + 1
    print "{\"record\":\"end\"}" }' >"$WORK/many.cast"
page many
claim "10 000 findings open in less than 2 s" opens "$WORK/many.html" opened_within=2000 rows=200 \
    says="10 000 of 10 000 findings" says="Show more (9 800 left)"
claim "and are searched and sorted" opens "$WORK/many.html" search=0x3710 matches="1 of 10 000 findings" rows=1 \
    search= sort=bytes sort=bytes first="1 B" picture="$PICTURES/many-1280.png"

# Cycles of 5 000 objects; and one of which only a part is listed.
cycle_cast 5000 5000 >"$WORK/ring.cast"
page ring
claim "a cycle of 5 000 objects is drawn" opens "$WORK/ring.html" key=j key=Enter ring=5000 fits picture="$PICTURES/ring-1280.png"
cycle_cast 5000 1000 >"$WORK/part.cast"
page part
claim "of a cycle that is listed in part, the rest is one node" opens "$WORK/part.html" key=j key=Enter ring=1001 \
    details="1 000 of 5 000 objects are listed"
cycle_cast 12 12 >"$WORK/dozen.cast"
page dozen
claim "a dozen objects" opens "$WORK/dozen.html" key=j key=Enter ring=12 picture="$PICTURES/dozen-1280.png"

# Hostile names: of functions, files, modules, the program.
evil='"><img src=x onerror=window.owned=1><script>window.owned=1</script><!--'
jq -c --arg evil "$evil" 'if .record == "header" then .argv[0] = $evil elif .id == 1 and .path then .path = $evil else . end' \
    "$WORK/s.cast" >"$WORK/evil.cast"
(cd "$WORK/src" && sed "1i # 1 \"$(sed 's/"/\\\\"/g; s/&/\\\&/g' <<<"$evil")\"" server/session.c >server/evil.c &&
    gcc -g -O1 -Wl,--build-id -o "$WORK/sample" server/evil.c) 2>/dev/null
sample_recording | sed 1,2d | cat <(head -1 "$WORK/evil.cast") <(sample_recording | sed -n 2p) - >"$WORK/file.cast"
for name in evil file; do
    page "$name"
    claim "hostile names ($name) stay text" opens "$WORK/$name.html" no_markup key=j key=Enter key=j key=j key=Enter no_markup \
        says='onerror=window.owned=1>'
done
claim "the data holds no markup" test "$(grep -c '<img\|<script>window' "$WORK/evil.html")" = 0

# Nothing at all; and a page without its libraries.
sed '/"finding"/d' "$WORK/s.cast" >"$WORK/none.cast"
page none
claim "nothing found" opens "$WORK/none.html" rows=0 says="0 of 0 findings" says="No memory is live."
WEB=$(cd "$(dirname "$0")/../../tools/web" && pwd)
mkdir "$WORK/empty" "$WORK/web"
for tool in bash dirname mkdir cat sed sha256sum cut env base64 grep mv printf; do ln -s "$(type -P "$tool")" "$WORK/empty/$tool"; done
PATH=$WORK/empty "$WEB/build.sh" drawings "$WORK/web" 2>"$WORK/err"
claim "a build without npm says what it leaves out" eval 'status=0 err_has "HTML reports will have no drawings: npm is not installed"'
PATH=$WORK/empty "$WEB/build.sh" page "$WORK/web"
data=$(sed -n 's|.*id="data">\(.*\)</script>.*|\1|p' "$WORK/s.html")
perl -pe 'BEGIN { $data = shift } s/\@DATA\@/$data/' "$data" "$WORK/web/page.html" >"$WORK/bare.html"
claim "its page says so, and lists" opens "$WORK/bare.html" rows=2 says="built without the libraries that draw" \
    key=j key=Enter details="built without the libraries that draw" details="+0x18 → timer"
claim "a page is one file, whatever the network" test "$(grep -cE '(src|href)="(https?:)?//' "$WORK/s.html")" = 0
finish
