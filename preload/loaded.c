/* loaded.c - which of the loader's objects an address lies in.
 *
 * Source: glibc, elf/rtld.c, rtld_setup_main_map(); elf/dl-find_object.c.
 *
 * Owns:    the span of the program.
 * Never:   takes the loader's lock.
 * Start:   loaded_find(). */
#include "loaded.h"

#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/auxv.h>

enum { PAGE_BYTES = 4096 };

static _Atomic uintptr_t program_lo, program_hi; /* hi 0: not known yet */

/* From the program's first segment to its last. */
static void find_program(uintptr_t bias) {
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    uintptr_t lo = UINTPTR_MAX, hi = 0;
    for (unsigned long left = segment ? getauxval(AT_PHNUM) : 0; left; left--, segment++) {
        uintptr_t first = (bias + segment->p_vaddr) & ~(uintptr_t)(PAGE_BYTES - 1);
        uintptr_t end = bias + segment->p_vaddr + segment->p_memsz;
        if (segment->p_type != PT_LOAD)
            continue;
        lo = first < lo ? first : lo;
        hi = end > hi ? end : hi;
    }
    atomic_store_explicit(&program_lo, lo, memory_order_relaxed);
    atomic_store_explicit(&program_hi, hi, memory_order_release);
}

int loaded_find(const void *address, struct dl_find_object *found) {
    if (_dl_find_object((void *)address, found) != 0)
        return -1;
    if (found->dlfo_link_map != _r_debug.r_map)
        return 0;
    if (!atomic_load_explicit(&program_hi, memory_order_acquire))
        find_program(found->dlfo_link_map->l_addr);
    uintptr_t lo = atomic_load_explicit(&program_lo, memory_order_relaxed);
    uintptr_t hi = atomic_load_explicit(&program_hi, memory_order_relaxed);
    if ((uintptr_t)address - lo < hi - lo) {
        found->dlfo_map_start = (void *)lo;
        found->dlfo_map_end = (void *)hi;
    }
    return 0;
}
