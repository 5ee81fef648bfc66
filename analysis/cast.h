/* cast.h - the recording (`.cast`): JSON Lines, written by the snapshot child without malloc.
 *
 * The format is described field by field in README.md, "Recording". */
#ifndef CASTAWAY_ANALYSIS_CAST_H
#define CASTAWAY_ANALYSIS_CAST_H

#include "dominators.h"
#include "growth.h"
#include "path.h"
#include "lingering.h"
#include "verdict.h"

#define CAST_FORMAT "castaway"
enum { CAST_VERSION = 1, CAST_FRAMES_MAX = 64 };

/* Limits on trust, one line here is one note everywhere: enumerator, code in files, text for a person (%s: detail). */
#define NOTES(X)                                                                                                       \
    X(NOT_RECORDED, "not-recorded", "allocations that castaway had no memory to record")                               \
    X(GAVE_WAY, "gave-way",                                                                                            \
      "recording was given up: the program needed the memory, of which there is a limit; this is the scan of then")    \
    X(NO_STACK, "no-stack", "allocations recorded without a stack")                                                    \
    X(STACK_CUT, "stack-cut", "allocation stacks that end where no unwind data was found")                             \
    X(THREAD_RUNNING, "thread-running", "threads that would not stop: their registers and stacks were not searched")   \
    X(OWN_MALLOC, "own-malloc", "the program brings its own malloc: its objects were not seen")                        \
    X(SCAN_FAILED, "scan-failed", "the scan did not finish")                                                           \
    X(IN_PROCESS, "in-process", "no snapshot could be made: scanned in the program itself")                            \
    X(ROOTS_UNREADABLE, "roots-unreadable", "memory that could not be searched for roots")                             \
    X(INHERITED, "inherited", "objects that the parent process made before the fork: not judged here")                 \
    X(TURNED_OFF, "turned-off", "the check is turned off, by LSAN_OPTIONS or by the program (__lsan_is_turned_off)")   \
    X(BAD_OPTION, "bad-option", "an unknown or wrong key in CASTAWAY_OPTIONS was ignored")                             \
    X(POOL_OFF, "pool-off", "variable set so that objects come from malloc and not from a pool (--keep-pools: not)")   \
    X(NEXT_ALLOCATOR, "allocator", "the allocator in use is not glibc's")                                              \
    X(WRITTEN_PAGES, "written-pages", "how the pages written between scans were found")                                \
    X(METHOD_MISSING, "method-missing", "a way to find written pages that was asked for and can't be had here")        \
    X(LINGERING, "lingering", "objects held only by words on stacks that no full scan has seen change of late")        \
    X(SCANS_SKIPPED, "scans-skipped", "scans that were due and not made")                                              \
    X(REFS_WRONG, "refs-wrong", "words of --refs or of a profile that could not be read: those before them hold")      \
    X(REFS_MISSING, "refs-missing", "functions of --refs that no library of the program has")                          \
    X(REFS_NOT_CALLED, "refs-not-called", "functions of --refs that no module calls from outside their library")       \
    X(REFS_NO_FUNCTION, "refs-no-function", "names of --refs or of a profile that are no functions")                   \
    X(REFS_NO_ROOM, "refs-no-room", "functions of --refs or of a profile for which there was no room")                 \
    X(REFS_READ_ONLY, "refs-read-only", "functions of which some calls were not counted: a page could not be changed") \
    X(REFS_PARTIAL, "refs-partial", "functions that could not be patched: calls inside their library are not counted") \
    X(REFS_DROPPED, "refs-dropped", "reference counts that changed and had no room to be kept")                        \
    X(REFS_LAYOUT, "refs-layout", "objects whose counts are not where a rule says")                                    \
    X(PROFILE_UNUSED, "profile-unused", "profiles of which the program uses no function")                              \
    X(SCOPE, "scope", "scopes that ended with objects lost in them")                                                   \
    X(BUSY, "busy", "a scan is under way: ask again")                                                                  \
    X(REFUSED, "refused", "the request was not understood")                                                            \
    X(PYTHON, "python", "Python's reference counts were not read")                                                     \
    X(GOBJECT, "gobject", "GObject's reference counts were not read")                                                  \
    X(NO_SUCH_OBJECT, "no-such-object", "no live object has that address")                                             \
    X(NOT_REACHED, "not-reached", "no root reaches the object")

enum note_code {
#define X(name, code, text) NOTE_##name,
    NOTES(X)
#undef X
        NOTE_COUNT
};

/* Where the bytes go. `write` gets consecutive pieces; it returns 0 or a negative errno, which ends the writing. */
struct cast_sink {
    int (*write)(void *context, const void *bytes, size_t count);
    void *context;
    int error; /* first error; later calls do nothing */
    size_t fill;
    char buffer[16384];
};

struct cast_header {
    const char *tool_version;
    int pid, parent_pid;
    const char *cmdline; /* arguments, each ended by NUL, as in /proc/self/cmdline */
    size_t cmdline_bytes;
    const char *executable;            /* path */
    int replaced;                      /* 1: the process goes on, as another program (exec) */
    int exit_status;                   /* what the program passed to exit() */
    double start_seconds, end_seconds; /* Unix time */
};
struct cast_module {
    const char *path; /* bytes as the kernel gives them: hostile until escaped */
    const unsigned char *build_id;
    size_t build_id_bytes;
    uintptr_t bias; /* load address minus link-time address */
};
struct cast_frame {
    uint32_t module; /* UINT32_MAX: in no module, then `offset` is an absolute address */
    uint32_t exact;  /* 1: the very instruction (interrupted by a signal); 0: a return address */
    uint64_t offset; /* address minus the module's bias: a link-time address */
};
struct cast_scan {
    uint32_t number;     /* from 1; the exit scan is the last */
    unsigned generation; /* 2: all */
    unsigned threads;
    int64_t at_us; /* since recording began */
    uint64_t pause_us, mark_us, scan_us, root_bytes;
    uint64_t objects_scanned, bytes_read;
};
/* How castaway fares in this process: stands in every recording, and is the answer to `castaway status`. */
struct cast_status {
    int64_t recorded_us;
    const struct history *history;
    uint64_t objects[GENERATIONS], bytes[GENERATIONS];
    struct spread pause_us, scan_us[GENERATIONS];
    const char *dirty_pages, *stop, *snapshot; /* the methods in use */
};
/* Where a path begins. */
struct cast_root {
    const char *kind; /* "module", "stack", "registers", "mapping", "kernel", "ignored" */
    const char *name; /* of the thread or the mapping; may be NULL */
    int tid;          /* stack, registers */
    uint32_t module;  /* kind module: its number; else UINT32_MAX */
    uint64_t
        offset; /* module: link-time address of the word; stack: bytes above its pointer; mapping: from its start */
};
struct cast_population { /* live objects of a site, by generation */
    uint32_t site;
    uint64_t objects[GENERATIONS], bytes[GENERATIONS];
};

/* What one holder keeps alive alone. */
struct cast_retained {
    const struct cast_root *root; /* NULL: the finding, or with that -1 what several holders keep together */
    int64_t finding;              /* its place among the findings of this recording; -1: none */
    struct retained retained;
};

/* What was allocated while the program ran (preload/profile.h): of all sites, and of one. */
struct cast_profile {
    uint64_t objects, bytes, freed_objects, freed_bytes;
    uint64_t peak_objects, peak_bytes; /* that lived at once */
    int64_t peak_us;                   /* since recording began; when the peak was reached, to 1/64 of its height */
    uint64_t header_bytes;             /* that the allocator keeps beside each block, besides slack */
    uint64_t missed;                   /* births and deaths that were not counted */
};
struct cast_allocations {
    uint32_t site;
    uint64_t objects, bytes, freed_objects, freed_bytes;
    uint64_t peak_objects, peak_bytes;
    int64_t peak_us;
    uint64_t at_once;   /* objects freed before their thread made another one */
    uint64_t same_call; /* others, freed before the caller of the function that made them returned, within 64 births */
    uint64_t size_min, size_max, slack_bytes;
    uint64_t grown, moved_bytes; /* blocks that realloc made larger; bytes that it copied */
    uint64_t chain_max;          /* most growths of one block */
};

/* Weak slots that point at freed objects, those alike together. */
struct cast_dangling {
    uint32_t site;   /* where they were made weak */
    uint64_t slots;  /* how many */
    uint32_t holder; /* where the objects were made that they lie in; 0: in none, or not known */
    uint64_t offset; /* in those */
    uint32_t target; /* where the freed objects had been made; 0: not known */
};

/* What is known of the references of a finding's objects. */
struct cast_balance {
    uint32_t site;
    int64_t balance;
};
struct cast_refs {
    uint32_t finding; /* its place among the findings of this recording, from 0 */
    uint64_t objects; /* those whose references were counted */
    int64_t count;    /* references that they have, together */
    uint64_t dropped; /* changes without a stack */
    enum count_source source;
    const struct cast_balance *balances, *unmatched;
    size_t balance_count, unmatched_count;
    const uint32_t *break_sites; /* of the finding's breaks: the stack that took the reference; 0: not known */
    size_t break_count;
    const char *type, *finalizer; /* NULL: none was named */
};

void cast_header(struct cast_sink *, const struct cast_header *);
void cast_module(struct cast_sink *, uint32_t id, const struct cast_module *);
void cast_site(struct cast_sink *, uint32_t id, const struct cast_frame *frames, size_t count);
void cast_scan(struct cast_sink *, const struct cast_scan *, const struct verdicts *);
void cast_finding(struct cast_sink *, const struct finding *);
void cast_refs(struct cast_sink *, const struct cast_refs *);
void cast_status(struct cast_sink *, const struct cast_status *);
/* The scans that are still listed, when there are two or more. */
void cast_timeline(struct cast_sink *, const struct history *);
/* Path NULL: none is written. With steps in it, it begins at `root`; else that may be NULL. */
void cast_growth(struct cast_sink *, const struct growth *, const struct cast_root *, const struct path *);
void cast_dangling(struct cast_sink *, const struct cast_dangling *);
void cast_path(struct cast_sink *, uintptr_t target, const struct cast_root *, const struct path *);
void cast_population(struct cast_sink *, const struct cast_population *);
void cast_retained(struct cast_sink *, const struct cast_retained *);
void cast_profile(struct cast_sink *, const struct cast_profile *);
void cast_allocations(struct cast_sink *, const struct cast_allocations *);
/* What the program's own __lsan_default_options and __lsan_default_suppressions return; either may be NULL. */
void cast_defaults(struct cast_sink *, const char *options, const char *suppressions);
void cast_note(struct cast_sink *, enum note_code, uint64_t count, const char *detail); /* detail may be NULL */
void cast_lingering(struct cast_sink *, const struct lingering_site *);                 /* a note with a site */
int cast_end(struct cast_sink *); /* end line, flush; returns the first error or 0 */

#endif
