/* wording.h - a finding in one line, for formats that have no room for more. Escaped: no control byte is left. */
#ifndef CASTAWAY_TOOLS_WORDING_H
#define CASTAWAY_TOOLS_WORDING_H

#include "report.h"

/* What it is, without numbers: `cycle session -> timer -> session`, `lost: session_new`. The same in every run. */
const char *wording_name(struct pool *, const struct report_finding *);

/* And how much: `512 cycles of 2 objects, 96.0 KiB: session -(.timer)-> timer -(+0x08)-> session`. */
const char *wording_message(struct pool *, const struct report_finding *);

/* What to do about it, in ASCII: `to break it: child.parent -> parent frees 2 objects, 64 B`; NULL: that is not known. */
const char *wording_advice(struct pool *, const struct report_finding *);

/* The way round a cycle with its members or offsets, cut in the middle when it is long. */
const char *wording_cycle(struct pool *, const struct report_finding *, bool offsets);

/* What stands at an entry's offset: `.timer`, and `+0x18` where that is not known. */
const char *wording_member(struct pool *, const struct report_entry *);

/* `16 bytes`, `16 to 4 096 bytes`; where sizes are not known their sum, `44 bytes in all`. */
const char *wording_sizes(struct pool *, struct sizes, uint64_t sum_bytes);

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
