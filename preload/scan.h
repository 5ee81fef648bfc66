/* scan.h - one search of a frozen heap, from root to recording. */
#ifndef CASTAWAY_PRELOAD_SCAN_H
#define CASTAWAY_PRELOAD_SCAN_H

#include "analysis/cast.h"
#include "roots.h"

struct scan_input {
    const struct process_facts *facts;
    const struct stopped *stopped;
    const struct callee_saved *here;
    const ucontext_t *here_interrupted; /* roots.h */
    uintptr_t here_thread_pointer;
    int exit_status;
    double start_seconds;
    int64_t stop_begun_us;  /* monotonic */
    int pid, parent_pid;    /* the program's: the child has another */
    int file;               /* descriptor that takes the recording */
    int in_process;         /* no snapshot could be made */
    const char *bad_option; /* key of CASTAWAY_OPTIONS that was ignored, or NULL */
    uintptr_t pointer_mask; /* heap.h */
    int unaligned;
    const char *pools; /* options.h */
    int own_malloc;
};

/* Search the heap of this (frozen) process and write the recording.
 * returns  0; negative errno when nothing trustworthy could be written
 * context  snapshot child, or the program itself at exit with all threads stopped */
int scan_run(const struct scan_input *in);

/* A recording that says only that the scan failed. */
int scan_write_failure(const struct scan_input *in, const char *why);

int64_t scan_now_us(void);
double scan_wall_seconds(void);

#endif
