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
 * Never:   changes what these functions do or their errno; starts anything that allocates: the caller may be an allocator
 *          that only just sets itself up.
 * Start:   mmap(), then mapping_note(). */
#include "mapping.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aside.h"
#include "give_way.h"
#include "hooks.h"
#include "init.h"
#include "lock.h"
#include "next.h"
#include "pages.h"
#include "thread.h"

struct made {
    struct mapped *mapped;
    size_t count, capacity;
};
static struct made by_allocator;
static struct made by_program; /* what it took from the break */
static int allocator_is_known; /* until then everybody's are kept, and sorted out by mapping_start() */

static void add_locked(struct made *made, struct mapped one) {
    struct mapped *grown =
        one.range.hi > one.range.lo ? pages_grow(made->mapped, made->count, &made->capacity, sizeof *grown) : NULL;
    if (!grown)
        return;
    made->mapped = grown;
    made->mapped[made->count++] = one;
}

/* Take [lo, hi) out of every range; one that contains it becomes two. */
static void remove_locked(struct made *made, uintptr_t lo, uintptr_t hi) {
    for (size_t i = 0; i < made->count;) {
        struct mapped one = made->mapped[i];
        struct range range = one.range;
        if (range.hi <= lo || hi <= range.lo) {
            i++;
            continue;
        }
        made->mapped[i] = made->mapped[--made->count];
        add_locked(made, (struct mapped){{range.lo, lo < range.lo ? range.lo : lo}, one.caller});
        add_locked(made, (struct mapped){{hi > range.hi ? range.hi : hi, range.hi}, one.caller});
    }
}

static int is_allocator(uintptr_t caller) {
    const struct range *allocator = &process.facts.allocator;
    return caller - allocator->lo < allocator->hi - allocator->lo;
}

/* Keep those that the allocator made, or those that it did not. */
static void keep_locked(struct made *made, int of_allocator) {
    size_t before = made->count;
    made->count = 0;
    for (size_t i = 0; i < before; i++)
        if (is_allocator(made->mapped[i].caller) == of_allocator)
            made->mapped[made->count++] = made->mapped[i];
}

void mapping_start(void) {
    allocator_is_known = 1;
    keep_locked(&by_allocator, 1);
    keep_locked(&by_program, 0);
}

/* What a signal handler maps that interrupted this very noting is not noted. */
static int list_take(void) {
    thread_busy++;
    if (lock_take_once(LOCK_MAPPINGS))
        return 1;
    thread_busy--;
    return 0;
}
static void list_release(void) {
    lock_release_once(LOCK_MAPPINGS);
    thread_busy--;
}

void mapping_note(uintptr_t lo, uintptr_t hi, uintptr_t caller) {
    if (aside_stands || !list_take())
        return;
    remove_locked(&by_allocator, lo, hi);
    if (!allocator_is_known || is_allocator(caller))
        add_locked(&by_allocator, (struct mapped){{lo, hi}, caller});
    list_release();
}

const struct mapped *mapping_allocator(size_t *count) {
    *count = by_allocator.count;
    return by_allocator.mapped;
}

const struct mapped *mapping_from_break(size_t *count) {
    *count = by_program.count;
    return by_program.mapped;
}

/* The break was moved by `caller`. What lies above it is gone. */
static void note_break(uintptr_t before, uintptr_t after, uintptr_t caller) {
    if (!list_take())
        return;
    remove_locked(&by_program, after, UINTPTR_MAX);
    struct mapped *last = by_program.count ? &by_program.mapped[by_program.count - 1] : NULL;
    if (after > before && !(allocator_is_known && is_allocator(caller))) {
        if (last && last->range.hi == before && allocator_is_known)
            last->range.hi = after;
        else
            add_locked(&by_program, (struct mapped){{before, after}, caller});
    }
    list_release();
}

/* ---- the functions ---- */

EXPORT void *sbrk(intptr_t bytes) {
    next_find();
    void *before = next.sbrk ? next.sbrk(bytes) : (void *)-1;
    while (before == (void *)-1 && next.sbrk && bytes > 0 && give_way((size_t)bytes))
        before = next.sbrk(bytes);
    if (before != (void *)-1 && bytes)
        note_break((uintptr_t)before, (uintptr_t)before + (uintptr_t)bytes, (uintptr_t)__builtin_return_address(0));
    return before;
}

EXPORT int brk(void *address) {
    next_find();
    uintptr_t before = next.sbrk ? (uintptr_t)next.sbrk(0) : 0;
    int result = next.brk ? next.brk(address) : -1;
    while (result != 0 && before && (uintptr_t)address > before && give_way((uintptr_t)address - before))
        result = next.brk(address);
    if (result == 0)
        note_break(before, (uintptr_t)address, (uintptr_t)__builtin_return_address(0));
    return result;
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
    while (result == MAP_FAILED && (errno == ENOMEM || errno == EAGAIN /* locked.c */) && give_way(bytes))
        result = next.mmap(address, bytes, protection, flags, file, offset);
    if (result != MAP_FAILED && !(allocator_is_known && process.facts.allocator_is_glibc))
        mapping_note((uintptr_t)result, (uintptr_t)result + bytes, (uintptr_t)__builtin_return_address(0));
    return result;
}
EXPORT void *mmap64(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
    __attribute__((alias("mmap")));
