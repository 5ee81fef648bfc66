/* clock.c - the kernel's clocks, read by the code that it maps into each process (vdso(7)).
 *
 * Not by libc's clock_gettime: a program may have one of its own, or another library that tells it other times.
 *
 * Owns:    where that code is.
 * Never:   touches errno; asks libc, or the loader.
 * Start:   clock_ns(). */
#include "clock.h"

#include <stdatomic.h>
#include <sys/auxv.h>
#include <time.h>

#include "arch.h"
#include "symbol.h"
#include "sys.h"

typedef int clock_fn(clockid_t clock, struct timespec *now);

static int by_system_call(clockid_t clock, struct timespec *now) {
    return (int)sys(SYS_clock_gettime, clock, now);
}

/* Its first segment is all of it, the tables that the dynamic segment names as well. */
static clock_fn *find(void) {
    uintptr_t base = getauxval(AT_SYSINFO_EHDR);
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)base;
    struct link_map module = {.l_addr = base};
    struct symbols symbols;
    for (size_t i = 0; base && i < header->e_phnum; i++) {
        const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(base + header->e_phoff) + i;
        if (segment->p_type == PT_LOAD)
            module.l_addr = base + segment->p_offset - segment->p_vaddr;
        else if (segment->p_type == PT_DYNAMIC)
            module.l_ld = (ElfW(Dyn) *)(base + segment->p_offset);
    }
    uintptr_t address = symbols_of(&module, &symbols) ? symbols_find(&symbols, ARCH_VDSO_CLOCK) : 0;
    return address ? (clock_fn *)address : by_system_call;
}

static struct timespec now_of(clockid_t clock) {
    static clock_fn *_Atomic found;
    clock_fn *read = atomic_load_explicit(&found, memory_order_relaxed);
    if (!read)
        atomic_store_explicit(&found, read = find(), memory_order_relaxed);
    struct timespec now = {0};
    read(clock, &now);
    return now;
}

int64_t clock_ns(void) {
    struct timespec now = now_of(CLOCK_MONOTONIC);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

int64_t clock_us(void) {
    return clock_ns() / 1000;
}

int64_t clock_ms(void) {
    return clock_ns() / 1000000;
}

double clock_wall_seconds(void) {
    struct timespec now = now_of(CLOCK_REALTIME);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
