/* reason.h - why something was not done: a code inside the program, a text in its recording.
 *
 * What is preloaded says no sentence of its own; it hands on a code, and the text comes in as a note's detail. */
#ifndef CASTAWAY_ANALYSIS_REASON_H
#define CASTAWAY_ANALYSIS_REASON_H

/* One line here is one reason: enumerator, text for a person. */
#define REASONS(X)                                                                                                     \
    /* there is no scan */                                                                                             \
    X(NO_MEMORY, "no memory")                                                                                          \
    X(THREADS_NOT_HELD, "threads could not be held off")                                                               \
    X(THREADS_NOT_STOPPED, "threads could not be stopped")                                                             \
    X(THREAD_TOO_SLOW, "a thread did not stop in time")                                                                \
    X(NO_SNAPSHOT, "no snapshot could be made")                                                                        \
    X(NO_SNAPSHOT_NO_MEMORY, "no snapshot, and not enough memory to search in the program itself")                     \
    X(SEARCH_FAILED, "not enough memory, or /proc can't be read")                                                      \
    X(SEARCH_KILLED, "the searching process was killed by a signal")                                                   \
    X(GAVE_WAY, "recording was given up: the program needed the memory, of which there is a limit")                    \
    X(CALLS_FORBIDDEN, "the program forbade itself (seccomp) the system calls that a scan needs")                      \
    /* counts are not read */                                                                                          \
    X(PYTHON_UNKNOWN, "this Python is not 3.11: its objects were not told apart")                                      \
    X(PYTHON_ARENAS, "Python keeps its objects in arenas of its own: set PYTHONMALLOC=malloc to see them")             \
    X(GOBJECT_UNKNOWN,                                                                                                 \
      "GObject's types are laid out in a way that is not known here: its objects were not told apart")                 \
    /* a rule about objects does not fit: `it: that ...` */                                                            \
    X(LAYOUT_NO_FUNCTION, "no module has that function")                                                               \
    X(LAYOUT_NO_OBJECT, "no such object")                                                                              \
    X(LAYOUT_TOO_SMALL, "that is beyond the end of objects")                                                           \
    X(LAYOUT_UNALIGNED, "that is at no multiple of its bytes")                                                         \
    X(LAYOUT_UNREADABLE, "that can't be read")                                                                         \
    X(LAYOUT_NO_COUNT, "no count stands there (a number from 1 to 268435456)")                                         \
    /* the words of --refs, or a profile, are of no use */                                                             \
    X(WORDS_UNREADABLE, "can't be read")                                                                               \
    X(WORDS_TOO_MANY, "too many functions")                                                                            \
    /* a function is not patched */                                                                                    \
    X(PATCH_NO_STUBS, "this machine has no stubs")                                                                     \
    X(PATCH_NO_DECODER, "libZydis can't be loaded")                                                                    \
    X(PATCH_NO_XSAVE, "this processor has no xsave")                                                                   \
    X(PATCH_NO_SIZE, "its size is not known")                                                                          \
    X(PATCH_NOT_ALONE, "its library was loaded beside other threads")                                                  \
    X(PATCH_NOT_MOVABLE, "it begins with what can't be moved")                                                         \
    X(PATCH_TOO_FAR, "it refers to what is too far from a free page")                                                  \
    X(PATCH_TOO_SHORT, "it is too short, or no code")                                                                  \
    X(PATCH_JUMPED_INTO, "code jumps to its beginning")                                                                \
    X(PATCH_NO_PAGE, "there is no free page near it")                                                                  \
    X(PATCH_NO_ROOM, "there is no room for it")                                                                        \
    X(PATCH_FORBIDDEN, "the system forbids it")

enum reason {
    REASON_NONE, /* nothing is wrong, or nothing more is known */
#define X(name, text) REASON_##name,
    REASONS(X)
#undef X
        REASON_COUNT
};

/* Borrowed, for ever; NULL for REASON_NONE. context: any */
const char *reason_text(enum reason);

#endif
