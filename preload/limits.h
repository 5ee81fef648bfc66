/* limits.h - a program that limits itself limits the check at its end only as far as may be. */
#ifndef CASTAWAY_PRELOAD_LIMITS_H
#define CASTAWAY_PRELOAD_LIMITS_H

/* Where the process is started with a limit on its address space: keep some of it for the end. context: constructor */
void limits_reserve(void);
void limits_spend(void); /* the end has come */

/* As far up as the process may. context: any */
void limit_lift(int resource);
/* All of those that stand in the way of a scan. For snapshot children. */
void limits_lift(void);

/* What is started now inherits the limits: make them what the program thinks that they are. context: any, also in a child
 * that shares the program's memory */
void limits_settle(void);

#endif
