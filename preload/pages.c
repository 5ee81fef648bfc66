/* pages.c - castaway's own memory.
 *
 * Owns:    every mapping that castaway makes in the target, and the list of them.
 * Never:   calls the program's allocator, touches errno; gives memory back (peak use sets it), but what is shared or lent,
 *          what pages_clear() is told, and where the program has none left (give_way.c).
 * Runs in: hooks, exit handler, snapshot child.
 * Start:   pages_alloc(). */
#include "pages.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "limits.h"
#include "live.h"
#include "lock.h"
#include "locked.h"
#include "rights.h"
#include "sys.h"

enum {
    BLOCK_BYTES_MIN = 1 << 20,
    BLOCK_BYTES_MAX = 32 << 20,
    BLOCK_BYTES_LIMITED = 64 << 10,
    RANGES_MAX = 8192,
    PAGE = 4096,
    LOAN_BYTES = 128 << 10,
    HUGE_BYTES_MIN = 8 << 20,
    SMALL_BYTES_MAX = 4096,
    AHEAD_OF = 8,
    AHEAD_BYTES_MIN = 16 << 10,
    AHEAD_BYTES_MAX = 256 << 10,
};

static struct block {
    char *next, *end;
    char *populated; /* up to here it was asked for ahead */
    size_t bytes;    /* that were given away in small pieces */
    int is_table;    /* it goes with the tables */
} usual_block, table_block = {.is_table = 1}, dense_block = {.is_table = 1};
static size_t block_bytes = BLOCK_BYTES_MIN;
static int is_limited;
static struct range ranges[RANGES_MAX]; /* the first SHARED_MAX are those of pages_share(), empty where none is */
static uint8_t range_is_table[RANGES_MAX];
static size_t range_count = PAGES_SHARED_MAX;

static size_t round_up(size_t value, size_t unit) {
    return (value + unit - 1) / unit * unit;
}

static long map_private(size_t bytes) {
    return sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/* Map `bytes` and put them on the list; joins the previous range when the kernel placed it next to it. */
static char *map_locked(size_t bytes, int is_table) {
    long result = map_private(bytes);
    if (sys_failed(result) && limits_stretch(bytes))
        result = map_private(bytes);
    if (sys_failed(result))
        return NULL;
    locked_release((void *)result, bytes);
    uintptr_t lo = (uintptr_t)result;
    int joins = range_count > PAGES_SHARED_MAX && range_is_table[range_count - 1] == is_table;
    struct range *last = joins ? &ranges[range_count - 1] : NULL;
    if (last && lo + bytes == last->lo)
        last->lo = lo;
    else if (last && lo == last->hi)
        last->hi = lo + bytes;
    else if (range_count < RANGES_MAX) {
        range_is_table[range_count] = (uint8_t)is_table;
        ranges[range_count++] = (struct range){lo, lo + bytes};
    } else {
        sys(SYS_munmap, lo, bytes);
        return NULL;
    }
    return (char *)lo;
}

/* A block of `wanted` bytes, or under an address-space limit the smallest that still serves `bytes`. */
static char *map_block_locked(size_t bytes, size_t wanted, int is_table, size_t *got) {
    size_t least = round_up(bytes, PAGE);
    for (size_t size = wanted > least ? round_up(wanted, PAGE) : least;; size = round_up(size / 2, PAGE)) {
        if (size < least)
            size = least;
        char *block = map_locked(size, is_table);
        if (block || size == least) {
            *got = size;
            return block;
        }
    }
}

static int renew_locked(struct block *block, size_t bytes) {
    size_t got;
    char *memory = map_block_locked(bytes, block_bytes, block->is_table, &got);
    if (!memory)
        return -1;
    block->next = memory;
    block->end = memory + got;
    if (!is_limited && block_bytes < BLOCK_BYTES_MAX)
        block_bytes *= 2;
    return 0;
}

static void *alloc_locked(struct block *block, size_t bytes) {
    if (is_limited && bytes > block_bytes / 4) /* by itself: else the rest of a block would be thrown away */
        return map_locked(round_up(bytes, PAGE), block->is_table);
    if ((size_t)(block->end - block->next) < bytes && renew_locked(block, bytes) != 0)
        return NULL;
    char *memory = block->next;
    block->next += bytes;
    return memory;
}

/* Where many small pieces were given away many more will be: an eighth as much, at most, is asked for ahead, in one call
 * instead of a page fault for each page. Large pieces may never be written to.
 * returns  the range, empty mostly */
static struct range ahead_locked(struct block *block, size_t bytes) {
    struct range none = {0, 0};
    if (bytes > SMALL_BYTES_MAX || is_limited)
        return none;
    block->bytes += bytes;
    if (block->next <= block->populated && block->populated <= block->end)
        return none;
    size_t step = block->bytes / AHEAD_OF < AHEAD_BYTES_MAX ? block->bytes / AHEAD_OF : AHEAD_BYTES_MAX;
    size_t room = (size_t)(block->end - block->next);
    if (step < AHEAD_BYTES_MIN || room < AHEAD_BYTES_MIN)
        return none;
    block->populated = block->next + (step < room ? step : room);
    return (struct range){(uintptr_t)block->next, (uintptr_t)block->populated};
}

static void *alloc(struct block *block, size_t bytes) {
    if (!lock_take_once(LOCK_PAGES))
        return NULL;
    bytes = round_up(bytes, 16);
    void *memory = alloc_locked(block, bytes);
    struct range ahead = ahead_locked(block, bytes);
    lock_release_once(LOCK_PAGES);
    if (ahead.lo < ahead.hi)
        pages_populate((void *)ahead.lo, ahead.hi - ahead.lo);
    if (!memory)
        live_wanted |= LIVE_SHORT;
    return memory;
}

void *pages_alloc(size_t bytes) {
    return alloc(&usual_block, bytes);
}

void *pages_alloc_table(size_t bytes) {
    return alloc(&table_block, bytes);
}

void *pages_alloc_dense(size_t bytes) {
    return alloc(&dense_block, bytes);
}

void pages_save_space(void) {
    is_limited = 1;
    block_bytes = BLOCK_BYTES_LIMITED;
}

size_t pages_give_tables(void) {
    size_t bytes = 0;
    if (!lock_take_once(LOCK_PAGES))
        return 0;
    for (size_t i = PAGES_SHARED_MAX; i < range_count; i++)
        if (range_is_table[i]) {
            bytes += ranges[i].hi - ranges[i].lo;
            sys(SYS_munmap, ranges[i].lo, ranges[i].hi - ranges[i].lo);
            ranges[i] = (struct range){0};
        }
    table_block.next = table_block.end = dense_block.next = dense_block.end = NULL;
    lock_release_once(LOCK_PAGES);
    return bytes;
}

size_t pages_bytes(void) {
    size_t bytes = 0;
    for (size_t i = 0; i < range_count; i++)
        bytes += ranges[i].hi - ranges[i].lo;
    return bytes;
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; before, it is an error that changes nothing */
#endif

void pages_populate(void *memory, size_t bytes) {
    uintptr_t lo = round_up((uintptr_t)memory, PAGE), hi = ((uintptr_t)memory + bytes) / PAGE * PAGE;
    if (lo < hi && !rights_filtered)
        sys(SYS_madvise, lo, hi - lo, MADV_POPULATE_WRITE);
}

void pages_clear(void *memory, size_t bytes) {
    uintptr_t lo = (uintptr_t)memory / PAGE * PAGE + PAGE, hi = ((uintptr_t)memory + bytes) / PAGE * PAGE;
    if (lo < hi && !rights_filtered)
        sys(SYS_madvise, lo, hi - lo, MADV_DONTNEED);
}

/* Large tables of a search are read at random: in huge pages, their page walks cost little. A wish. */
static void *arena_more(void *context, size_t bytes) {
    (void)context;
    if (!lock_take_once(LOCK_PAGES))
        return NULL;
    char *block = map_locked(round_up(bytes, PAGE), 0);
    lock_release_once(LOCK_PAGES);
    if (block && bytes > HUGE_BYTES_MIN && !rights_filtered)
        sys(SYS_madvise, block, round_up(bytes, PAGE), MADV_HUGEPAGE);
    return block;
}

void pages_arena(struct arena *arena, size_t arena_block_bytes) {
    *arena = (struct arena){.more = arena_more, .block_bytes = arena_block_bytes};
}

void *pages_publish(void *_Atomic *place, size_t bytes, int is_dense) {
    void *made = alloc(is_dense ? &dense_block : &table_block, bytes);
    if (!made)
        return NULL;
    void *expected = NULL;
    if (atomic_compare_exchange_strong_explicit(place, &expected, made, memory_order_acq_rel, memory_order_acquire))
        return made;
    return expected;
}

void *pages_grow(void *array, size_t count, size_t *capacity, size_t size) {
    struct arena arena;
    pages_arena(&arena, 1); /* asks for no more than the array */
    return arena_grow(&arena, array, count, capacity, size);
}

/* ---- memory that is given back ---- */

void *pages_share(size_t bytes) {
    size_t place = 0;
    while (place < PAGES_SHARED_MAX && ranges[place].hi)
        place++;
    if (place == PAGES_SHARED_MAX)
        return NULL;
    bytes = round_up(bytes, PAGE);
    long result = sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (sys_failed(result))
        return NULL;
    ranges[place] = (struct range){(uintptr_t)result, (uintptr_t)result + bytes};
    return (void *)result;
}

void pages_unshare(void *memory) {
    for (size_t i = 0; i < PAGES_SHARED_MAX; i++)
        if (memory && ranges[i].lo == (uintptr_t)memory) {
            sys(SYS_munmap, ranges[i].lo, ranges[i].hi - ranges[i].lo);
            ranges[i] = (struct range){0};
        }
}

/* A block begins with this. */
struct loan {
    struct loan *before;
    size_t bytes;
};

static void *loan_more(void *context, size_t bytes) {
    struct loan **last = context;
    bytes = round_up(bytes + sizeof(struct loan), PAGE);
    long result = sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sys_failed(result))
        return NULL;
    struct loan *loan = (struct loan *)result;
    *loan = (struct loan){*last, bytes};
    *last = loan;
    return loan + 1;
}

void pages_loan(struct arena *arena, void **loans) {
    *loans = NULL;
    *arena = (struct arena){.more = loan_more, .context = loans, .block_bytes = LOAN_BYTES};
}

void pages_loan_return(void **loans) {
    for (struct loan *loan = *loans, *before; loan; loan = before) {
        before = loan->before;
        sys(SYS_munmap, loan, loan->bytes);
    }
    *loans = NULL;
}

const struct range *pages_ranges(size_t *count) {
    *count = range_count;
    return ranges;
}

int pages_are_ours(uintptr_t address) {
    for (size_t i = 0; i < range_count; i++)
        if (address - ranges[i].lo < ranges[i].hi - ranges[i].lo)
            return 1;
    return 0;
}
