#!/usr/bin/env bash
# Heaps made at random (tests/generated), whose verdicts are known by construction: every count exact, for every seed.
# SEEDS=FIRST:COUNT chooses others.
# shellcheck disable=SC2016 # what stands in single quotes is another shell's, or PHP's
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
source=$(cd "$(dirname "$0")/../generated" && pwd)
seeds=${SEEDS:-1:300}
first=${seeds%%:*} count=${seeds##*:}

gcc -O2 -fPIC -shared -o "$WORK/plugin.so" "$source/plugin.c"
for level in 0 2; do
    g++ -std=c++17 "-O$level" -Wall -Wextra -o "$WORK/generated$level" "$source"/*.cc -pthread -ldl
done
one() { # SEED: appends {seed, got, expected} to the results of this process
    local level=$(($1 % 2 * 2)) expected
    expected=$("$CASTAWAY" --exit-code 0 --show none --json "$WORK/$1.json" "$WORK/generated$level" "$1" "$WORK/plugin.so" 2>/dev/null)
    printf '{"seed":%s,"expected":%s,"got":%s}\n' "$1" "${expected:-null}" "$(tr -d '\n' <"$WORK/$1.json")"
    rm -f "$WORK/$1.json"
}
export -f one
export WORK
seq "$first" $((first + count - 1)) | xargs -P "$(nproc)" -n 25 bash -c 'for seed; do one "$seed"; done >"$WORK/results.$1"' generated
cat "$WORK"/results.* | jq -r '. as $run | if .expected == null then "seed \(.seed): no answer" else
    .expected | to_entries[] | ($run.got.summary[.key] | {objects, bytes}) as $is | select($is != .value)
    | "seed \($run.seed): \(.key) \($is), not \(.value)" end' >"$WORK/differences"
seen=$(cat "$WORK"/results.* | wc -l)
wrong=$(grep -oE '^seed [0-9]+' "$WORK/differences" | sort -u | wc -l)
head -n 20 "$WORK/differences"
passed=$((seen - wrong)) failed=$((count - seen + wrong))
finish
