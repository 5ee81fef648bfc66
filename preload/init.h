/* init.h - castaway's start in a process, and what it learnt there. */
#ifndef CASTAWAY_PRELOAD_INIT_H
#define CASTAWAY_PRELOAD_INIT_H

#include "analysis/reason.h"
#include "options.h"
#include "roots.h"

struct process {
    struct process_facts facts;
    struct options options;
    int pid;
    int started;           /* the constructor has run */
    int is_forked;         /* in another process, of which this one is a copy */
    int own_malloc;        /* the program's malloc is not ours */
    double start_seconds;  /* Unix time */
    int64_t start_us;      /* monotonic */
    char **environment;    /* as the process was started */
    struct range exits[4]; /* functions that end the process: the program's own frames begin above them */
    size_t exit_count;
    struct range start; /* the function of libc that sees to it that main is called; empty: not known */
};
extern struct process process;

/* The first allocation, or the constructor: find the real functions, begin to record. Does nothing the second time, nor
 * when called from within itself. */
void start_recording(void);

/* A forked child: another process, with its own scan at its end. */
void process_after_fork(void);

/* Search the heap once, now, as the process ends with `status`.
 * returns  the status that it should end with
 * context  exit handler, or a wrapper of _exit; does nothing in a vfork child or the second time */
int exit_scan(int status);
/* The same for the signal that is about to end it, which interrupted `context`. context: signal handler */
void exit_scan_signal(int signal, const ucontext_t *context);
/* The process is about to become another program (exec): a recording of what it was. A forked child leaves none: what it
 * drops on its way to an exec is its parent's affair. Nor does a process without `castaway run`.
 * returns  whether there is one, and exec_scan_undo() is to be called when the exec fails. context: cold */
int exec_scan(void);
void exec_scan_undo(void);
/* The program is short of memory, and the last scan may find none: a recording of what there is now, for when no better one
 * follows. Nothing without `castaway run`. context: hook, busy once */
void exit_scan_before_giving(void);
void exit_forget_stack(void); /* the tables go, and with them the stack that scans run on */
/* No scan can be made at the end: leave a recording that says why, now. */
void exit_scan_give_up(enum reason why);
void exit_after_fork(void);

/* Has the program a malloc of its own? By where it lies: our own name for it may stand for the program's.
 * context: recording, outside of allocators */
int init_has_own_malloc(void);

/* A variable as the process was started with it; NULL: it was not set. */
const char *init_environment(const char *name);

#endif
