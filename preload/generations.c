/* generations.c - how old objects are, and what the scans so far have come to.
 *
 * Generations are birth serials: what was born since the last scan is generation 0, so survivors grow older without being
 * touched. A scan's outcome lies in memory that its child shares with the program; to adopt it is to change a pointer.
 *
 * Owns:    the counts of births and deaths; the numbers of scans; the last outcome; record_epoch.
 * Never:   decides that there is a scan (schedule.c), or takes one (snapshot.c).
 * Start:   generations_aim(), then generations_adopt(). */
#include "generations.h"

#include <stdatomic.h>
#include <string.h>

#include "clock.h"
#include "dirty.h"
#include "init.h"
#include "live.h"
#include "pages.h"
#include "record.h"
#include "told.h"

/* Counts of all threads, a batch of births or deaths at a time; and what they were at the last scan. */
static _Atomic int64_t net_objects, net_bytes;
static int64_t scanned_objects, scanned_bytes;

/* Scans so far. */
static struct {
    uint32_t number;        /* of the last one that was begun */
    uint32_t epoch;         /* how many were begun; record_epoch is made of it */
    uint32_t birth_end[2];  /* by generation g: serial at the last scan of g or more */
    uint32_t epoch_then[2]; /* the same: epoch behind it */
    unsigned since[2];      /* for schedule_generation() */
    uint64_t old_then;      /* objects of generation 2 behind the last full scan */
    int64_t at_us;          /* when the last one was begun */
    struct outcome *last;   /* of the last one that succeeded; NULL: none */
    uint64_t skipped;
} scans;
static long stats[GENERATIONS][3];

void generations_start(void) {
    scans.birth_end[0] = scans.birth_end[1] = 1;
}

/* Objects are born in the epoch behind this one from now on. */
static void move_epoch(uint32_t epoch) {
    scans.epoch = epoch + 1;
    record_epoch = (uint8_t)(1 + scans.epoch % HEAP_EPOCHS);
}

void generations_after_fork(void) {
    if (scans.last)
        pages_unshare(scans.last);
    uint32_t epoch = scans.epoch;
    memset(&scans, 0, sizeof scans);
    memset(stats, 0, sizeof stats);
    scans.birth_end[0] = scans.birth_end[1] = record_next_serial();
    move_epoch(epoch);
    scans.epoch_then[0] = scans.epoch_then[1] = scans.epoch;
}

/* ---- counts ---- */

int generations_are_due(const struct schedule *schedule) {
    return schedule_is_due(schedule, net_objects - scanned_objects, net_bytes - scanned_bytes,
                           scans.at_us ? scans.at_us : process.start_us);
}

void generations_add_up(struct thread_state *state) {
    atomic_fetch_add(&net_objects, thread_own_net_objects(state));
    atomic_fetch_add(&net_bytes, state->net_bytes);
    state->ids_then = state->id_count;
    state->net_bytes = 0;
}

uint64_t generations_objects(void) {
    int64_t objects = atomic_load(&net_objects) + thread_net_objects();
    return objects > 0 ? (uint64_t)objects : 0;
}

void generations_counts(long counts[3]) {
    counts[0] = (long)(net_objects - scanned_objects);
    counts[1] = scans.since[0];
    counts[2] = scans.since[1];
}

void generations_stats(long out[GENERATIONS][3]) {
    memcpy(out, stats, sizeof stats);
}

/* ---- a scan ---- */

void generations_describe(struct scan_input *in) {
    in->skipped = scans.skipped;
    in->young.history = scans.last ? &scans.last->history : NULL;
    in->young.birth_from = scans.birth_end[0];
    in->middle_from = scans.birth_end[1];
    in->lingering = scans.last ? &scans.last->lingering : NULL;
    in->grown = scans.last ? &scans.last->grown : NULL;
    in->confirmed = scans.last ? &scans.last->confirmed : NULL;
    in->entry = (struct scan_entry){
        .number = scans.number + 1,
        .generation = GENERATIONS - 1,
        .at_us = clock_us() - process.start_us,
        .birth_end = record_next_serial(),
    };
}

int generations_aim_since_fork(struct scan_input *in) {
    if (scans.last)
        return -1;
    in->young.epoch = record_epoch;
    in->young.epochs_back = scans.epoch - scans.epoch_then[0];
    return 0;
}

void generations_aim(struct scan_input *in, unsigned generation) {
    in->entry.generation = scans.last && generation < GENERATIONS - 1 ? generation : GENERATIONS - 1;
    if (in->entry.generation == GENERATIONS - 1)
        return;
    in->young.birth_from = scans.birth_end[generation];
    in->young.epoch = record_epoch;
    in->young.epochs_back = scans.epoch - scans.epoch_then[generation] + 1; /* one more for a hook under way */
}

void generations_turn(const struct scan_input *in) {
    scans.number = in->entry.number;
    scans.at_us = clock_us();
    move_epoch(scans.epoch);
    scanned_objects = net_objects;
    scanned_bytes = net_bytes;
}

static long lost_objects(const struct verdicts *verdicts) {
    const struct tally *tally = verdicts->tally;
    return (long)(tally[KIND_LOST].objects + tally[KIND_LOST_INDIRECT].objects + tally[KIND_CYCLE].objects);
}

/* What the scan has come to, for the program to know. returns whether somebody wants to */
static int count_scan(const struct snapshot *done) {
    const struct history *now = &done->outcome->history;
    struct history_counts before = scans.last ? scans.last->history.counts : (struct history_counts){0};
    const struct scan_entry *entry = &now->scans[now->scan_count - 1];
    struct castaway_scan scan = {
        .number = done->entry.number,
        .generation = (int)done->entry.generation,
        .found = (long)(now->counts.suspects - before.suspects),
        .uncollectable = (long)(now->counts.confirmed - before.confirmed),
        .lost = lost_objects(&done->outcome->confirmed),
        .pause_us = entry->pause_us,
        .scan_us = entry->scan_us,
    };
    stats[scan.generation][0]++;
    stats[scan.generation][1] += scan.found;
    stats[scan.generation][2] += scan.uncollectable;
    return told_note(&scan);
}

int generations_adopt(const struct snapshot *done) {
    unsigned generation = done->entry.generation;
    int is_awaited = count_scan(done);
    pages_unshare(scans.last);
    scans.last = done->outcome;
    dirty_forget(generation);
    for (unsigned g = 0; g < 2 && g <= generation; g++) {
        scans.birth_end[g] = done->entry.birth_end;
        scans.epoch_then[g] = scans.epoch;
    }
    scans.since[0] = generation ? 0 : scans.since[0] + 1;
    scans.since[1] = generation == 2 ? 0 : scans.since[1] + (generation == 1);
    if (generation == 2)
        scans.old_then = done->outcome->history.objects[2];
    return is_awaited;
}

void generations_skip(void) {
    scans.skipped++;
}

unsigned generations_next(const struct schedule *schedule) {
    uint64_t old = scans.last ? scans.last->history.objects[2] : 0;
    return schedule_generation(schedule, scans.since, scans.old_then, old > scans.old_then ? old - scans.old_then : 0);
}

/* ---- what is asked ---- */

struct scans_so_far generations_so_far(void) {
    return (struct scans_so_far){
        .number = scans.number,
        .skipped = scans.skipped,
        .suspects = scans.last ? scans.last->history.counts.suspects : 0,
    };
}

long generations_lost(void) {
    return scans.last ? lost_objects(&scans.last->confirmed) : 0;
}

struct scope_outcome generations_scope(void) {
    return scans.last ? scans.last->scope : (struct scope_outcome){.findings = -1};
}
