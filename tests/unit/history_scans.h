/* history_scans.h - a heap that is scanned again and again, and the history of these scans. */
#ifndef CASTAWAY_TESTS_UNIT_HISTORY_SCANS_H
#define CASTAWAY_TESTS_UNIT_HISTORY_SCANS_H

#include "analysis/settle.h"
#include "analysis/verdict.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <string.h>

enum { ROOTS = 16, FULL = 2 };

static struct heap_build *build;
static uintptr_t *roots;
static struct history history;
static struct marks marks;
static unsigned confirm;
static uint32_t scans;

static unsigned root_flags;
static int is_last;

static inline void setup(void) {
    build = heap_build_new(16 << 20);
    roots = heap_build_gap(build, ROOTS * sizeof *roots);
    history = (struct history){0};
    scans = 0;
    confirm = 2;
    root_flags = 0;
    is_last = 0;
}
static inline void teardown(void) {
    heap_build_free(build);
}

static inline uintptr_t *object(size_t size_bytes, unsigned site) {
    return heap_build_object(build, size_bytes, site);
}

static inline struct scan_entry next_entry(unsigned generation) {
    scans++;
    return (struct scan_entry){.number = scans,
                               .generation = generation,
                               .at_us = 1000 * (int64_t)scans,
                               .birth_end = build->births + 1,
                               .pause_us = 10 * scans,
                               .scan_us = 100 * scans};
}

static inline int update(struct scan_entry entry) {
    struct root root = {(uintptr_t)roots, (uintptr_t)(roots + ROOTS), root_flags};
    struct history after;
    heap_build_freeze(build);
    ck_assert_int_eq(mark_run(&build->heap, &root, 1, &build->arena, &marks), 0);
    ck_assert_int_eq(settle_possible(&build->heap, &marks, &build->arena), 0);
    struct history_input in = {&build->heap, &marks, entry.number > 1 ? &history : NULL, entry, confirm, is_last};
    int error = history_update(&in, &build->arena, &build->arena, &after);
    if (!error)
        history = after;
    return error;
}

/* A scan of all that is logged as one of that generation. */
static inline void scan(unsigned generation) {
    ck_assert_int_eq(update(next_entry(generation)), 0);
}

static inline void counts_are(uint64_t suspects, uint64_t confirmed, uint64_t withdrawn, uint64_t freed) {
    ck_assert_uint_eq(history.counts.suspects, suspects);
    ck_assert_uint_eq(history.counts.confirmed, confirmed);
    ck_assert_uint_eq(history.counts.withdrawn, withdrawn);
    ck_assert_uint_eq(history.counts.freed_by_program, freed);
}

static inline unsigned flags_of(const void *place) {
    return heap_build_record(build, place)->flags;
}

static inline struct age age_of(const void *place) {
    struct scan_entry now = {.number = scans, .at_us = 1000 * (int64_t)scans};
    return history_age(&history, &now, NULL, 0, (uintptr_t)place, heap_build_record(build, place));
}

#endif
