#!/usr/bin/env bash
# Castaway's stacks are those of libunwind's unw_step for the same call, frame by frame.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
: "${BUILD:=$(realpath "$here/../../build")}" "${CASTAWAY:=$BUILD/castaway}"
source_dir=$here/../programs/frames
work=$BUILD/programs/frames
passed=0 failed=0
mkdir -p "$work"

compare() {
    local name=$1 flags=$2 source=$3 binary=$work/$1${2//[^A-Za-z0-9]/_} compiler=(gcc -std=gnu11) libraries=()
    case $source in *.cc) compiler=(g++ -std=c++17) ;; esac
    rm -f "$binary"*
    if [ -e "$source_dir/$name.so.c" ]; then
        gcc -g -O2 -fomit-frame-pointer -fPIC -shared -o "$binary.so" "$source_dir/$name.so.c" || return
        libraries=("$binary.so")
    fi
    # shellcheck disable=SC2086 # several flags are meant
    "${compiler[@]}" -D_GNU_SOURCE -g -Wall -Wextra $flags -o "$binary" "$source" "${libraries[@]}" -pthread -ldl -lunwind || return
    timeout 60 "$CASTAWAY" --fail-on none --text /dev/null --json "$binary.json" -- "$binary" >"$binary.steps" || return
    python3 "$here/compare_frames.py" "$binary.steps" "$binary.json"
}
for source in "$source_dir"/*.c "$source_dir"/*.cc; do
    name=$(basename "${source%.*}")
    [[ $name == *.so ]] && continue
    for flags in -O0 -O2 '-O2 -Wl,-z,max-page-size=0x200000' '-O2 -fomit-frame-pointer -fno-plt' '-O3 -fno-omit-frame-pointer'; do
        if output=$(compare "$name" "$flags" "$source" 2>&1); then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            printf '%s [%s]:\n%s\n' "$name" "$flags" "$output"
        fi
    done
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
