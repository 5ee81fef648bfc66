/* memory_limit.h - limits on memory that hold for us, since the program that is watched was started with them. */
#ifndef CASTAWAY_TOOLS_MEMORY_LIMIT_H
#define CASTAWAY_TOOLS_MEMORY_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

/* Now that the program has ended they need not hold any longer: as far up as we may. */
void memory_limit_raise(void);

/* Is there so much? For what can be left out: where there is a limit, whoever gets no memory then ends with us. */
bool memory_limit_leaves(size_t bytes);

#endif
