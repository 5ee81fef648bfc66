/* units.h - numbers as people read them. */
#ifndef CASTAWAY_TOOLS_UNITS_H
#define CASTAWAY_TOOLS_UNITS_H

#include "pool.h"

#include <stdint.h>

const char *units_count(struct pool *, uint64_t);                    /* 1 536 */
const char *units_things(struct pool *, uint64_t, const char *noun); /* 1 object, 1 536 objects */
const char *units_size(struct pool *, uint64_t bytes);               /* 96 B, 96.0 KiB, 1.1 MiB */

#endif
