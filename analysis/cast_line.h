/* cast_line.h - one line of JSON: opened, members added, closed. Errors stay in the sink: what follows one does nothing. */
#ifndef CASTAWAY_ANALYSIS_CAST_LINE_H
#define CASTAWAY_ANALYSIS_CAST_LINE_H

#include "cast.h"

/* `{"record":"NAME"` and `}` with the line's end. */
void line_open(struct cast_sink *, const char *record);
void line_close(struct cast_sink *);

/* A member: a comma, the key, the value. Keys are ours, of at most 64 bytes, and written as they are; text is hostile, and
 * escaped. */
void line_key(struct cast_sink *, const char *key);
void line_count(struct cast_sink *, const char *key, uint64_t value);
void line_number(struct cast_sink *, const char *key, int64_t value);
void line_text(struct cast_sink *, const char *key, const char *text);
/* The first of an object inside a line, with the brace that opens it. */
void line_first(struct cast_sink *, const char *key, uint64_t value);

/* Values alone. line_put: as it is; line_signed: the bits of an int64_t; line_seconds: with microseconds */
void line_put(struct cast_sink *, const char *text);
void line_unsigned(struct cast_sink *, uint64_t value);
void line_signed(struct cast_sink *, uint64_t value);
void line_seconds(struct cast_sink *, double value);
void line_hex(struct cast_sink *, const unsigned char *bytes, size_t count);
void line_string(struct cast_sink *, const char *text);
void line_string_bytes(struct cast_sink *, const char *text, size_t count);

/* strlen(), which the library may not call. */
size_t line_text_bytes(const char *text);

/* Hand over what is buffered. */
void line_flush(struct cast_sink *);

#endif
