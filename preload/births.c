/* births.c - a table of (serial, time) that grows coarser with time, so that it never grows.
 *
 * Owns:    the table.      Never: locks, waits: a note that meets another one is left out.
 * Start:   births_note(). */
#include "births.h"

#include <stdatomic.h>

#include "pages.h"

enum { TIMES_MAX = 4096, APART_US_MIN = 1000 };

static struct birth_time *times;
static size_t time_count;
static int64_t apart_us = APART_US_MIN;
static atomic_flag busy = ATOMIC_FLAG_INIT;

/* Keep every second one, and take them half as often from now on. */
static void thin_out(void) {
    for (size_t i = 0; i < time_count / 2; i++)
        times[i] = times[2 * i];
    time_count /= 2;
    apart_us *= 2;
}

static void add(uint32_t serial, int64_t at_us) {
    const struct birth_time *last = time_count ? &times[time_count - 1] : NULL;
    if (last && (at_us - last->at_us < apart_us || serial <= last->birth))
        return;
    if (!times && !(times = pages_alloc(TIMES_MAX * sizeof *times)))
        return;
    if (time_count == TIMES_MAX)
        thin_out();
    times[time_count++] = (struct birth_time){serial, at_us};
}

void births_note(uint32_t serial, int64_t at_us) {
    if (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
        return;
    add(serial, at_us);
    atomic_flag_clear_explicit(&busy, memory_order_release);
}

const struct birth_time *births_all(size_t *count) {
    *count = time_count;
    return times;
}

void births_forget(void) {
    time_count = 0;
    apart_us = APART_US_MIN;
    atomic_flag_clear(&busy);
}
