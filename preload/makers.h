/* makers.h - which allocation sites are the same call in the program's source, reached on different ways. */
#ifndef CASTAWAY_PRELOAD_MAKERS_H
#define CASTAWAY_PRELOAD_MAKERS_H

#include "analysis/counts.h"

/* Set counts->maker. returns 0 or -ENOMEM. context: child */
int makers_find(struct counts *counts);

#endif
