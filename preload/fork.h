/* fork.h - what is done around every fork of the program. */
#ifndef CASTAWAY_PRELOAD_FORK_H
#define CASTAWAY_PRELOAD_FORK_H

/* From here on fork() does all below by itself. */
void fork_init(void);

/* Was that done? Where castaway stands aside, and before our constructor, a fork is the program's own affair. */
int fork_is_ours(void);

/* Around a fork that libc's own does not make, and that is ours: before it, and behind it in each of the two. */
void fork_before(void);
void fork_in_parent(void);
void fork_in_child(void);

#endif
