/* castaway.h - for programs that want to know about castaway. They need no library and no option to the linker.
 *
 * castaway finds heap objects that a running program can no longer reach. It works on unmodified programs; nothing here
 * has to be called. The names below are weak: they are there when libcastaway.so is preloaded (`castaway PROGRAM`),
 * and the inline functions answer for it when it is not. */
#ifndef CASTAWAY_H
#define CASTAWAY_H

#define CASTAWAY_VERSION_MAJOR 0
#define CASTAWAY_VERSION_MINOR 1
#define CASTAWAY_VERSION_PATCH 0
/* One number that grows with the version, for #if. */
#define CASTAWAY_VERSION_NUMBER                                                                                        \
    (CASTAWAY_VERSION_MAJOR * 10000 + CASTAWAY_VERSION_MINOR * 100 + CASTAWAY_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

/* Exported by libcastaway.so: 1 while it records this process's objects, else 0. Call castaway_is_active() instead. */
extern int castaway_active(void) __attribute__((weak));

/* Whether castaway records this process's objects: 1 or 0.
 *
 * context  any; signal-safe
 * note     code that is built with -fno-pic gets 0 always: a weak name that no library defines is fixed when linking */
static inline int castaway_is_active(void) {
    return castaway_active ? castaway_active() : 0;
}

#ifdef __cplusplus
}
#endif
#endif
