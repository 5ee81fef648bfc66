/* mapping.c - who mapped what, where that can't be told afterwards.
 *
 * glibc's malloc maps memory without passing through mmap's symbol, and its heaps can be told by their headers. Others
 * call mmap, and keep book-keeping in mappings of their own that points at the first object of every slab: as roots
 * these would keep lost objects alive. So mappings made from the allocator's code are noted, and a later one of the
 * program's at the same place takes it back.
 *
 * Owns:    the list of the allocator's mappings.
 * Never:   changes what mmap does or its errno. */
#include "mapping.h"

#include <errno.h>
#include <sys/mman.h>

#include "hooks.h"
#include "init.h"
#include "lock.h"
#include "next.h"
#include "pages.h"
#include "thread.h"

static struct range *ranges;
static size_t count, capacity;

static void add_locked(struct range range) {
    struct range *grown = range.hi > range.lo ? pages_grow(ranges, count, &capacity, sizeof *ranges) : NULL;
    if (!grown)
        return;
    ranges = grown;
    ranges[count++] = range;
}

/* Take [lo, hi) out of every range; one that contains it becomes two. */
static void remove_locked(uintptr_t lo, uintptr_t hi) {
    for (size_t i = 0; i < count;) {
        struct range range = ranges[i];
        if (range.hi <= lo || hi <= range.lo) {
            i++;
            continue;
        }
        ranges[i] = ranges[--count];
        add_locked((struct range){range.lo, lo < range.lo ? range.lo : lo});
        add_locked((struct range){hi > range.hi ? range.hi : hi, range.hi});
    }
}

void mapping_note(uintptr_t lo, uintptr_t hi, uintptr_t caller) {
    const struct range *allocator = &process.facts.allocator;
    thread_busy++;
    lock_take(LOCK_MAPPINGS);
    remove_locked(lo, hi);
    if (caller - allocator->lo < allocator->hi - allocator->lo)
        add_locked((struct range){lo, hi});
    lock_release(LOCK_MAPPINGS);
    thread_busy--;
}

const struct range *mapping_allocator(size_t *range_count) {
    *range_count = count;
    return ranges;
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
