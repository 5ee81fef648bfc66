/* message.c - errors: one line each, on stderr, safe to print.
 *
 * Never: exits; the caller chooses the status. */
#include "message.h"

#include "escape.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void message_error(const char *format, ...) {
    int saved = errno;
    char line[8192];
    va_list arguments;
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): false, and only when clang-tidy is given several files */
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fflush(stdout);
    fputs("castaway: ", stderr);
    escape_write(stderr, line, escape_locale_is_utf8());
    fputc('\n', stderr);
    errno = saved;
}
