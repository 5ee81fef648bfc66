/* unwatched.h - why a program that another one starts has no castaway in it.
 *
 * Shared by the library, which lists such programs in the folder of `castaway run`, and the tool, which tells of them. */
#ifndef CASTAWAY_ANALYSIS_UNWATCHED_H
#define CASTAWAY_ANALYSIS_UNWATCHED_H

/* One line here is one reason: enumerator, word in the list, words for a person. */
#define UNWATCHED(X)                                                                                                   \
    X(STATIC, "static", "static")                                                                                      \
    X(RIGHTS, "rights", "set-user-ID or the like")                                                                     \
    X(OTHER_MACHINE, "machine", "for another architecture")                                                            \
    X(MUSL, "musl", "built for musl")                                                                                  \
    X(SANITIZER, "sanitizer", "built with a sanitizer that has an allocator of its own")                               \
    X(OUT_OF_REACH, "out-of-reach", "another root, without libcastaway.so in it")                                      \
    X(FILTERED, "filtered", "started behind a seccomp filter that kills")                                              \
    X(UNWANTED, "unwanted", "LD_PRELOAD= keeps castaway out")

enum unwatched {
#define X(name, word, text) UNWATCHED_##name,
    UNWATCHED(X)
#undef X
        UNWATCHED_COUNT,
    WATCHED = UNWATCHED_COUNT
};

/* The list: lines `WORD PID PATH`. One with UNWATCHED_UNDO before it takes an equal one back: the exec failed. */
#define UNWATCHED_LIST "unwatched"
#define UNWATCHED_UNDO '-'

#endif
