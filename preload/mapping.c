/* mapping.c - who mapped what, where that can't be told afterwards.
 *
 * glibc's malloc maps memory without passing through mmap's symbol, and its heaps can be told by their headers. Others
 * call mmap, and keep book-keeping in mappings of their own that points at the first object of every slab: as roots
 * these would keep lost objects alive. So mappings made from the allocator's code are noted, and a later one of the
 * program's at the same place takes it back.
 *
 * The other way round with memory that the program takes from the break itself (sbrk): it lies within the heap, where
 * nothing is a root but this. glibc's malloc does not pass through sbrk's symbol either.
 *
 * Owns:    the lists of the allocator's mappings and of the program's part of the heap.
 * Never:   changes what these functions do or their errno. */
#include "mapping.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hooks.h"
#include "init.h"
#include "lock.h"
#include "next.h"
#include "pages.h"
#include "thread.h"

struct ranges {
    struct range *range;
    size_t count, capacity;
};
static struct ranges of_allocator; /* by the allocator */
static struct ranges of_program;   /* by the program: what it took from the break */

static int add_locked(struct ranges *list, struct range range) {
    if (range.hi <= range.lo)
        return 0;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 256;
        struct range *larger = pages_alloc(capacity * sizeof *larger);
        if (!larger)
            return -1;
        if (list->count)
            memcpy(larger, list->range, list->count * sizeof *larger);
        list->range = larger;
        list->capacity = capacity;
    }
    list->range[list->count++] = range;
    return 0;
}

/* Take [lo, hi) out of every range; one that contains it becomes two. */
static void remove_locked(struct ranges *list, uintptr_t lo, uintptr_t hi) {
    for (size_t i = 0; i < list->count;) {
        struct range range = list->range[i];
        if (range.hi <= lo || hi <= range.lo) {
            i++;
            continue;
        }
        list->range[i] = list->range[--list->count];
        add_locked(list, (struct range){range.lo, lo < range.lo ? range.lo : lo});
        add_locked(list, (struct range){hi > range.hi ? range.hi : hi, range.hi});
    }
}

static int is_allocator(uintptr_t caller) {
    const struct range *allocator = &process.facts.allocator;
    return caller - allocator->lo < allocator->hi - allocator->lo;
}

void mapping_note(uintptr_t lo, uintptr_t hi, uintptr_t caller) {
    thread_busy++;
    lock_take(LOCK_MAPPINGS);
    remove_locked(&of_allocator, lo, hi);
    if (is_allocator(caller))
        add_locked(&of_allocator, (struct range){lo, hi});
    lock_release(LOCK_MAPPINGS);
    thread_busy--;
}

const struct range *mapping_allocator(size_t *count) {
    *count = of_allocator.count;
    return of_allocator.range;
}

const struct range *mapping_broken(size_t *count) {
    *count = of_program.count;
    return of_program.range;
}

/* The break was moved by `caller`. What lies above it is gone. */
static void note_break(uintptr_t before, uintptr_t after, uintptr_t caller) {
    thread_busy++;
    lock_take(LOCK_MAPPINGS);
    remove_locked(&of_program, after, UINTPTR_MAX);
    struct range *last = of_program.count ? &of_program.range[of_program.count - 1] : NULL;
    if (after > before && !is_allocator(caller)) {
        if (last && last->hi == before)
            last->hi = after;
        else
            add_locked(&of_program, (struct range){before, after});
    }
    lock_release(LOCK_MAPPINGS);
    thread_busy--;
}

/* ---- the functions ---- */

EXPORT void *sbrk(intptr_t bytes) {
    start_recording();
    void *before = next.sbrk ? next.sbrk(bytes) : (void *)-1;
    if (before != (void *)-1 && bytes && hook_recording)
        note_break((uintptr_t)before, (uintptr_t)before + (uintptr_t)bytes, (uintptr_t)__builtin_return_address(0));
    return before;
}

EXPORT int brk(void *address) {
    start_recording();
    uintptr_t before = next.sbrk ? (uintptr_t)next.sbrk(0) : 0;
    int result = next.brk ? next.brk(address) : -1;
    if (result == 0 && hook_recording)
        note_break(before, (uintptr_t)address, (uintptr_t)__builtin_return_address(0));
    return result;
}

EXPORT void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset) {
    start_recording();
    if (!next.mmap) { /* the lookup itself is under way */
        long mapped = sys(SYS_mmap, address, bytes, protection, flags, file, offset);
        if (!sys_failed(mapped))
            return (void *)mapped;
        errno = (int)-mapped;
        return MAP_FAILED;
    }
    void *result = next.mmap(address, bytes, protection, flags, file, offset);
    if (result != MAP_FAILED && hook_recording && !process.facts.allocator_is_glibc)
        mapping_note((uintptr_t)result, (uintptr_t)result + bytes, (uintptr_t)__builtin_return_address(0));
    return result;
}
EXPORT void *mmap64(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
    __attribute__((alias("mmap")));
