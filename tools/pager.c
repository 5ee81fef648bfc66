/* pager.c - hand a text to the user's pager.
 *
 * Owns: SIGPIPE and SIGINT while it runs; both are the reader's way to leave.
 * Start: pager_open(). */
#include "pager.h"

#include "target.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*old_pipe)(int), (*old_interrupt)(int);

/* The command; NULL: none is wanted, or the usual one is not there. */
static const char *pager_command(struct pool *pool) {
    static const char *const variables[] = {"CASTAWAY_PAGER", "PAGER"};
    const char *terminal = getenv("TERM");
    if (!isatty(STDOUT_FILENO) || !terminal || !strcmp(terminal, "dumb"))
        return NULL;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *set = getenv(variables[i]);
        if (set)
            return *set && strcmp(set, "cat") != 0 ? set : NULL;
    }
    return target_is_command(pool, "less") ? "less" : NULL;
}

FILE *pager_open(struct pool *pool) {
    const char *command = pager_command(pool);
    if (!command)
        return NULL;
    setenv("LESS", "FRX", 0); /* short texts just stand there; colours come through */
    fflush(stdout);
    FILE *file = popen(command, "we");
    if (file) {
        old_pipe = signal(SIGPIPE, SIG_IGN);
        old_interrupt = signal(SIGINT, SIG_IGN);
    }
    return file;
}

void pager_close(FILE *file) {
    pclose(file);
    signal(SIGPIPE, old_pipe);
    signal(SIGINT, old_interrupt);
}
