/* loaded.c - which of the loader's objects an address lies in.
 *
 * Source: glibc, elf/rtld.c, rtld_setup_main_map(); elf/dl-find_object.c.
 *
 * Owns:    nothing.
 * Never:   takes the loader's lock.
 * Start:   loaded_find(). */
#include "loaded.h"

#include <link.h>
#include <sys/auxv.h>

enum { PAGE_BYTES = 4096 };

/* From the program's first segment to its last; `found` stays as it is if that does not hold it. */
static void take_whole_program(struct dl_find_object *found) {
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    const uintptr_t bias = found->dlfo_link_map->l_addr;
    uintptr_t lo = (uintptr_t)found->dlfo_map_start, hi = (uintptr_t)found->dlfo_map_end;
    for (unsigned long left = segment ? getauxval(AT_PHNUM) : 0; left; left--, segment++) {
        uintptr_t first = (bias + segment->p_vaddr) & ~(uintptr_t)(PAGE_BYTES - 1);
        uintptr_t end = bias + segment->p_vaddr + segment->p_memsz;
        if (segment->p_type != PT_LOAD)
            continue;
        lo = first < lo ? first : lo;
        hi = end > hi ? end : hi;
    }
    found->dlfo_map_start = (void *)lo;
    found->dlfo_map_end = (void *)hi;
}

int loaded_find(const void *address, struct dl_find_object *found) {
    if (_dl_find_object((void *)address, found) != 0)
        return -1;
    if (found->dlfo_link_map == _r_debug.r_map)
        take_whole_program(found);
    return 0;
}
