/* modes.h - a program with several behaviours, named by its first argument, on a stack that keeps nothing of them. */
#ifndef CASTAWAY_TESTS_REFS_MODES_H
#define CASTAWAY_TESTS_REFS_MODES_H

#include <stddef.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
#define OPAQUE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

struct mode {
    const char *name;
    void (*run)(void);
};

NOINLINE static void forget(void) {
    char bytes[16384];
    memset(bytes, 0, sizeof bytes);
    OPAQUE(bytes);
}

/* Run the mode that is asked for. returns  the exit status: 0, or 2 when there is none of that name */
static inline int mode_run(const struct mode *modes, size_t count, char **arguments) {
    for (size_t i = 0; i < count; i++)
        if (arguments[1] && strcmp(arguments[1], modes[i].name) == 0) {
            modes[i].run();
            forget();
            return 0;
        }
    return 2;
}

#endif
