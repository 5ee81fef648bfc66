/* pattern.h - wildcards, without backtracking beyond the last `*`: the time is at most the product of the lengths. */
#ifndef CASTAWAY_TOOLS_PATTERN_H
#define CASTAWAY_TOOLS_PATTERN_H

#include <stdbool.h>

/* As Valgrind: `*` and `?`; the whole of `text`. */
bool pattern_matches_whole(const char *pattern, const char *text);

/* As LeakSanitizer: `*`; `^` and `$` hold it to the start and the end, else it may stand anywhere. What comes after a
 * `$` means nothing. An empty text matches nothing. */
bool pattern_matches_part(const char *pattern, const char *text);

#endif
