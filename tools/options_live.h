/* options_live.h - setters for options of scans while the program runs; rows of the table in options.c.
 * Each returns 0, or -1 after a message. */
#ifndef CASTAWAY_TOOLS_OPTIONS_LIVE_H
#define CASTAWAY_TOOLS_OPTIONS_LIVE_H

#include "options.h"

/* For the library: checked here, handed on by options.library_options. */
int set_scan_every(struct options *, const char *value, const char *spelling);
int set_thresholds(struct options *, const char *value, const char *spelling);
int set_confirm(struct options *, const char *value, const char *spelling);
int set_scan_signal(struct options *, const char *value, const char *spelling);
int set_control(struct options *, const char *value, const char *spelling);
int set_dirty_pages(struct options *, const char *value, const char *spelling);

int set_audit_live(struct options *, const char *value, const char *spelling);
int set_retained(struct options *, const char *value, const char *spelling);
int set_profile_allocations(struct options *, const char *value, const char *spelling);

/* For the verbs that ask a running program. */
int set_generation(struct options *, const char *value, const char *spelling);
int set_timeout(struct options *, const char *value, const char *spelling);
int set_interval(struct options *, const char *value, const char *spelling);
int set_once(struct options *, const char *value, const char *spelling);

/* Add `key=value` to what the library is told; returns 0. */
int option_hand_on(struct options *, const char *key, const char *value);

/* In options.c: `value` is not what is wanted; -1 after the message. */
int option_bad_value(const char *spelling, const char *value, const char *want);
int option_flag(bool *flag, const char *value, const char *spelling); /* NULL, as on the command line, is yes */
int option_number(int *number, const char *value, int lo, int hi, const char *spelling);

#endif
