#!/usr/bin/env bash
# The programs of tests/programs with other allocators, linked and preloaded: the same exact counts.
set -u
here=$(dirname "$0")
programs=(list_dropped.c list_held.c tree_dropped.c ring_dropped.c ring_below_lost_head.c self_pointer.c cycle_with_buffers.c
    freed_holder.c shared_ptr_cycle.cc containers_leaked.cc containers_linked_leaked.cc interior_pointer.c threads_leak.c
    threads_running.c thread_local_held.c realloc_growth.c realloc_moves_pointers.c allocation_calls.c malloc_zero.c
    held_everywhere.c mapped_memory.c operator_new.cc many_pairs.c fork_leaks.c
    large_block.c)
passed=0 failed=0
run() {
    local output good bad
    output=$("$here/run_programs.sh" "$@" "${programs[@]}")
    read -r good bad < <(tail -n 1 <<<"$output" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p')
    passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-1}))
    head -n -1 <<<"$output"
}
for library in libjemalloc.so.2 libtcmalloc_minimal.so.4 libmimalloc.so.2; do
    run --name "linked-$library" --link "-Wl,--no-as-needed -l:$library"
    run --name "preloaded-$library" --preload "$library"
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
