/* gobject.h - GObjects in the frozen heap: their types by the type system's own data, and their counts.
 *
 * An instance is [private data][class pointer][count, 4 bytes][data list]... The sizes of both parts stand in the data of
 * the type's node, which is found from libgobject's variables on. A block is an instance when its size is theirs and the
 * class pointer stands where they say.
 *
 * source  GLib 2.74, gobject/gtype.c (nodes, class and instance data), gobject/gobject.c, glib/gquark.c, glib/gdataset.c */
#ifndef CASTAWAY_ANALYSIS_GOBJECT_H
#define CASTAWAY_ANALYSIS_GOBJECT_H

#include "counts.h"

struct gobject {
    struct range types;  /* libgobject's variables */
    struct range code;   /* its functions */
    struct range quarks; /* libglib's variables */
    uintptr_t nullify;   /* g_nullify_pointer(): what g_object_add_weak_pointer() leaves to be called; 0: not there */
};

/* Find the instances. heap: as for python_read(). Weak pointers and GWeakRefs are among counts.weak_slots.
 *
 * fits     receives 0 when there are types, but none is laid out as it should be: then nothing was told apart
 * returns  0 or -ENOMEM
 * cost     10 ns an object */
int gobject_read(const struct gobject *gobject, const struct heap *heap, struct counts *counts, int *fits);

#endif
