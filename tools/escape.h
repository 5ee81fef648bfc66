/* escape.h - strings of the target (names, paths, arguments) made safe to show. */
#ifndef CASTAWAY_TOOLS_ESCAPE_H
#define CASTAWAY_TOOLS_ESCAPE_H

#include "pool.h"

#include <stdbool.h>
#include <stdio.h>

/* Length in bytes of the UTF-8 sequence at `s` and its code point; 0 if it is not one. */
size_t escape_utf8(const char *s, unsigned *code_point);

/* `s` with control and other invisible characters, invalid UTF-8 and (without `utf8`) everything that is not ASCII as
 * \xHH, byte by byte. */
char *escape_text(struct pool *, const char *s, bool utf8);
void escape_write(FILE *, const char *s, bool utf8);

/* An escaped string within double quotes, where the quote and the backslash alone mean something. */
void escape_quoted(FILE *, const char *escaped);

/* `s` as valid UTF-8: a byte that is part of none becomes the code point of its value, as in a recording. */
char *escape_to_utf8(struct pool *, const char *s);

/* Columns that an escaped string takes. */
size_t escape_columns(const char *escaped);

/* Take the locale of the environment, once: whoever asks for columns or for UTF-8 does it. To read it takes a while. */
void escape_locale(void);
bool escape_locale_is_utf8(void);

#endif
