/* settle.h - objects that both a stack and a possible object hold. */
#ifndef CASTAWAY_ANALYSIS_SETTLE_H
#define CASTAWAY_ANALYSIS_SETTLE_H

#include "mark.h"

/* Settle what hangs from possible objects, too: when no stack holds it any more, it is possible and not lost.
 *
 * heap     as it was marked
 * returns  0, or -ENOMEM
 * cost     O(bytes of possible objects, and of what only they and stacks hold) */
int settle_possible(const struct heap *heap, struct marks *marks, struct arena *arena);

#endif
