/* message.c - errors: one line each, on stderr, safe to print.
 *
 * Owns:  messages that are held back or diverted.
 * Never: exits; the caller chooses the status.
 * Start: message_error(). */
#include "message.h"

#include "escape.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static FILE *held; /* NULL: messages go out at once */
static char *held_text;
static size_t held_bytes;

void message_hold(bool hold) {
    if (hold) {
        held = open_memstream(&held_text, &held_bytes);
    } else if (held) {
        fclose(held);
        fwrite(held_text, 1, held_bytes, stderr);
        free(held_text);
        held_text = NULL;
        held = NULL;
    }
}

static struct {
    struct pool *pool;
    const char **line;
} diverted;

void message_divert(struct pool *pool, const char **line) {
    diverted.pool = pool;
    diverted.line = line;
}

void message_error(const char *format, ...) {
    int saved = errno;
    char line[8192];
    va_list arguments;
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): false, and only when clang-tidy is given several files */
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (diverted.line) {
        *diverted.line = pool_strdup(diverted.pool, line);
        errno = saved;
        return;
    }
    fflush(stdout);
    FILE *to = held ? held : stderr;
    fputs("castaway: ", to);
    escape_write(to, line, escape_locale_is_utf8());
    fputc('\n', to);
    errno = saved;
}
