/* text.h - a path put together without libc. */
#ifndef CASTAWAY_PRELOAD_TEXT_H
#define CASTAWAY_PRELOAD_TEXT_H

#include <string.h>

#include "proc.h"

struct text { /* cut off at its capacity; always ended by NUL once something was added */
    char bytes[8192];
    size_t fill;
};

static inline void text_add(struct text *text, const char *piece, size_t bytes) {
    if (bytes > sizeof text->bytes - 1 - text->fill)
        bytes = sizeof text->bytes - 1 - text->fill;
    memcpy(text->bytes + text->fill, piece, bytes);
    text->fill += bytes;
    text->bytes[text->fill] = 0;
}
static inline void text_add_number(struct text *text, int number) {
    char digits[12] = "";
    text_add(text, digits, proc_decimal(number, digits));
}

/* Into memory that has room for it. returns the new end, where a NUL stands */
static inline char *text_append(char *end, const char *piece, size_t bytes) {
    memcpy(end, piece, bytes);
    end[bytes] = 0;
    return end + bytes;
}

#endif
