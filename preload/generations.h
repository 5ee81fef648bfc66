/* generations.h - what the scans so far have come to, and so what the next one looks at. */
#ifndef CASTAWAY_PRELOAD_GENERATIONS_H
#define CASTAWAY_PRELOAD_GENERATIONS_H

#include <stdint.h>

#include "scan.h"
#include "schedule.h"
#include "scope.h"
#include "snapshot.h"
#include "thread.h"

void generations_start(void);
void generations_after_fork(void);

/* ---- births and deaths ---- */

/* A thread's counts are everybody's from now on. context: hook, busy */
void generations_add_up(struct thread_state *state);

/* Objects that are alive; those that signal handlers made or freed while they interrupted a hook are not told apart.
 * context: all threads stopped */
uint64_t generations_objects(void);

/* Births less deaths since the last scan, young scans since one of generation 1, those since a full one; as in Python,
 * gc.get_count(). */
void generations_counts(long counts[3]);

int generations_are_due(const struct schedule *schedule);

/* The oldest one that a scan by schedule looks at now. */
unsigned generations_next(const struct schedule *schedule);

/* ---- a scan, one after another. context: any, one caller at a time ---- */

/* What it takes over, and what a full one looks at. */
void generations_describe(struct scan_input *in);

/* It looks at this generation and the younger ones. The first one looks at everything. */
void generations_aim(struct scan_input *in, unsigned generation);

/* In a forked child: what was born since the fork is young. Sets in->young but for its births.
 * returns  0, or -1: there was a scan since, which knows more */
int generations_aim_since_fork(struct scan_input *in);

/* It was begun: objects born from now on belong to the next one. */
void generations_turn(const struct scan_input *in);

/* It succeeded: what it looked at is a generation older now. Its outcome is ours from then on.
 * returns whether the program is to be told (told.h) */
int generations_adopt(const struct snapshot *done);

/* It failed, or could not be made. */
void generations_skip(void);

/* ---- what is asked ---- */

struct scans_so_far {
    uint32_t number;   /* of the last one that was begun */
    uint64_t skipped;  /* scans */
    uint64_t suspects; /* objects that they found, up to the last one that succeeded */
};
struct scans_so_far generations_so_far(void);

/* By generation: scans, objects that they found, those that they made findings. */
void generations_stats(long stats[GENERATIONS][3]);

/* Unreachable objects that the last scan counted as findings. */
long generations_lost(void);

/* What the scope that ended with the last scan has come to. */
struct scope_outcome generations_scope(void);

#endif
