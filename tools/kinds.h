/* kinds.h - lists of kinds as people write them: castaway's words and Valgrind's. */
#ifndef CASTAWAY_TOOLS_KINDS_H
#define CASTAWAY_TOOLS_KINDS_H

#include <stdbool.h>
#include <stddef.h>

enum kind_words { WORDS_CASTAWAY, WORDS_VALGRIND };

/* The kinds (as bits) of `text`, words with commas between them.
 *
 * returns  0, or -1: then the word at `*wrong`, `*wrong_length` bytes, is not a kind, and `*kinds` is as it was */
int kinds_parse(enum kind_words, const char *text, size_t length, unsigned *kinds, const char **wrong,
                size_t *wrong_length);

/* The words that there are, for messages. */
const char *kinds_list(enum kind_words);

#endif
