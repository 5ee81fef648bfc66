/* ids.h - ids of records that no object has. */
#ifndef CASTAWAY_PRELOAD_IDS_H
#define CASTAWAY_PRELOAD_IDS_H

#include "thread.h"

/* The thread has no id left: some that were given back, or new ones. returns 0, or -1: no memory. context: hook, busy */
int ids_refill(struct thread_state *state);

/* `count` ids that were never used, [id, id + count). returns 0: no memory, or there are no more. context: any */
object_id ids_fresh(uint32_t count);
uint32_t ids_end(void); /* every id is below this */

/* Slow part of ids_give_back(): some that are at hand go elsewhere. */
void ids_spill(struct thread_state *state);
/* Its record is nobody's; the size in it is still to be taken off the thread's bytes. context: hook, busy */
static inline void ids_give_back(struct thread_state *state, object_id id) {
    if (state->id_count == THREAD_IDS)
        ids_spill(state);
    state->ids[state->id_count++] = id;
}
/* The same of a signal handler that interrupted a hook. context: any */
void ids_defer(object_id id);

/* The bytes of what this thread freed last no longer count among its net_bytes. A birth takes the old size off that stands in
 * its record (0 once it was counted): the record is in the cache then, while waiting for it would be much of what a free
 * costs. context: hook, busy */
void ids_settle(struct thread_state *state);

void ids_forget_all(void); /* context: as record_forget_all() */

#endif
