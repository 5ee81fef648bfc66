/* cast_line.c - one line of JSON into a sink, without malloc, stdio or locale.
 *
 * Owns:    the sink's buffer.      Never: writes half a number, or a byte that JSON forbids, whatever a path contains.
 * Runs in: snapshot child, unit tests, tools.
 * Start:   line_open(), line_count(), line_text(), line_close(). */
#include "cast_line.h"

#include <string.h>

enum { KEY_BYTES_MAX = 64, DIGITS_MAX = 20 };

/* ---- bytes ---- */

void line_flush(struct cast_sink *sink) {
    if (sink->fill && !sink->error)
        sink->error = sink->write(sink->context, sink->buffer, sink->fill);
    sink->fill = 0;
}

/* A recording is made of some ten thousand pieces of a few bytes each: they are written where they will stand.
 * returns  the place of the next bytes, up to so many */
static inline char *room(struct cast_sink *sink, size_t bytes) {
    if (sizeof sink->buffer - sink->fill < bytes)
        line_flush(sink);
    return sink->buffer + sink->fill;
}

static inline void written_to(struct cast_sink *sink, const char *end) {
    sink->fill = (size_t)(end - sink->buffer);
}

static inline void put_byte(struct cast_sink *sink, char byte) {
    *room(sink, 1) = byte;
    sink->fill++;
}

static inline char *copy(char *at, const char *text) {
    while (*text)
        *at++ = *text++;
    return at;
}

size_t line_text_bytes(const char *text) {
    size_t count = 0;
    while (text[count]) {
        count++;
        __asm__("" : "+r"(count)); /* or the compiler makes it a call of strlen */
    }
    return count;
}

void line_put(struct cast_sink *sink, const char *text) {
    for (; *text; text++)
        put_byte(sink, *text);
}

/* ---- numbers ---- */

static size_t digits_of(uint64_t value) {
    size_t count = 1;
    for (uint64_t limit = 10; count < DIGITS_MAX && value >= limit; limit *= 10)
        count++;
    return count;
}

/* Two digits at a time: each division waits for the one before. */
static inline char *copy_unsigned(char *at, uint64_t value) {
    char *end = at + digits_of(value), *next = end;
    for (; value >= 100; value /= 100) {
        unsigned two = (unsigned)(value % 100);
        *--next = (char)('0' + two % 10);
        *--next = (char)('0' + two / 10);
    }
    *--next = (char)('0' + value % 10);
    if (value >= 10)
        *--next = (char)('0' + value / 10);
    return end;
}

void line_unsigned(struct cast_sink *sink, uint64_t value) {
    written_to(sink, copy_unsigned(room(sink, DIGITS_MAX), value));
}

/* Differences of addresses: what is beyond 2^63 is a negative one, and JSON readers choke on integers that large. */
void line_signed(struct cast_sink *sink, uint64_t value) {
    char *at = room(sink, 1 + DIGITS_MAX);
    if (value >> 63) {
        *at++ = '-';
        value = 0 - value;
    }
    written_to(sink, copy_unsigned(at, value));
}

/* Six decimals. Not a number, and what is too large for 63 bits, is written as 0: JSON has neither. */
void line_seconds(struct cast_sink *sink, double value) {
    if (value < 0) {
        line_put(sink, "-");
        value = -value;
    }
    if (!(value < 9e18))
        value = 0;
    uint64_t whole = (uint64_t)value;
    uint64_t millionths = (uint64_t)((value - (double)whole) * 1e6 + 0.5);
    if (millionths >= 1000000) {
        millionths -= 1000000;
        whole++;
    }
    line_unsigned(sink, whole);
    char decimals[8] = ".000000";
    for (int i = 6; i > 0; i--, millionths /= 10)
        decimals[i] = (char)('0' + millionths % 10);
    line_put(sink, decimals);
}

/* ---- strings ---- */

static int is_continuation(unsigned char byte) {
    return (byte & 0xc0) == 0x80;
}

/* The length of the well-formed UTF-8 sequence that begins at `s`; 0: there is none. Unicode 15, table 3-7: no
 * overlong forms, no surrogates, nothing above U+10FFFF. */
static size_t utf8_bytes(const unsigned char *s, size_t left) {
    unsigned char second = left > 1 ? s[1] : 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf)
        return is_continuation(second) ? 2 : 0;
    if (s[0] >= 0xe0 && s[0] <= 0xef) {
        if (left < 3 || !is_continuation(second) || !is_continuation(s[2]))
            return 0;
        return (s[0] == 0xe0 && second < 0xa0) || (s[0] == 0xed && second > 0x9f) ? 0 : 3;
    }
    if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        if (left < 4 || !is_continuation(second) || !is_continuation(s[2]) || !is_continuation(s[3]))
            return 0;
        return (s[0] == 0xf0 && second < 0x90) || (s[0] == 0xf4 && second > 0x8f) ? 0 : 4;
    }
    return 0;
}

void line_hex(struct cast_sink *sink, const unsigned char *bytes, size_t count) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        put_byte(sink, digits[bytes[i] >> 4]);
        put_byte(sink, digits[bytes[i] & 15]);
    }
}

void line_string_bytes(struct cast_sink *sink, const char *text, size_t count) {
    const unsigned char *s = (const unsigned char *)text;
    put_byte(sink, '"');
    for (size_t at = 0, step; at < count; at += step) {
        step = utf8_bytes(s + at, count - at);
        if (step == 0 || s[at] < 0x20) {
            step = 1;
            line_put(sink, "\\u00");
            line_hex(sink, s + at, 1);
            continue;
        }
        if (s[at] == '"' || s[at] == '\\')
            put_byte(sink, '\\');
        for (size_t i = 0; i < step; i++)
            put_byte(sink, text[at + i]);
    }
    put_byte(sink, '"');
}

void line_string(struct cast_sink *sink, const char *text) {
    line_string_bytes(sink, text ? text : "", text ? line_text_bytes(text) : 0);
}

/* ---- members: a comma, the key, the value ---- */

static inline char *copy_key(char *at, const char *before, const char *key) {
    return copy(copy(copy(at, before), key), "\":");
}

static inline char *room_for_member(struct cast_sink *sink) {
    enum { MARKS_MAX = 4 };
    return room(sink, KEY_BYTES_MAX + MARKS_MAX + DIGITS_MAX);
}

void line_key(struct cast_sink *sink, const char *key) {
    written_to(sink, copy_key(room_for_member(sink), ",\"", key));
}

void line_count(struct cast_sink *sink, const char *key, uint64_t value) {
    written_to(sink, copy_unsigned(copy_key(room_for_member(sink), ",\"", key), value));
}

void line_number(struct cast_sink *sink, const char *key, int64_t value) {
    line_key(sink, key);
    line_signed(sink, (uint64_t)value);
}

void line_text(struct cast_sink *sink, const char *key, const char *text) {
    line_key(sink, key);
    line_string(sink, text);
}

/* An object's first member has no comma before it. */
void line_first(struct cast_sink *sink, const char *key, uint64_t value) {
    written_to(sink, copy_unsigned(copy_key(room_for_member(sink), "{\"", key), value));
}

void line_open(struct cast_sink *sink, const char *record) {
    line_put(sink, "{\"record\":\"");
    line_put(sink, record);
    line_put(sink, "\"");
}

void line_close(struct cast_sink *sink) {
    line_put(sink, "}\n");
}
