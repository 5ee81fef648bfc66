/* rights.h - a program that gives up its user, its root or its system calls must still leave its recording, or say so. */
#ifndef CASTAWAY_PRELOAD_RIGHTS_H
#define CASTAWAY_PRELOAD_RIGHTS_H

#include <stddef.h>
#include <sys/types.h>

enum { RIGHTS_PLACES = 4, RIGHTS_NO_PLACE = -1 };

/* Where a recording may be created, in the order to be tried: 0 is the folder of `castaway run` itself.
 * folder   receives a path relative to the returned descriptor
 * returns  a descriptor for openat (not to be closed), or RIGHTS_NO_PLACE: there is no such place. context: any */
int rights_place(int which, const char *dir, char *folder, size_t folder_bytes);

/* At the start, and in a child of fork, to know children that share the program's memory from those that do not. */
void rights_start(void);
void rights_after_fork(void);

/* Call before the program becomes `user`, before it gets another root or another namespace of files. In other namespaces all
 * is where it was, and a program may look whether it has folders open there (Chromium does). */
void rights_before_user(uid_t user);
void rights_before_root(void);

/* Before a child is made that has such a namespace of its own, and in that child. */
void rights_before_namespace(void);
void rights_in_namespace(void);

/* Before it forbids itself to open files (Landlock). */
void rights_before_files(void);

/* The recordings' folder, if it was opened for one of these and is open still; else -1. Not to be closed. */
int rights_folder(void);

/* Call before it gives itself a seccomp mode, SECCOMP_MODE_...: the recording has to be written while that is possible. */
struct sock_fprog;
void rights_before_mode(unsigned long mode, const struct sock_fprog *program);

/* Has the process this right, CAP_...? context: any */
int rights_have(unsigned capability);

/* It has another root than `castaway run`, or may have: a path that is not there says nothing. */
extern int rights_elsewhere;

/* Has it, or is it known at all that it has the same files? Also for a process that was begun elsewhere. context: any */
int rights_sees_others(void);

/* The program allows itself too few system calls for a scan: none must be tried, it would die of it. */
extern int rights_confined;

/* The program filters its own system calls: those that a scan can do without must not be tried. */
extern int rights_filtered;

/* Does no filter of the program's kill for this call? For those that seccomp.c lists; of others nothing is known when there
 * is a filter, and 0 is the answer. context: any */
int rights_may_call(int call);

/* It forbids itself what scans while it runs need: there are none any more, nor in a child that it forks. */
extern int rights_unscanned;

/* Castaway in a program that is started now might die of the filter. */
extern int rights_unfollowed;

#endif
