/* demangle.h - names of functions as people write them. */
#ifndef CASTAWAY_TOOLS_DEMANGLE_H
#define CASTAWAY_TOOLS_DEMANGLE_H

#include "pool.h"

/* `symbol` without the compiler's suffixes (.part.0, .cold, @@VERSION), demangled if it is C++ or Rust. */
const char *demangle(struct pool *, const char *symbol);

/* A demangled name without parameters and return type: `void ns::f<int>(char)` is `ns::f<int>`. */
const char *demangle_short(struct pool *, const char *name);

/* And without template arguments: `ns::f`. */
const char *demangle_bare(struct pool *, const char *name);

/* The name that a library of C exports: its debug information calls `strdup` `__GI___strdup`, its symbols `__strdup`. */
const char *demangle_exported(const char *function);

#endif
