/* advise.h - what to do about allocations, from what was counted (--profile-allocations) and what keeps memory alive. */
#ifndef CASTAWAY_TOOLS_ADVISE_H
#define CASTAWAY_TOOLS_ADVISE_H

#include "writers.h"

/* One line here is one kind of advice: enumerator, word, what is saved, what to do. */
#define ADVICES(X)                                                                                                     \
    X(REUSE, "reuse", "allocated over and over",                                                                       \
      "Make one object outside of the loop, or on the stack, and use it again.")                                       \
    X(POOL, "pool", "of slack and headers at the peak",                                                                \
      "Take them from an array or a pool: one block holds many without a header for each.")                            \
    X(RESERVE, "reserve", "reallocated on the way",                                                                    \
      "Reserve the size that is needed before filling it, or double it each time.")                                    \
    X(RELEASE, "release", "kept alive by it alone", "Bound it, or let go of what is no longer needed.")

enum advice_kind {
#define X(enumerator, word, what, todo) ADVICE_##enumerator,
    ADVICES(X)
#undef X
        ADVICE_COUNT
};

struct advice {
    enum advice_kind kind;
    uint64_t saved_bytes;
    const struct rec_counts *counts;    /* of all stacks that end there; NULL: kind release */
    const struct report_holder *holder; /* kind release; else NULL */
    const struct stack *stack;          /* of one that allocates */
    const struct stack_frame *frame;    /* of it, where something is to be done; NULL: none is known */
    uint64_t objects;                   /* that it is about */
};
struct advices {
    struct advice *advice; /* by saved bytes downwards */
    size_t count, capacity;
};

/* From a report of all kinds that is finished. Its memory is the pool's. */
struct advices advise(struct pool *, const struct report *);

struct advise_choice {
    const struct report *report;
    const struct advices *advices;
};
void advise_text(FILE *, const struct advise_choice *, const struct view *);
void advise_json(FILE *, const struct advise_choice *, const struct view *);

#endif
