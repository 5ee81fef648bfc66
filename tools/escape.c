/* escape.c - nothing that the target names itself may drive the reader's terminal.
 *
 * Start: escape_text(). */
#include "escape.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <wchar.h>

/* Characters that show nothing, or turn the reading direction of what follows: a name must not be able to lie. */
static const struct {
    unsigned lo, hi; /* both inclusive */
} invisible[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e},   {0x200b, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
};

static bool is_invisible(unsigned code_point) {
    for (size_t i = 0; i < sizeof invisible / sizeof *invisible; i++)
        if (code_point >= invisible[i].lo && code_point <= invisible[i].hi)
            return true;
    return false;
}

size_t escape_utf8(const char *s, unsigned *code_point) {
    static const struct {
        unsigned char mask, lead;
        unsigned least; /* below: overlong */
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    const unsigned char *bytes = (const unsigned char *)s;
    for (size_t length = 1; length <= 4; length++) {
        if ((bytes[0] & forms[length - 1].mask) != forms[length - 1].lead)
            continue;
        unsigned value = bytes[0] & (unsigned char)~forms[length - 1].mask;
        for (size_t i = 1; i < length; i++) {
            if ((bytes[i] & 0xc0) != 0x80)
                return 0;
            value = value << 6 | (bytes[i] & 0x3f);
        }
        if (value < forms[length - 1].least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
            return 0;
        *code_point = value;
        return length;
    }
    return 0;
}

/* Bytes at `s` that may be shown as they are; 0: the first one must be escaped. */
static size_t showable(const char *s, bool utf8) {
    unsigned code_point = 0;
    size_t length = escape_utf8(s, &code_point);
    if (!length || is_invisible(code_point) || (code_point >= 0x80 && !utf8))
        return 0;
    return length;
}

char *escape_text(struct pool *pool, const char *s, bool utf8) {
    char *escaped = pool_alloc(pool, strlen(s) * 4 + 1), *to = escaped;
    while (*s) {
        size_t length = showable(s, utf8);
        if (length)
            to = mempcpy(to, s, length);
        else
            to += sprintf(to, "\\x%02x", (unsigned char)*s);
        s += length ? length : 1;
    }
    *to = '\0';
    return escaped;
}

void escape_quoted(FILE *file, const char *escaped) {
    for (; *escaped; escaped++) {
        if (*escaped == '"' || *escaped == '\\')
            fputc('\\', file);
        fputc(*escaped, file);
    }
}

void escape_write(FILE *file, const char *s, bool utf8) {
    while (*s) {
        size_t length = showable(s, utf8);
        if (length)
            fwrite(s, 1, length, file);
        else
            fprintf(file, "\\x%02x", (unsigned char)*s);
        s += length ? length : 1;
    }
}

char *escape_to_utf8(struct pool *pool, const char *s) {
    char *valid = pool_alloc(pool, strlen(s) * 2 + 1), *to = valid;
    while (*s) {
        unsigned code_point;
        size_t length = escape_utf8(s, &code_point);
        if (length) {
            to = mempcpy(to, s, length);
            s += length;
        } else {
            unsigned char byte = (unsigned char)*s++; /* >= 0x80: ASCII is valid */
            *to++ = (char)(0xc0 | byte >> 6);
            *to++ = (char)(0x80 | (byte & 0x3f));
        }
    }
    *to = '\0';
    return valid;
}

void escape_locale(void) {
    static bool is_taken;
    if (!is_taken)
        setlocale(LC_CTYPE, "");
    is_taken = true;
}

size_t escape_columns(const char *escaped) {
    size_t columns = 0;
    escape_locale();
    while (*escaped) {
        unsigned code_point = 0;
        size_t length = escape_utf8(escaped, &code_point);
        int width = length && code_point >= 0x80 ? wcwidth((wchar_t)code_point) : 1;
        columns += width >= 0 ? (size_t)width : 1;
        escaped += length ? length : 1;
    }
    return columns;
}

bool escape_locale_is_utf8(void) {
    escape_locale();
    return !strcmp(nl_langinfo(CODESET), "UTF-8");
}
