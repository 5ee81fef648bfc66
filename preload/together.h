/* together.h - recordings of small processes go into one file of them all: to make a file takes longer than such a process
 * runs, on some file systems. */
#ifndef CASTAWAY_PRELOAD_TOGETHER_H
#define CASTAWAY_PRELOAD_TOGETHER_H

/* May the last recording of this process go there? It is small then, and nothing of the process lies elsewhere. Not that of
 * the program itself: it can be the only one. context: the end of the process */
int together_suits(void);

/* Add the recording behind `file`.
 *
 * returns  0; -ENOENT: the folder is gone; another negative errno: nothing was added, and it may have a file of its own
 * context  all threads stopped; waits for others that add theirs, but not for long */
int together_add(int file);

#endif
