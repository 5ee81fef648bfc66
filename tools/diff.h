/* diff.h - what became of the findings between two times. */
#ifndef CASTAWAY_TOOLS_DIFF_H
#define CASTAWAY_TOOLS_DIFF_H

#include "compare.h"
#include "pool.h"

#include <stdbool.h>
#include <stdio.h>

enum change { CHANGE_NEW, CHANGE_GROWN, CHANGE_SHRUNK, CHANGE_GONE, CHANGE_NONE, CHANGE_COUNT };

struct diff_entry {
    enum change change;
    const struct compare_item *before, *after; /* one may be NULL */
    const struct compare_item *item;           /* the later one that there is */
};
struct diff {
    const char *before_name, *after_name;
    struct diff_entry *entries; /* by change, then by the bytes that changed; CHANGE_NONE is only counted */
    size_t entry_count;
    size_t counts[CHANGE_COUNT];
};

/* Pairs the lists, which it sorts. */
struct diff diff_make(struct pool *, struct compare_list *before, struct compare_list *after);

/* Is something new or grown, of these kinds (bits)? */
bool diff_is_worse(const struct diff *, unsigned kinds);

void diff_write_text(FILE *, struct pool *, const struct diff *, bool utf8);
void diff_write_json(FILE *, struct pool *, const struct diff *);

#endif
