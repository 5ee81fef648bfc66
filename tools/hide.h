/* hide.h - frames that are never shown: castaway's and the allocator's, where a stack begins. */
#ifndef CASTAWAY_TOOLS_HIDE_H
#define CASTAWAY_TOOLS_HIDE_H

#include "symbols.h"

/* Take out the frames by which castaway leads calls to counted functions. returns how many are left */
size_t hide_stubs(struct stack_frame *frames, size_t count);

/* How many of the innermost frames belong to castaway or the allocator. At least one frame is left to show. */
size_t hide_count(const struct stack_frame *frames, size_t count);

/* How many of the frames, from the innermost on, are the program's: all up to main, when libc called it. */
size_t hide_above_main(const struct stack_frame *frames, size_t count);

#endif
