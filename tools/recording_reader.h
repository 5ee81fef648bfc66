/* recording_reader.h - between recording.c and the files that read some of its records. A field that is missing is zero
 * or ""; one of the wrong type or without a meaning makes the line wrong. */
#ifndef CASTAWAY_TOOLS_RECORDING_READER_H
#define CASTAWAY_TOOLS_RECORDING_READER_H

#include "recording.h"

#include <jansson.h>

struct reader {
    struct recording *recording;
    struct pool *pool;
    const char *wrong; /* first thing found wrong in this line */
};

void reader_wrong(struct reader *, const char *what);

/* Numbers beyond 64 bits are the largest one. */
uint64_t reader_as_count(struct reader *, const json_t *value, const char *what);
uint64_t reader_count(struct reader *, const json_t *record, const char *key);
int64_t reader_signed(struct reader *, const json_t *record, const char *key);
const char *reader_string(struct reader *, const json_t *record, const char *key);
struct rec_site *reader_site(struct reader *, const json_t *record); /* by its key `site`; NULL: 0, no stack known */
struct rec_site *reader_site_at(struct reader *, const json_t *record, const char *key);  /* the same, by another key */
struct rec_module *reader_module(struct reader *, const json_t *value, const char *what); /* NULL when wrong */

/* recording_refs.c: what reference counts and types add to a finding that has its cycle already. */
void reader_refs(struct reader *, const json_t *record, struct rec_finding *finding);
/* A record of its own: the histories, which were told by hooks. */
void reader_history(struct reader *, const json_t *record);
/* What a site and a finding are made of, however the line was read. `in_module` false: `module` means nothing. */
struct rec_frame reader_frame(struct reader *, bool in_module, uint64_t module, uint64_t offset, bool exact);
struct rec_site *reader_find_site(struct reader *, uint32_t id);
void reader_add_site(struct reader *, uint32_t id, const struct rec_frame *, size_t count);
void reader_check_cycle(struct reader *, const struct rec_finding *);
void reader_add_finding(struct reader *, const struct rec_finding *);

/* recording_plain.c: read the line `text`. false: it is spelled in another way, nothing was done. */
bool reader_plain_site(struct reader *, const char *text);
bool reader_plain_finding(struct reader *, const char *text);

/* recording_live.c: what scans while the program runs add. */
struct rec_age reader_age(struct reader *, const json_t *finding);
void reader_status(struct reader *, const json_t *record);
void reader_timeline(struct reader *, const json_t *record);
void reader_growth(struct reader *, const json_t *record);
void reader_dangling(struct reader *, const json_t *record);
void reader_target(struct reader *, const json_t *record);
void reader_population(struct reader *, const json_t *record);
struct rec_root reader_root(struct reader *, const json_t *root);

/* recording_profile.c: what --profile-allocations and --retained add. */
void reader_profile(struct reader *, const json_t *record);
void reader_allocations(struct reader *, const json_t *record);
void reader_retained(struct reader *, const json_t *record);

#endif
