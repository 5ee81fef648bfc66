/* balance.h - which references were not given back: stacks that took some, less those that gave some back.
 *
 * A count alone does not say which of the references that were taken is the one too many. Those that belong together are
 * taken and given back below the same caller, as a rule; so, as in Mozilla's balance trees, what cancels out under one
 * caller is set aside, deepest callers first. What is left over is to blame. */
#ifndef CASTAWAY_ANALYSIS_BALANCE_H
#define CASTAWAY_ANALYSIS_BALANCE_H

#include "arena.h"

#include <stdint.h>

struct balance {
    uint32_t site;
    int64_t balance;        /* references taken less those given back */
    const uint64_t *frames; /* the stack, innermost first */
    size_t frame_count;
    uint64_t matched; /* references taken here by objects that were freed since */
    int is_creation;  /* the reference that each object begins with */
};

/* Reduce each balance by what cancels out, drop those that become 0, and put the likeliest culprits first: references
 * that no object ever gave back, then the most; the creation and what was given back too often come last.
 *
 * list     count of them, of distinct sites; changed in place
 * returns  how many are left at the start of `list`, or -ENOMEM: then nothing is changed
 * cost     O(count^2) comparisons of stacks, O(count^3) of numbers */
enum { BALANCE_MAX = 128 };
long balance_unmatched(struct balance *list, size_t count, struct arena *arena);

/* The same order for what is left of several lists. */
void balance_sort(struct balance *list, size_t count);

#endif
