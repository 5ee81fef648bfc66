/* asking.h - what the verbs that ask a running program have in common: words, options, the question, errors. */
#ifndef CASTAWAY_TOOLS_ASKING_H
#define CASTAWAY_TOOLS_ASKING_H

#include "control.h"
#include "options.h"
#include "report.h"

enum { ASKING_WORDS_MAX = 2 };

struct asking {
    struct pool pool;
    struct options options;
    const char *words[ASKING_WORDS_MAX];
    struct control control;
    struct recording recording; /* the answer */
};

/* Options and words in any order; `names` says what each word is, for the message when there are others.
 * returns  0, or -1: end with *status. Call asking_end() in both cases */
int asking_begin(struct asking *, enum verb, int count, char **arguments, int from, const char *const *names,
                 size_t name_count, int *status);
void asking_end(struct asking *);

/* The process id that `word` is, or 0. */
pid_t asking_pid(const char *word);

/* Find the process that `word` names. 0, or -1 after a message. */
int asking_open(struct asking *, const char *word);

/* Ask it; the answer is in `recording`. 0, or -1 after a message. */
int asking_ask(struct asking *, const char *request);

/* What the answer says could not be done: 0, or -1 after a message about the first of these notes. */
int asking_refused(const struct asking *, const char *const *codes, size_t count);

/* The answer lacks what was asked for: a message that says so, and why when it tells that. */
void asking_lacks(const struct asking *, const char *what);

/* `./server[4242]`, escaped. */
const char *asking_program(struct pool *, const struct asking *, bool utf8);

#endif
