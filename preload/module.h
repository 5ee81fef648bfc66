/* module.h - which shared object does a code address belong to, also after it was closed. */
#ifndef CASTAWAY_PRELOAD_MODULE_H
#define CASTAWAY_PRELOAD_MODULE_H

#include <stddef.h>
#include <stdint.h>

#include "analysis/heap.h"

enum { MODULES_MAX = 0xffc0, MODULE_NONE = 0xffff, BUILD_ID_BYTES_MAX = 32 };

struct module {
    uintptr_t lo, hi; /* mapped span */
    uintptr_t bias;   /* load address minus link-time address */
    const char *path; /* as the loader knows it; "" for the program itself */
    unsigned char build_id[BUILD_ID_BYTES_MAX];
    uint8_t build_id_bytes;
    uint8_t closed; /* the program closed it: addresses in its span may belong to another module now */
};

/* Number of the module that contains `pc`, or MODULE_NONE. Lock-free to look up; a module seen for the first time is
 * added under the caller's site lock (so: call only with it held). Source of truth: _dl_find_object (glibc >= 2.35). */
unsigned module_of_locked(uintptr_t pc);
/* The same for each of the frames. */
void modules_of_locked(const uint64_t *frames, size_t count, uint16_t *numbers);

/* Modules so far; numbers are stable. */
const struct module *module_table(size_t *count);

/* After a dlclose: marks those that are gone, at most `max`; their spans go to `closed`. Another thread may have opened
 * another file in the same place, and may be closing that. Call with the site lock held.
 * returns  how many */
size_t module_sweep_locked(struct range *closed, size_t max);

/* The same for those that frames of the calling thread lie in: what lies there now can't be closed meanwhile. */
size_t module_replaced_locked(const uint64_t *frames, size_t frame_count, struct range *closed, size_t max);

/* Span of the module that contains `address` (0, 0 when none). */
void module_span(const void *address, uintptr_t *lo, uintptr_t *hi);

/* Where the program's calls of `symbol` end, if that can be told. A program at a fixed address that takes the address of a
 * library's function has a stub which stands for it, and which dlsym finds.
 * returns  the function; NULL: there is none, or only such a stub. context: cold; takes the loader's lock */
const void *module_definition(const char *symbol);

#endif
