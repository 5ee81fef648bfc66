/* compare.h - which finding of one time is which of another: for the baseline and for `castaway diff`. */
#ifndef CASTAWAY_TOOLS_COMPARE_H
#define CASTAWAY_TOOLS_COMPARE_H

#include "report.h"

#include <stddef.h>
#include <stdint.h>

struct compare_item {
    uint64_t fingerprint, family; /* equal families: findings that only their order in the source tells apart */
    enum kind kind;
    uint64_t objects, bytes;
    const char *where;            /* function and file, for people */
    size_t index;                 /* in report.findings, of compare_findings() */
    struct compare_item *partner; /* of the other time; NULL: it has none. Set by compare_pair() */
};
struct compare_list {
    struct compare_item *items;
    size_t count;
};

/* Pair them; both lists come out sorted by family and fingerprint. In a family that has as many members as before, the
 * first is still the first. Where it has not, nobody can know which one went: then the largest is paired with the
 * largest, so that none counts as grown because another one was mended. */
void compare_pair(struct compare_list *before, struct compare_list *after);

/* The findings of these kinds (bits). */
struct compare_list compare_findings(struct pool *, const struct report *, unsigned kinds);

/* `session_new server/session.c`: the innermost frame that says something, without a line, which changes too often. */
const char *compare_where(struct pool *, const struct stack *);

#endif
