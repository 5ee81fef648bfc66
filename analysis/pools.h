/* pools.h - allocators that hide objects in pools of their own, and the variable that makes each ask malloc instead.
 *
 * Shared by the tool, which sets them in what it runs, and the library, which says so where it mattered. */
#ifndef CASTAWAY_ANALYSIS_POOLS_H
#define CASTAWAY_ANALYSIS_POOLS_H

/* One line here is one switch: variable, value, and what the file name of a module that reads it contains.
 * Sources: GLib, "Running GLib Applications"; CPython, "Command line and environment"; PHP, Zend/zend_alloc.c;
 * GStreamer takes its slices from GLib; NSS, "NSS environment variables" */
#define POOL_SWITCHES(X)                                                                                               \
    X("G_SLICE", "always-malloc", "libglib-2.0")                                                                       \
    X("PYTHONMALLOC", "malloc", "python3")                                                                             \
    X("USE_ZEND_ALLOC", "0", "php")                                                                                    \
    X("NSS_DISABLE_ARENA_FREE_LIST", "1", "libnss3")

#endif
