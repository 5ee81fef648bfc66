/* wording.h - a finding in one line, for formats that have no room for more. Escaped: no control byte is left. */
#ifndef CASTAWAY_TOOLS_WORDING_H
#define CASTAWAY_TOOLS_WORDING_H

#include "report.h"

/* What it is, without numbers: `cycle session -> timer -> session`, `lost: session_new`. The same in every run. */
const char *wording_name(struct pool *, const struct report_finding *);

/* And how much: `512 cycles of 2 objects, 96.0 KiB: session +0x18 -> timer +0x8 -> session`. */
const char *wording_message(struct pool *, const struct report_finding *);

/* What to do about it, in ASCII: `to break it: child.parent -> parent frees 2 objects, 64 B`; NULL: that is not known. */
const char *wording_advice(struct pool *, const struct report_finding *);

/* The way round a cycle with its offsets, cut in the middle when it is long. */
const char *wording_cycle(struct pool *, const struct report_finding *, bool offsets);

/* `server/session.c:15`, or as much as is known of the frame. */
const char *wording_place(struct pool *, const struct stack_frame *);
/* The function, as people write it; `??` if it has no name. */
const char *wording_function(struct pool *, const struct stack_frame *);

/* Of a finding of kind dangling-weak: what its slots point at, and where they lie. */
const char *wording_dangling(struct pool *, const struct report_finding *);

/* All of its fingerprint, in 16 hexadecimal digits. */
const char *wording_fingerprint(struct pool *, const struct report_finding *);

/* The program's name, without its folder. */
const char *wording_program(struct pool *, const struct report *);

#endif
