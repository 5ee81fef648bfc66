#!/usr/bin/env bash
# test_suites.sh [FILE...] - the shapes that other tools' own tests have (tests/suites), with the answers that those expect.
#
# Keys of a head comment:
#   run: [ENVIRONMENT...] [ARGUMENTS...] | EXPECTATIONS   one run for each such line. Expectations:
#        clean                     nothing lost, status 0
#        leaked=OBJECTS/BYTES      lost, cycle and lost-indirect together; status 23 unless it says otherwise
#        lost= indirect= cycle= possible= reachable=      one kind
#        definite=                 lost and cycle together
#        status=N                  castaway's exit status
#        stdout=TEXT, stderr=TEXT  is there; a _ in it is a space
#   so: FILE                       a shared library beside it: @so@
#   file: PATH | TEXT              a file, written first; @dir@ is a folder of this program's own
#   flags: -O0                     one build for each word; `:` stands for a space. Default: -O0
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
source_dir=$(cd "$(dirname "$0")/../suites" && pwd)
# shellcheck disable=SC2016 # a program for jq
JUDGE='
    def sum($kinds): [.summary[$kinds[]]] | "\(map(.objects) | add)/\(map(.bytes) | add)";
    {leaked: sum(["lost", "cycle", "lost_indirect"]), definite: sum(["lost", "cycle"]), lost: sum(["lost"]),
     indirect: sum(["lost_indirect"]), cycle: sum(["cycle"]), possible: sum(["possible"]), reachable: sum(["reachable"])}'

key() { sed -nE "s|^( \*\|/\*) $1: *||p" "$source"; }
place() { sed "s|@so@|$binary.so|g;s|@dir@|$directory|g"; }

build() { # FLAGS
    local compiler=(gcc -std=gnu11) so
    case $source in *.cc) compiler=(g++ -std=c++20) ;; esac
    so=$(key so)
    [ -z "$so" ] || gcc -std=gnu11 -g -fPIC -shared -o "$binary.so" "$(dirname "$source")/$so" || return 1
    # shellcheck disable=SC2046,SC2086 # several words are meant
    "${compiler[@]}" -g -w ${1//:/ } -o "$binary" "$source" -pthread $(key link)
}
expects() { # EXPECTATION: prints what is wrong
    local what=${1%%=*} value=${1#*=} got
    case $what in
        clean) expects leaked=0/0; expects status=0 ;;
        status) [ "$status" = "$value" ] || echo "status $status, not $value: $(tail -n 3 "$WORK/err")" ;;
        stdout) grep -qF -- "${value//_/ }" "$WORK/out" || echo "no '${value//_/ }' on stdout" ;;
        stderr) grep -qF -- "${value//_/ }" "$WORK/err" || echo "no '${value//_/ }' on stderr" ;;
        *)
            got=$(jq -r "$JUDGE | .$what" "$WORK/json")
            [ "$got" = "$value" ] || echo "$what $got, not $value"
            [ "$what" != leaked ] || [ "$value" = 0/0 ] || [[ $expectations == *status=* ]] || expects status=23
            ;;
    esac
}
holds() { # WORDS EXPECTATIONS
    local environment=() arguments=() word expectations=$2 wrong
    for word in $1; do
        if [[ $word =~ ^[A-Z_]+= ]]; then environment+=("$word"); else arguments+=("$word"); fi
    done
    { timeout 60 env "${environment[@]}" "$CASTAWAY" --text "$WORK/text" --json "$WORK/json" --show all -- "$binary" "${arguments[@]}" \
        >"$WORK/out" 2>"$WORK/err" </dev/null; } 2>/dev/null
    status=$?
    cat "$WORK/text" >>"$WORK/err"
    wrong=$(for word in $2; do expects "$word"; done)
    [ -z "$wrong" ] || { echo "$wrong"; false; }
}
one() { # FLAGS: all runs of $source
    local path text words expectations
    build "$1" || { claim "$name builds with $1" false; return; }
    while IFS='|' read -r path text; do
        [ -z "$path" ] || echo "$text" >"${path// /}"
    done < <(key file | place)
    while IFS='|' read -r words expectations; do
        claim "$name [$1] ${words//$WORK/} |$expectations" holds "$words" "$expectations"
    done < <(key run | place)
}
files=("$@")
[ $# != 0 ] || mapfile -t files < <(cd "$source_dir" && find . -name '*.c*' ! -name '*.so.c' | sort)
for name in "${files[@]}"; do
    name=${name#./} source=$source_dir/${name#./}
    directory=$WORK/$(tr ./ __ <<<"$name") binary=$directory/program
    mkdir "$directory"
    all_flags=$(key flags)
    for flags in ${all_flags:--O0}; do
        one "$flags"
    done
done
finish
