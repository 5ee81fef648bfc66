/* closing.h - calls that close descriptors, and leave ours open. */
#ifndef CASTAWAY_PRELOAD_CLOSING_H
#define CASTAWAY_PRELOAD_CLOSING_H

/* close_range(2) but for descriptors of ours. returns  0 or a negative errno. context: any */
long closing_range(unsigned first, unsigned last, unsigned flags);

#endif
