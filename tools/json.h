/* json.h - parts of the JSON report that other verbs write, too. */
#ifndef CASTAWAY_TOOLS_JSON_H
#define CASTAWAY_TOOLS_JSON_H

#include "formats.h"

#include <jansson.h>

json_t *json_number(uint64_t value);                 /* the largest of JSON's when larger */
json_t *json_text(struct pool *, const char *value); /* valid UTF-8; NULL: null */
json_t *json_stack(struct pool *, const struct stack *, const struct view *);
json_t *json_findings(struct pool *, const struct report *, const struct view *); /* those of the kinds to show */
json_t *json_notes(struct pool *, const struct report *);
json_t *json_fingerprint(uint64_t fingerprint);
json_t *json_words(struct pool *, size_t count, const char *const *words);
json_t *json_tallies(const struct tally *); /* by kind */
void json_put(FILE *, json_t *root);        /* written with a newline, and given up */

/* json_gate.c */
void json_gate_finding(struct pool *, json_t *object, const struct report_finding *);
void json_gate(struct pool *, json_t *root, const struct report *);

/* json_live.c */
json_t *json_path(struct pool *, const struct report_path *, const struct view *);
void json_live_finding(struct pool *, json_t *object, const struct report_finding *, const struct view *);
json_t *json_by_generation(const uint64_t numbers[GENERATIONS]);
void json_live_counts(json_t *object, const struct report_live *);
/* json_profile.c */
void json_profile(struct pool *, json_t *root, const struct report_profile *, const struct view *);
void json_profile_finding(json_t *object, const struct report_finding *);
json_t *json_timeline(const struct report_timeline *); /* null: there is none */
json_t *json_points(const struct report_growth *);
json_t *json_seconds(int64_t us); /* null when negative */
json_t *json_milliseconds(uint64_t us);

#endif
