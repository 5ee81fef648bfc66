/* attendant.h - the thread that our signals are sent to, and the timer that sends them. */
#ifndef CASTAWAY_PRELOAD_ATTENDANT_H
#define CASTAWAY_PRELOAD_ATTENDANT_H

#include <signal.h>
#include <stdint.h>

/* The main thread attends from now on. The first tick comes in `first_us` microseconds (0: there are none), others each
 * `every_us` after it (0: none). context: constructor, and a forked child; the handler is installed */
void attendant_begin(int64_t first_us, int64_t every_us);
void attendant_end(void);
void attendant_after_fork(void); /* the timer is the parent's */

int attendant_thread(void);

/* The calling thread ends, the process does not: another one attends.
 * returns  1, or 0: the calling thread did not attend. context: busy */
int attendant_thread_ends(void);

/* Send the signal to the thread that attends. context: any */
void attendant_send(void);
int attendant_is_timer(const siginfo_t *info); /* the signal came from our timer */

/* The next signal comes with the next tick; or, with `polls`, earlier, to see whether a child is done. */
void attendant_arm(int polls);
void attendant_arm_soon(void); /* in two milliseconds */
/* How often to look for the end of a child: often at first, then twice as seldom each time. */
void attendant_poll_often(void);
void attendant_poll_seldom(void);

/* Is a tick over? Then the next one is set; those that were missed are not made up for. context: one thread at a time */
int attendant_tick_over(void);
int attendant_has_ticks(void);
int attendant_is_late(void); /* a tick's signal was lost */

#endif
