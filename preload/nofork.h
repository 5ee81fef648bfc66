/* nofork.h - memory that the program keeps from its children (MADV_DONTFORK), and that a snapshot must see all the same. */
#ifndef CASTAWAY_PRELOAD_NOFORK_H
#define CASTAWAY_PRELOAD_NOFORK_H

/* Find out where such memory is. Does nothing in a program that never asked for it. context: before threads are stopped */
void nofork_look(void);
/* Around the clone: let it be copied, and keep it from children again. context: all threads stopped */
void nofork_lift(void);
void nofork_restore(void);

#endif
