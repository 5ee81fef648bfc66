/* question.h - yes or no, asked of whoever runs castaway: on standard error, answered on standard input. */
#ifndef CASTAWAY_TOOLS_QUESTION_H
#define CASTAWAY_TOOLS_QUESTION_H

#include <stdbool.h>

struct questions {
    bool ended; /* the answer was "no more", or there is nobody left to answer */
};

/* Ask as Valgrind does, until one of its answers comes: Return, N or n: no; Y or y: yes; C or c: no, and never ask again.
 * The end of the input is C, too. */
bool question_ask(struct questions *, const char *question);

#endif
