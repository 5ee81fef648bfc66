/* plain_line.h - reading a line that is spelled as libcastaway.so writes it, without a tree of JSON values.
 *
 * Millions of lines of a fleet's recordings are sites and findings, all numbers. A line that is spelled in any other way
 * is no error: `ok` is false then, and the JSON library reads it. */
#ifndef CASTAWAY_TOOLS_PLAIN_LINE_H
#define CASTAWAY_TOOLS_PLAIN_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct plain_line {
    const char *at; /* in a string that ends with NUL */
    bool ok;        /* all was as expected up to here; once false, nothing is read any more */
};

/* Take `text` if it comes next. */
static inline bool plain_takes(struct plain_line *line, const char *text, size_t length) {
    bool is_next = line->ok && !strncmp(line->at, text, length);
    if (is_next)
        line->at += length;
    return is_next;
}
#define PLAIN_TAKES(line, literal) plain_takes(line, literal, sizeof(literal) - 1)

/* It must come next. */
#define PLAIN_EXPECT(line, literal) ((line)->ok = PLAIN_TAKES(line, literal))

/* A number of at most 18 digits: more may not fit. */
static inline uint64_t plain_number(struct plain_line *line) {
    uint64_t number = 0;
    int digits = 0;
    for (; line->ok && *line->at >= '0' && *line->at <= '9' && digits < 19; line->at++, digits++)
        number = number * 10 + (uint64_t)(*line->at - '0');
    if (digits < 1 || digits > 18 || (digits > 1 && line->at[-digits] == '0'))
        line->ok = false;
    return number;
}

#endif
