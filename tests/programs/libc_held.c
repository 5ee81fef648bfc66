/* purpose: what the C library keeps for the program is no leak: stdio buffers and streams, environment, handlers' arguments,
 *          locale, search trees' roots in the program, timezone, a directory left open
 * expect: lost=1/33
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <locale.h>
#include <stdio.h>
#include <time.h>
#include "program.h"

static NOINLINE void drop_one(void) {
    NEW_BYTES(33);
}
static void at_end(int status, void *argument) {
    (void)status;
    opaque(argument);
}
static NOINLINE void use_libc(void) {
    time_t now = 0;
    FILE *stream = fopen("/dev/null", "w");

    if (!stream || fputs("kept", stream) < 0)
        abort();
    stdout = opaque(stdout);
    setvbuf(stdout, NEW_BYTES(8192), _IOFBF, 8192);
    puts("output");
    on_exit(at_end, NEW_BYTES(24));
    setlocale(LC_ALL, "");
    setenv("TZ", "Europe/Vienna", 1);
    tzset();
    localtime(&now);
    opaque(getenv("TZ"));
}
static DIR *directory;

int main(void) {
    use_libc();
    directory = opendir("/");
    opaque(&directory);
    drop_one();
    clobber_stack();
    return 0;
}
