/* question.c - yes or no, asked of whoever runs castaway.
 *
 * Start: question_ask().  Source: Valgrind's manual, --gen-suppressions. */
#include "question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *line, const char *letters) {
    return *line && strchr(letters, *line) && (line[1] == '\n' || !line[1]);
}

bool question_ask(struct questions *questions, const char *question) {
    char *line = NULL;
    size_t room = 0;
    bool yes = false, answered = questions->ended;
    while (!answered) {
        fprintf(stderr, "---- %s ? --- [Return/N/n/Y/y/C/c] ---- ", question);
        fflush(stderr);
        questions->ended = getline(&line, &room, stdin) < 0 || is_one_of(line, "Cc");
        yes = !questions->ended && is_one_of(line, "Yy");
        answered = questions->ended || yes || *line == '\n' || is_one_of(line, "Nn");
    }
    free(line);
    return yes;
}
