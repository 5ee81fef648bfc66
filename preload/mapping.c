/* mapping.c - who mapped what, where that can't be told afterwards.
 *
 * glibc's malloc maps memory without passing through mmap's symbol, and its heaps can be told by their headers. Others
 * call mmap, and keep book-keeping in mappings of their own that points at the first object of every slab: as roots
 * these would keep lost objects alive. So mappings made from the allocator's code are noted, and a later one of the
 * program's at the same place takes it back.
 *
 * Owns:    the list of the allocator's mappings.
 * Never:   changes what mmap does or its errno.
 * Start:   mmap(), then mapping_note(). */
#include "mapping.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "hooks.h"
#include "init.h"
#include "lock.h"
#include "next.h"
#include "pages.h"
#include "thread.h"

static struct mapped *made;
static size_t count, capacity;

static int add_locked(struct mapped one) {
    if (one.range.hi <= one.range.lo)
        return 0;
    if (count == capacity) {
        size_t larger_capacity = capacity ? capacity * 2 : 256;
        struct mapped *larger = pages_alloc(larger_capacity * sizeof *larger);
        if (!larger)
            return -1;
        if (count)
            memcpy(larger, made, count * sizeof *larger);
        made = larger;
        capacity = larger_capacity;
    }
    made[count++] = one;
    return 0;
}

/* Take [lo, hi) out of every range; one that contains it becomes two. */
static void remove_locked(uintptr_t lo, uintptr_t hi) {
    for (size_t i = 0; i < count;) {
        struct mapped one = made[i];
        struct range range = one.range;
        if (range.hi <= lo || hi <= range.lo) {
            i++;
            continue;
        }
        made[i] = made[--count];
        add_locked((struct mapped){{range.lo, lo < range.lo ? range.lo : lo}, one.caller});
        add_locked((struct mapped){{hi > range.hi ? range.hi : hi, range.hi}, one.caller});
    }
}

static int is_allocators(uintptr_t caller) {
    const struct process_facts *facts = &process.facts;
    return !facts->allocator_is_glibc && caller - facts->allocator.lo < facts->allocator.hi - facts->allocator.lo;
}

void mapping_note(uintptr_t lo, uintptr_t hi, uintptr_t caller) {
    thread_busy++;
    lock_take(LOCK_MAPPINGS);
    remove_locked(lo, hi);
    if (!hook_recording || is_allocators(caller))
        add_locked((struct mapped){{lo, hi}, caller});
    lock_release(LOCK_MAPPINGS);
    thread_busy--;
}

void mapping_start(void) {
    size_t before = count;
    count = 0;
    for (size_t i = 0; i < before; i++)
        if (is_allocators(made[i].caller))
            made[count++] = made[i];
}

const struct mapped *mapping_allocator(size_t *mapped_count) {
    *mapped_count = count;
    return made;
}

EXPORT void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset) {
    next_find();
    if (!next.mmap) { /* the lookup itself is under way */
        long mapped = sys(SYS_mmap, address, bytes, protection, flags, file, offset);
        if (!sys_failed(mapped))
            return (void *)mapped;
        errno = (int)-mapped;
        return MAP_FAILED;
    }
    void *result = next.mmap(address, bytes, protection, flags, file, offset);
    if (result != MAP_FAILED && !(hook_recording && process.facts.allocator_is_glibc))
        mapping_note((uintptr_t)result, (uintptr_t)result + bytes, (uintptr_t)__builtin_return_address(0));
    return result;
}
EXPORT void *mmap64(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
    __attribute__((alias("mmap")));
