/* options_roots.c - options of what counts as a pointer and what is watched: checked here, handed on to the library.
 *
 * Start: set_pointer_mask(). */
#include "options_roots.h"

#include "message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void hand_on(struct options *options, const char *key, const char *value) {
    options->library_options = pool_printf(options->pool, "%s:%s=%s", options->library_options, key, value);
}

static int bad(const char *spelling, const char *value, const char *want) {
    message_error("%s: `%s` is not %s", spelling, value, want);
    return -1;
}

int set_pointer_mask(struct options *options, const char *value, const char *spelling) {
    char *end;
    errno = 0;
    uintmax_t mask = strtoumax(value, &end, 16);
    if (strncmp(value, "0x", 2) != 0 || !value[2] || *end || errno || mask == 0 || *value == '-')
        return bad(spelling, value, "a mask of the bits that are a pointer, such as 0x00ffffffffffffff");
    hand_on(options, "pointer-mask", value);
    return 0;
}

static int is_yes(const char *value, const char *spelling, int *yes) {
    *yes = !strcmp(value, "yes");
    return *yes || !strcmp(value, "no") ? 0 : bad(spelling, value, "yes or no");
}

int set_unaligned(struct options *options, const char *value, const char *spelling) {
    int yes;
    if (is_yes(value, spelling, &yes))
        return -1;
    hand_on(options, "unaligned", value);
    return 0;
}

int set_children(struct options *options, const char *value, const char *spelling) {
    int yes;
    if (is_yes(value, spelling, &yes))
        return -1;
    hand_on(options, "children", value);
    return 0;
}

/* --keep-pools takes no value; in CASTAWAY_OPTIONS it may have one. */
int set_keep_pools(struct options *options, const char *value, const char *spelling) {
    int yes = 1;
    if (value && *value && is_yes(value, spelling, &yes))
        return -1;
    options->keep_pools = yes;
    return 0;
}
