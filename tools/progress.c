/* progress.c - shown late and seldom: most merges are over before anybody wonders.
 *
 * Start: progress_step(). */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

enum { FIRST_MS = 500, EVERY_MS = 100 };

static void add_ms(struct timespec *time, long ms) {
    time->tv_nsec += ms * 1000000;
    time->tv_sec += time->tv_nsec / 1000000000;
    time->tv_nsec %= 1000000000;
}

static struct timespec now(void) {
    struct timespec time = {0};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time;
}

void progress_start(struct progress *progress, size_t total) {
    *progress = (struct progress){.total = total, .on_terminal = isatty(STDERR_FILENO), .next = now()};
    add_ms(&progress->next, FIRST_MS);
}

void progress_step(struct progress *progress, size_t done) {
    if (!progress->on_terminal)
        return;
    struct timespec time = now();
    if (time.tv_sec < progress->next.tv_sec ||
        (time.tv_sec == progress->next.tv_sec && time.tv_nsec < progress->next.tv_nsec))
        return;
    fprintf(stderr, "\r\033[Kcastaway: %zu of %zu recordings", done, progress->total);
    fflush(stderr);
    progress->is_shown = true;
    progress->next = time;
    add_ms(&progress->next, EVERY_MS);
}

void progress_end(struct progress *progress) {
    if (progress->is_shown)
        fputs("\r\033[K", stderr);
    fflush(stderr);
}
