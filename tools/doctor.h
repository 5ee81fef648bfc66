/* doctor.h - what will and won't work: findings about this machine and about a program, each with its remedy. */
#ifndef CASTAWAY_TOOLS_DOCTOR_H
#define CASTAWAY_TOOLS_DOCTOR_H

#include "pool.h"

#include <stdbool.h>
#include <stddef.h>

/* The word behind the verb that makes a castaway the trial program. */
#define DOCTOR_TRIAL "--trial"

enum verdict { FINE, LIMITED, FAILS };

struct diagnosis {
    enum verdict verdict;
    const char *about, *found;
    const char *remedy; /* NULL: none is needed, or there is none */
};
struct doctor {
    struct pool *pool;
    struct diagnosis *diagnoses;
    size_t count, capacity;
};

void doctor_say(struct doctor *, enum verdict, const char *about, const char *found, const char *remedy);

/* doctor_machine.c: run trial programs of our own, and ask the system. */
void doctor_machine(struct doctor *);
/* What a trial program does: lose an object, and live long enough to be scanned. Its exit status. */
int doctor_trial(void);

/* doctor_program.c: look at the file that `command` names; it is not run. */
void doctor_program(struct doctor *, const char *command);

#endif
