/* report_profile.c - what was allocated and what keeps memory alive, of several recordings together.
 *
 * Start: report_add_profile(). */
#include "report.h"

#include <string.h>

static uint64_t max(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static uint64_t min(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* Peaks of two processes need not have come at the same time: the higher one is told. */
void report_add_counts(struct rec_counts *into, const struct rec_counts *other) {
    if (other->peak_bytes > into->peak_bytes) {
        into->peak_bytes = other->peak_bytes;
        into->peak_objects = other->peak_objects;
        into->peak_us = other->peak_us;
    }
    into->size_min = into->objects ? min(into->size_min, other->size_min) : other->size_min;
    into->size_max = max(into->size_max, other->size_max);
    into->chain_max = max(into->chain_max, other->chain_max);
    uint64_t *const sums[] = {&into->objects,     &into->bytes,   &into->freed_objects,
                              &into->freed_bytes, &into->at_once, &into->same_call,
                              &into->slack_bytes, &into->grown,   &into->moved_bytes};
    const uint64_t added[] = {other->objects,     other->bytes,   other->freed_objects,
                              other->freed_bytes, other->at_once, other->same_call,
                              other->slack_bytes, other->grown,   other->moved_bytes};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        *sums[i] = count_add(*sums[i], added[i]);
}

struct site_index {
    const struct stack *stack; /* the kept one: equal stacks have the same */
    size_t at;
    UT_hash_handle hh;
};

static void add_site(struct report *report, const struct rec_allocations *recorded) {
    struct report_profile *profile = &report->profile;
    const struct stack *stack = keep_stack(&report->keeper, symbols_stack(report->symbols, recorded->site));
    struct site_index *known = NULL;
    HASH_FIND_PTR(profile->index, &stack, known);
    if (known) {
        report_add_counts(&profile->sites[known->at].counts, &recorded->counts);
        return;
    }
    known = pool_alloc(report->pool, sizeof *known);
    *known = (struct site_index){.stack = stack, .at = profile->site_count};
    HASH_ADD_PTR(profile->index, stack, known);
    profile->sites =
        pool_grow(report->pool, profile->sites, profile->site_count, &profile->site_capacity, sizeof *profile->sites);
    profile->sites[profile->site_count++] = (struct report_site){stack, recorded->counts};
}

static void add_holder(struct report *report, const struct rec_retained *recorded) {
    struct report_profile *profile = &report->profile;
    const struct rec_path path = {.root = recorded->root};
    struct report_holder holder = {
        .root = report_path(report, &path),
        .objects = recorded->objects,
        .bytes = recorded->bytes,
        .largest = keep_stack(&report->keeper, symbols_stack(report->symbols, recorded->largest)),
        .largest_objects = recorded->largest_objects,
        .largest_bytes = recorded->largest_bytes,
    };
    profile->holders =
        pool_grow(report->pool, profile->holders, profile->holder_count, &profile->holder_capacity, sizeof holder);
    profile->holders[profile->holder_count++] = holder;
}

/* Of several processes only what the first says: variables of two are no one variable. */
static void add_retained(struct report *report, const struct recording *recording) {
    struct report_profile *profile = &report->profile;
    if (profile->has_holders)
        return;
    for (size_t i = 0; i < recording->retained_count; i++) {
        const struct rec_retained *retained = &recording->retained[i];
        profile->has_holders = true;
        if (*retained->root.kind)
            add_holder(report, retained);
        else {
            profile->shared_objects = retained->objects;
            profile->shared_bytes = retained->bytes;
        }
    }
}

void report_add_profile(struct report *report, const struct recording *recording) {
    add_retained(report, recording);
    if (!recording->profile.known)
        return;
    struct report_profile *profile = &report->profile;
    report_add_counts(&profile->total, &recording->profile.total);
    profile->known = true;
    profile->header_bytes = max(profile->header_bytes, recording->profile.header_bytes);
    profile->missed = count_add(profile->missed, recording->profile.missed);
    for (size_t i = 0; (report->kinds & KINDS_ALL) == KINDS_ALL && i < recording->allocations_count; i++)
        add_site(report, &recording->allocations[i]);
}

void report_profile_close(struct report_profile *profile) {
    HASH_CLEAR(hh, profile->index);
}
