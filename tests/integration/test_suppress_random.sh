#!/bin/bash
# Random stacks and random suppressions: castaway hides what a judge of its own says, and what Valgrind hides.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2059
. "$(dirname "$0")/claims.sh"
unset LSAN_OPTIONS
random=$(realpath "$(dirname "$0")/random_suppressions.py")
cd "$WORK" || exit 1
"$random" program 1 40
g++ -g -O0 -fPIC -shared other.cc -o libother.so && g++ -g -O0 -rdynamic shop.cc ./libother.so -o shop || exit 1
castaway -o shop.cast --text shop.txt --json shop.json ./shop
claim "forty leaks" test "$(jq '.findings | length' shop.json)" = 40

judged() { # KIND
    "$random" judge shop.json ./*."$1" | sort
}
told() { # KIND
    local file
    for file in ./*."$1"; do
        castaway report shop.cast --suppressions "$file" --default-suppressions no --exit-code 0 --json -
        jq -r --arg file "$file" '.suppressions[] | "\($file) \(.line) \(.findings) \(.bytes)"' out
    done | sort
}
for kind in blocks lines; do
    "$random" $kind 7 60 shop.json
    judged $kind >wanted
    told $kind >given
    claim "$kind: a hundred and twenty, of which a third and more hide something" test \
        "$(wc -l <wanted)" = 120 -a "$(awk '$3' wanted | wc -l)" -gt 40
    claim "$kind: and a third and more nothing" test "$(awk '!$3' wanted | wc -l)" -gt 40
    claim "$kind: castaway's judgement" diff wanted given
done

left_by_valgrind() { # FILE : leaks and bytes
    valgrind -q --num-callers=40 --leak-check=full --suppressions="$1" ./shop 2>&1 |
        grep -oE '[0-9,]+ bytes in 1 blocks are' | tr -d , | awk '{ leaks++; bytes += $1 } END { print leaks + 0, bytes + 0 }'
}
left_by_castaway() {
    castaway report shop.cast --suppressions "$1" --default-suppressions no --exit-code 0 --json -
    jq -r '"\(.findings | length) \([.findings[].bytes] | add // 0)"' out
}
for number in $(seq 8); do
    claim "Valgrind's judgement of $number" test "$(left_by_valgrind "$number.blocks")" = "$(left_by_castaway "$number.blocks")"
done
finish
