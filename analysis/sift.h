/* sift.h - what of the roots is worth a search. */
#ifndef CASTAWAY_ANALYSIS_SIFT_H
#define CASTAWAY_ANALYSIS_SIFT_H

#include "mark.h"

/* Leave out of `roots` memory without any word that may lead to an object, so that who searches them several times reads
 * the rest once. A search of what is left finds what one of all finds.
 *
 * heap     frozen
 * roots    borrowed; *out may be `roots` itself, where it is not worth the while
 * returns  0, or -ENOMEM (nothing is changed)
 * context  snapshot child, unit tests, tools
 * cost     O(bytes of the roots), less than a nanosecond a word */
int sift_roots(const struct heap *heap, const struct root *roots, size_t root_count, struct arena *arena,
               const struct root **out, size_t *out_count);

#endif
