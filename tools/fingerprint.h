/* fingerprint.h - stable names of findings. */
#ifndef CASTAWAY_TOOLS_FINGERPRINT_H
#define CASTAWAY_TOOLS_FINGERPRINT_H

#include "report.h"

/* Fill in `fingerprint` and `identity`, and turn the cycle so that it starts at the same entry whatever ids the
 * recording gave its sites. Needs kind, stack and cycle.
 *
 * The fingerprint knows kind, each frame's module and function (without a name: its offset), and the shape of the
 * cycle; no address, pid or line, so that it outlives a rebuild. */
void fingerprint_set(struct pool *, struct report_finding *);

/* Name the `n`-th (from 1) further finding that has the fingerprint of another one. */
uint64_t fingerprint_again(uint64_t fingerprint, size_t n);

#endif
