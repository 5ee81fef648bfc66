/* launch.h - an exec or a spawn as the program asked for it, and the list of those that can't be watched. */
#ifndef CASTAWAY_PRELOAD_LAUNCH_H
#define CASTAWAY_PRELOAD_LAUNCH_H

#include <spawn.h>
#include <stddef.h>
#include <sys/types.h>

#include "analysis/unwatched.h"

struct launch {
    int folder; /* as for openat, with path; "" as path: the file `folder` itself */
    const char *path;
    int is_searched; /* path is a name that libc looks up in PATH */
    char *const *arguments, *const *environment;
    int flags;    /* of execveat */
    pid_t *child; /* of a spawn; NULL: an exec */
    const posix_spawn_file_actions_t *actions;
    const posix_spawnattr_t *attributes;
    int (*run)(const struct launch *launch,
               char *const *environment); /* the call itself; an exec returns when it failed */
};

/* Is there an executable file for it? context: any */
int launch_is_found(const struct launch *launch);

/* Why its program is not watched, and which it is. */
struct unwatched_program {
    enum unwatched why;
    size_t path_bytes;
    char path[512];
};
/* library  path of our own file: it must be readable where the program is started
 * returns  out->why. context: any */
enum unwatched launch_judge(const struct launch *launch, const char *library, struct unwatched_program *out);

/* The same where it need not be looked at. */
enum unwatched launch_refuse(const struct launch *launch, enum unwatched why, struct unwatched_program *out);

/* Add it to the list in the folder of `castaway run`; undo: it has come to nothing. context: any */
void launch_list(const struct unwatched_program *program, int pid, int undo);
/* The same of this process, in which castaway does nothing. context: cold */
void launch_list_self(enum unwatched why);

#endif
