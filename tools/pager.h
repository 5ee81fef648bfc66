/* pager.h - a long text on a terminal, page by page. */
#ifndef CASTAWAY_TOOLS_PAGER_H
#define CASTAWAY_TOOLS_PAGER_H

#include "pool.h"

#include <stdio.h>

/* Start $CASTAWAY_PAGER, $PAGER or less, if standard output is a terminal.
 * returns  a stream to write to, or NULL: write to standard output */
FILE *pager_open(struct pool *);

/* Wait until the reader has read enough. That the reader leaves before the end is no error. */
void pager_close(FILE *);

#endif
