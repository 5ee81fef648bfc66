/* pools.h - allocators that hide objects in pools of their own, and the variable that makes each ask malloc instead.
 *
 * Shared by the tool, which sets them in what it runs, and the library, which says so where it mattered. */
#ifndef CASTAWAY_ANALYSIS_POOLS_H
#define CASTAWAY_ANALYSIS_POOLS_H

/* One line here is one switch.
 * Sources: GLib, "Running GLib Applications"; CPython, "Command line and environment"; PHP, Zend/zend_alloc.c;
 * GStreamer takes its slices from GLib; NSS, "NSS environment variables" */
static const struct {
    const char *name, *setting; /* the variable, and with its value */
    const char *module;         /* what the file name of a module that reads it contains */
} pool_switches[] = {
    {"G_SLICE", "G_SLICE=always-malloc", "libglib-2.0"},
    {"PYTHONMALLOC", "PYTHONMALLOC=malloc", "python3"},
    {"USE_ZEND_ALLOC", "USE_ZEND_ALLOC=0", "php"},
    {"NSS_DISABLE_ARENA_FREE_LIST", "NSS_DISABLE_ARENA_FREE_LIST=1", "libnss3"},
};
enum { POOL_SWITCHES = sizeof pool_switches / sizeof *pool_switches };

#endif
