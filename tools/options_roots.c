/* options_roots.c - options of what counts as a pointer and what is watched: checked here, handed on to the library.
 *
 * Start: set_pointer_mask(). */
#include "options_roots.h"

#include "analysis/crew.h"
#include "options_live.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int set_pointer_mask(struct options *options, const char *value, const char *spelling) {
    char *end;
    errno = 0;
    uintmax_t mask = strtoumax(value, &end, 16);
    if (strncmp(value, "0x", 2) != 0 || !value[2] || *end || errno || mask == 0 || *value == '-')
        return option_bad_value(spelling, value, "a mask of the bits that are a pointer, such as 0x00ffffffffffffff");
    return option_hand_on(options, "pointer-mask", value);
}

static int is_yes(const char *value, const char *spelling, int *yes) {
    *yes = !strcmp(value, "yes");
    return *yes || !strcmp(value, "no") ? 0 : option_bad_value(spelling, value, "yes or no");
}

int set_unaligned(struct options *options, const char *value, const char *spelling) {
    int yes;
    if (is_yes(value, spelling, &yes))
        return -1;
    return option_hand_on(options, "unaligned", value);
}

int set_children(struct options *options, const char *value, const char *spelling) {
    int yes;
    if (is_yes(value, spelling, &yes))
        return -1;
    return option_hand_on(options, "children", value);
}

int set_mark_threads(struct options *options, const char *value, const char *spelling) {
    int threads;
    if (option_number(&threads, value, 1, CREW_MAX, spelling))
        return -1;
    return option_hand_on(options, "mark-threads", value);
}

/* --keep-pools takes no value; in CASTAWAY_OPTIONS it may have one. */
int set_keep_pools(struct options *options, const char *value, const char *spelling) {
    int yes = 1;
    if (value && *value && is_yes(value, spelling, &yes))
        return -1;
    options->keep_pools = yes;
    return 0;
}
