/* top.h - what `castaway top` shows: its rows, made of one answer after the other. */
#ifndef CASTAWAY_TOOLS_TOP_H
#define CASTAWAY_TOOLS_TOP_H

#include "recording.h"
#include "report.h"

enum { TOP_SAMPLES = 16 };

/* A place that allocates. Kept from answer to answer: its names are looked up once. */
struct top_site {
    uint32_t id;
    struct rec_site site; /* a copy, whose modules are copies, too */
    uint64_t seen;        /* the last answer that it stood in */
    struct {
        int64_t at_ms;
        uint64_t bytes;
    } samples[TOP_SAMPLES]; /* the latest last */
    size_t sample_count;
    UT_hash_handle hh;
};

struct top_row {
    uint64_t key; /* the same in every answer */
    struct top_site *site;
    uint64_t objects, bytes;
    uint64_t by_generation[GENERATIONS]; /* objects; of a site */
    int64_t bytes_per_minute;
    bool has_rate;
    int64_t lost_us;                      /* how long ago a finding was found lost at the latest; -1: not known */
    const struct report_finding *finding; /* NULL: a site, or one that grows */
    const struct rec_growth *growth;      /* NULL: the site is not known to grow */
};

enum top_list { TOP_SITES, TOP_FINDINGS, TOP_LISTS };
enum top_order { TOP_BY_BYTES, TOP_BY_OBJECTS, TOP_BY_GROWTH, TOP_BY_AGE, TOP_BY_NAME, TOP_ORDERS };

struct top {
    struct pool names; /* lives as long as this does; the other only until the next answer */
    struct pool pool;
    struct symbols *symbols;
    struct top_site *sites;     /* by id */
    struct top_module *modules; /* by id */
    struct recording recording; /* the answer */
    struct report report;       /* its findings */
    uint64_t answers;
    struct top_row *rows[TOP_LISTS];
    size_t row_count[TOP_LISTS];
};

void top_init(struct top *);
void top_close(struct top *);

/* Take the answer `recording`, whose strings are in `pool`, in place of the one before; both become part of `top`.
 * at_ms  when it came, by any steady clock */
void top_take(struct top *, const struct recording *recording, const struct pool *pool, int64_t at_ms);

/* Sort a list, and keep the rows that `filter` (part of a function, file or module of the stack) allows; "" allows all.
 * returns  how many rows are left; they come first */
size_t top_arrange(struct top *, enum top_list, enum top_order, const char *filter);

const struct stack *top_stack(struct top *, const struct top_row *);
const char *top_name(struct top *, const struct top_row *); /* the function that allocates; not escaped */
const char *top_kind(const struct top_row *);               /* "" of a site */

#endif
