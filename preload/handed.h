/* handed.h - a program that is started in another root or namespace is given a file for its recording. */
#ifndef CASTAWAY_PRELOAD_HANDED_H
#define CASTAWAY_PRELOAD_HANDED_H

/* Before a program is started: a descriptor that it may inherit, to be closed by handed_close() when that is over.
 * returns  -1: it needs none, or there is none. context: any; descriptors may be those of a child that has our memory */
int handed_open(void);
void handed_close(int file);

/* May the next program need one? */
int handed_is_due(void);

/* At the start of a program that was given `file`: from now on it is kept as ours (descriptor.c). */
void handed_take(int file);

/* The program will not be able to open files: open one for it. */
void handed_keep(void);

/* The file that this process was given, or kept, for analysis/together.h; -1: none, or the program has closed it. */
int handed_file(void);

#endif
