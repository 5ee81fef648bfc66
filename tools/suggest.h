/* suggest.h - the word that was meant by one that is none. */
#ifndef CASTAWAY_TOOLS_SUGGEST_H
#define CASTAWAY_TOOLS_SUGGEST_H

#include <stddef.h>

/* Of the words `name(0)`, `name(1)`, ... (up to NULL) the one nearest to the `length` bytes at `word`; NULL: none is near. */
const char *suggest(const char *word, size_t length, const char *(*name)(size_t index));

#endif
