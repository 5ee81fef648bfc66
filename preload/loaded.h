/* loaded.h - which of the loader's objects an address lies in. */
#ifndef CASTAWAY_PRELOAD_LOADED_H
#define CASTAWAY_PRELOAD_LOADED_H

#include <dlfcn.h>

/* As _dl_find_object(), but a program whose segments leave pages between them is one object as well, from its first to its
 * last: of such a one the loader tells the segment alone that `address` lies in, where neither the program headers nor the
 * unwind tables need be. Libraries are whole anyway.
 *
 * returns  0, or -1: in none. context: any */
int loaded_find(const void *address, struct dl_find_object *found);

#endif
