/* let_in.h - waits that let in signals which are blocked else: whether one of the program's has ended such a wait. */
#ifndef CASTAWAY_PRELOAD_LET_IN_H
#define CASTAWAY_PRELOAD_LET_IN_H

#include <signal.h>

/* Nobody sends this one. It is blocked around such a wait and let in there. */
enum { LET_IN_SIGNAL = SIGSTKFLT };

/* What such a wait is called with, instead of `mask`. */
struct let_in {
    const sigset_t *mask;
    sigset_t changed;
    int was_open; /* the signal was not blocked before */
};

/* The program handles signals: a wait without a mask may be ended by one, too. context: any */
void let_in_expect(void);
/* Are waits without a mask made with one? Then let_in_begins() gives it. context: hook */
int let_in_without_mask(void);

/* mask: the program's, NULL where it lets in none. errno stays. context: hook */
void let_in_begins(struct let_in *wait, const sigset_t *mask);
void let_in_ends(const struct let_in *wait);

/* For a handler that found a system call broken off: has it come to its end, after a handler of the program's ran?
 * before  the mask that the thread has behind our handler
 * now     the mask at our handler's first step */
int let_in_has_ended(unsigned long before, unsigned long now);

#endif
