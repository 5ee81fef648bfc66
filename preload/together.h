/* together.h - recordings of small processes go into one file of them all: to make a file takes longer than such a process
 * runs, on some file systems. */
#ifndef CASTAWAY_PRELOAD_TOGETHER_H
#define CASTAWAY_PRELOAD_TOGETHER_H

#include <stddef.h>

/* May a recording of this process go there? The last one, when it is small, and nothing of the process lies elsewhere; not
 * that of the program itself: it can be the only one. Any, if that is the only place which the process has (handed.h). */
int together_suits(int is_end);

/* Add the recording behind `file`.
 *
 * returns  0; -ENOENT: the folder is gone; another negative errno: nothing was added, and it may have a file of its own
 * context  all threads stopped; waits for others that add theirs, but not for long */
int together_add(int file);

/* A line of the list of unwatched programs, where it is the only place. returns 0, or another number: it isn't, or failed */
int together_add_line(const char *line, size_t bytes);

#endif
