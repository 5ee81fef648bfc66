/* audit.h - the second proof: what do reference counts say of who holds what.
 *
 * Of every counted object, the references that stand in the heap are subtracted from its count. What remains is held from
 * outside (a root, or a reference that nobody gives back); what nothing remains of, and what no such object reaches, holds
 * only itself. This needs no roots, so a stale word on a stack hides nothing from it. An uncounted block that a root names
 * holds what it always does. Where pointers may be borrowed (counted.exact) what a root reaches is held all the same.
 *
 * source  CPython 3.11, Modules/gcmodule.c, subtract_refs() */
#ifndef CASTAWAY_ANALYSIS_AUDIT_H
#define CASTAWAY_ANALYSIS_AUDIT_H

#include "counts.h"
#include "mark.h"

/* What the references of a finding add up to: enumerator, word in files. */
#define REFS_VERDICTS(X)                                                                                               \
    X(UNKNOWN, "unknown")                                                                                              \
    X(CYCLE, "cycle")                 /* its own members hold all references, and nothing else holds one */            \
    X(MISSING_UNREF, "missing-unref") /* more references counted than pointers found */                                \
    X(OVER_UNREF, "over-unref")       /* fewer: or some of the pointers are borrowed */                                \
    X(CONSISTENT, "consistent")

enum refs_verdict {
#define X(name, word) REFS_##name,
    REFS_VERDICTS(X)
#undef X
};

struct found {            /* pointers to a counted object, by place in counts.item */
    uint32_t heap, roots; /* roots: and blocks that are known to hold no references of this kind */
    uint32_t variables;   /* of the roots, those that are no stack's and no register's */
};

struct audit {
    const struct counts *counts;
    struct found *found;
    uint64_t *kept; /* by object id: marking reaches it, and yet it is held by nothing that counts; NULL: none */
    uint64_t kept_objects;
};

/* Count the pointers to counted objects, and take the marks from what only itself holds.
 *
 * crew     marks with the caller; NULL: it is alone
 * heap     frozen and installed (counts_install()); or a young view with the words of all old objects that may point into
 *          it among the roots (ROOT_OBJECT): a reference of theirs is one from outside
 * live     count for all objects: else, where no exact counts are known, only for what is lost
 * marks    of mark_run() over the same roots; marks of objects that are not held are cleared
 * returns  0, or -ENOMEM: marks are as before
 * cost     where exact counts are known, two passes over the heap, one of them without prefetching; for the others one
 *          over what is lost; nothing when no object is counted */
int audit_run(const struct crew *crew, const struct heap *heap, const struct counts *counts, const struct root *roots,
              size_t root_count, int live, struct marks *marks, struct arena *arena, struct audit *audit);

static inline const struct found *audit_found(const struct audit *audit, object_id id) {
    const struct counted *counted = audit ? counts_of(audit->counts, id) : NULL;
    return counted && counted->source != COUNT_NONE && audit->found ? &audit->found[counted - audit->counts->item]
                                                                    : NULL;
}

/* What the sums over some objects say. inside: pointers from among them; outside: all others. */
enum refs_verdict audit_verdict(uint64_t count, uint64_t inside, uint64_t outside);
const char *refs_verdict_word(enum refs_verdict verdict);

#endif
