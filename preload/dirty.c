/* dirty.c - which pages were written since an earlier scan: asked of the kernel, in the best way that it has.
 *
 * pagemap-scan  userfaultfd's asynchronous write protection marks pages, the PAGEMAP_SCAN ioctl lists and marks them again
 *               (Linux 6.7). Descriptor: one, kept at a high number, checked before each use.
 * soft-dirty    the kernel's own marks, cleared through /proc/self/clear_refs (where it is built in)
 * exclusive     a page that the last snapshot child still shares was not written (pagemap bit 56)
 * read-all      everything counts as written
 *
 * Only large private mappings without a file are watched: there the heap is, and the rest is quickly read.
 *
 * Owns:    the list of watched ranges, the list of what was written, the userfaultfd.
 * Never:   says "not written" of a page that it isn't sure of.
 * Start:   dirty_take().  Source: Linux, Documentation/admin-guide/mm/{pagemap,userfaultfd,soft-dirty}.rst */
#include "dirty.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "analysis/sort.h"
#include "descriptor.h"
#include "maps.h"
#include "pagemap.h"
#include "pages.h"
#include "sys.h"

enum {
    PAGE = 4096,
    WATCH_BYTES_MIN = 256 << 10,
    WATCHED_MAX = 4096,
    WRITTEN_MAX = 1 << 18,
    ENTRIES = 512, /* of pagemap, read at once */
    REGIONS = 1024 /* of PAGEMAP_SCAN, asked for at once */
};

static const char *const NAMES[] = {
#define X(name, word) word,
    DIRTY_METHODS(X)
#undef X
};

static enum dirty_method method = DIRTY_READ_ALL;
static const char *missing;   /* the name of the one that was asked for, when the kernel does not offer it */
static struct range *watched; /* sorted */
static size_t watched_count;
static struct range *written; /* in the order in which it was noted; overlaps itself */
static size_t written_count;  /* since the last scan of generation 1 */
static size_t written_young;  /* where that since the last scan of generation 0 begins */
static int all[2];            /* by generation: too much was written to be noted */
static struct descriptor fault = {.number = -1};

const char *dirty_method_name(void) {
    return NAMES[method];
}

const char *dirty_missing(void) {
    return missing;
}

int dirty_needs_snapshot(void) {
    return method == DIRTY_EXCLUSIVE;
}

/* ---- userfaultfd: the headers of older systems do not have it ---- */

struct fault_api {
    uint64_t api, features, ioctls;
};
struct fault_register {
    uint64_t lo, bytes, mode, ioctls;
};
#define FAULT_API 0xAA
#define FAULT_USER_MODE_ONLY 1
#define FAULT_FEATURES (1ull << 15 /* WP_ASYNC */ | 1ull << 13 /* WP_UNPOPULATED */)
#define FAULT_IOCTL_API _IOWR(0xAA, 0x3F, struct fault_api)
#define FAULT_IOCTL_REGISTER _IOWR(0xAA, 0x00, struct fault_register)
#define FAULT_MODE_WRITE_PROTECT 2

static int fault_open(void) {
    long file = sys(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | FAULT_USER_MODE_ONLY);
    if (sys_failed(file))
        return -1;
    struct fault_api api = {.api = FAULT_API, .features = FAULT_FEATURES};
    if (sys_failed(sys(SYS_ioctl, file, FAULT_IOCTL_API, &api))) {
        sys(SYS_close, file);
        return -1;
    }
    return descriptor_keep(&fault, (int)file);
}

static int fault_watch(struct range range) {
    struct fault_register request = {range.lo, range.hi - range.lo, FAULT_MODE_WRITE_PROTECT, 0};
    return sys_failed(sys(SYS_ioctl, fault.number, FAULT_IOCTL_REGISTER, &request)) ? -1 : 0;
}

static long scan_protect(int pagemap, struct range range, struct page_region *regions, size_t region_count,
                         uint64_t *walk_end) {
    struct pagemap_scan request = {
        .bytes = sizeof request,
        .flags = SCAN_PROTECT_MATCHING | SCAN_CHECK_ASYNC,
        .lo = range.lo,
        .hi = range.hi,
        .regions = (uintptr_t)regions,
        .region_count = region_count,
        .wanted_all = SCAN_WRITTEN,
        .returned = SCAN_WRITTEN,
    };
    long count = sys(SYS_ioctl, pagemap, SCAN_IOCTL, &request);
    *walk_end = request.walk_end;
    return count;
}

/* ---- noting ---- */

static void note(uintptr_t lo, uintptr_t hi) {
    struct range *last = written && written_count > written_young ? &written[written_count - 1] : NULL;
    if (last && last->hi == lo)
        last->hi = hi;
    else if (written && written_count < WRITTEN_MAX)
        written[written_count++] = (struct range){lo, hi};
    else
        all[0] = all[1] = 1;
}

static void unwatch(size_t which) {
    memmove(&watched[which], &watched[which + 1], (watched_count - which - 1) * sizeof *watched);
    watched_count--;
}

/* returns 0, or -1: the range is no longer watched as it was */
static int take_by_scan(int pagemap, struct range range) {
    static struct page_region regions[REGIONS];
    while (range.lo < range.hi) {
        uint64_t walk_end;
        long count = scan_protect(pagemap, range, regions, REGIONS, &walk_end);
        if (sys_failed(count))
            return -1;
        for (long i = 0; i < count; i++)
            note(regions[i].lo, regions[i].hi);
        if (walk_end <= range.lo)
            return -1;
        range.lo = walk_end;
    }
    return 0;
}

/* A swapped page tells nothing of its sharers: it counts as written. */
static int is_written(uint64_t entry) {
    if (method == DIRTY_SOFT_DIRTY)
        return (entry & PAGEMAP_SOFT_DIRTY) != 0;
    return (entry & PAGEMAP_SWAPPED) ||
           (entry & (PAGEMAP_PRESENT | PAGEMAP_EXCLUSIVE)) == (PAGEMAP_PRESENT | PAGEMAP_EXCLUSIVE);
}

static int take_by_entries(int pagemap, struct range range) {
    static uint64_t entries[ENTRIES];
    for (uintptr_t page = range.lo; page < range.hi;) {
        size_t count = (range.hi - page) / PAGE < ENTRIES ? (range.hi - page) / PAGE : ENTRIES;
        long got = sys(SYS_pread64, pagemap, entries, count * sizeof *entries, page / PAGE * sizeof *entries);
        if (got < (long)sizeof *entries)
            return -1;
        for (long i = 0; i < got / (long)sizeof *entries; i++, page += PAGE)
            if (is_written(entries[i]))
                note(page, page + PAGE);
    }
    return 0;
}

static void soft_dirty_clear(void) {
    long file = sys(SYS_openat, AT_FDCWD, "/proc/self/clear_refs", O_WRONLY | O_CLOEXEC, 0);
    if (sys_failed(file) || sys(SYS_write, file, "4", 1) != 1)
        all[0] = all[1] = 1;
    if (!sys_failed(file))
        sys(SYS_close, file);
}

static void take(int pagemap) {
    for (size_t i = 0; i < watched_count;) {
        int error =
            method == DIRTY_PAGEMAP_SCAN ? take_by_scan(pagemap, watched[i]) : take_by_entries(pagemap, watched[i]);
        if (error) /* what is not watched counts as written */
            unwatch(i);
        else
            i++;
    }
}

void dirty_take(void) {
    if (method == DIRTY_READ_ALL)
        return;
    if (method == DIRTY_PAGEMAP_SCAN && !descriptor_is_ours(&fault))
        watched_count = 0; /* the program closed it: nothing is watched any more */
    long pagemap = sys(SYS_openat, AT_FDCWD, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0);
    if (sys_failed(pagemap)) {
        all[0] = all[1] = 1;
        return;
    }
    take((int)pagemap);
    sys(SYS_close, pagemap);
    if (method == DIRTY_SOFT_DIRTY)
        soft_dirty_clear();
}

void dirty_forget(unsigned generation) {
    all[0] = 0;
    written_young = written_count;
    if (generation == 0)
        return;
    all[1] = 0;
    written_count = written_young = 0;
}

/* ---- watching ---- */

static int is_worth_watching(const struct mapping *mapping) {
    return !mapping->is_file && !mapping->shared && mapping->readable && mapping->writable &&
           mapping->hi - mapping->lo >= WATCH_BYTES_MIN && strcmp(mapping->path, "[stack]") != 0;
}

/* Watch the parts of [lo, hi) that are not watched yet. They may have been written before: that is noted by the first
 * dirty_take(), since a page counts as written until it was marked. */
static void watch(uintptr_t lo, uintptr_t hi) {
    while (lo < hi) {
        size_t place = range_first_behind(watched, watched_count, lo);
        uintptr_t stop = hi;
        if (place < watched_count && watched[place].lo <= lo) {
            lo = watched[place].hi;
            continue;
        }
        if (place < watched_count && watched[place].lo < hi)
            stop = watched[place].lo;
        struct range range = {lo, stop};
        if (watched_count == WATCHED_MAX || (method == DIRTY_PAGEMAP_SCAN && fault_watch(range) != 0))
            return;
        memmove(&watched[place + 1], &watched[place], (watched_count - place) * sizeof *watched);
        watched[place] = range;
        watched_count++;
        lo = stop;
    }
}

/* What was unmapped is found out by dirty_take() when it is watched by a userfaultfd; else it is looked for here. */
static void unwatch_gone(const struct maps *maps) {
    for (size_t i = 0; i < watched_count;) {
        const struct mapping *mapping = maps_find(maps, watched[i].lo);
        if (mapping && mapping->hi >= watched[i].hi && is_worth_watching(mapping))
            i++;
        else
            unwatch(i);
    }
}

void dirty_watch_new(void) {
    if (method == DIRTY_READ_ALL)
        return;
    if (method == DIRTY_PAGEMAP_SCAN && !descriptor_is_ours(&fault)) {
        watched_count = 0;
        if (fault_open() != 0)
            return;
    }
    struct arena arena;
    void *loans;
    pages_loan(&arena, &loans);
    struct maps maps;
    if (maps_read(&maps, &arena) == 0) {
        if (method != DIRTY_PAGEMAP_SCAN)
            unwatch_gone(&maps);
        for (size_t i = 0; i < maps.count; i++)
            if (is_worth_watching(&maps.mapping[i]) && !pages_are_ours(maps.mapping[i].lo))
                watch(maps.mapping[i].lo, maps.mapping[i].hi);
    }
    pages_loan_return(&loans);
}

/* ---- choosing ---- */

static int has_pagemap_scan(void) {
    struct range page = {0};
    long made = sys(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long pagemap = sys(SYS_openat, AT_FDCWD, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0);
    int works = 0;
    if (!sys_failed(made) && !sys_failed(pagemap) && fault_open() == 0) {
        page = (struct range){(uintptr_t)made, (uintptr_t)made + PAGE};
        struct page_region regions[4];
        uint64_t walk_end;
        *(volatile char *)page.lo = 1;
        works = fault_watch(page) == 0 && scan_protect((int)pagemap, page, regions, 4, &walk_end) == 1 &&
                scan_protect((int)pagemap, page, regions, 4, &walk_end) == 0;
        *(volatile char *)page.lo = 2;
        works = works && scan_protect((int)pagemap, page, regions, 4, &walk_end) == 1;
    }
    if (!sys_failed(pagemap))
        sys(SYS_close, pagemap);
    if (!sys_failed(made))
        sys(SYS_munmap, made, PAGE);
    return works;
}

static uint64_t pagemap_entry(uintptr_t address) {
    long pagemap = sys(SYS_openat, AT_FDCWD, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0);
    uint64_t entry = 0;
    if (sys_failed(pagemap))
        return 0;
    sys(SYS_pread64, pagemap, &entry, sizeof entry, address / PAGE * sizeof entry);
    sys(SYS_close, pagemap);
    return entry;
}

/* A page that was just written is dirty, and no longer after clearing. */
static int has_soft_dirty(void) {
    static volatile char probe[2 * PAGE];
    uintptr_t address = (uintptr_t)probe + PAGE;
    *(volatile char *)address = 1;
    int dirty = (pagemap_entry(address) & PAGEMAP_SOFT_DIRTY) != 0;
    soft_dirty_clear();
    int works = dirty && !all[0] && !(pagemap_entry(address) & PAGEMAP_SOFT_DIRTY);
    all[0] = all[1] = 0;
    return works;
}

/* A page of our own, present and shared with nobody. */
static int has_exclusive(void) {
    static volatile char probe[2 * PAGE];
    *(volatile char *)(probe + PAGE) = 1;
    return (pagemap_entry((uintptr_t)probe + PAGE) & PAGEMAP_EXCLUSIVE) != 0;
}

int dirty_choose(const char *wanted) {
    static int (*const has[DIRTY_READ_ALL])(void) = {has_pagemap_scan, has_soft_dirty, has_exclusive};
    const char *asked = NULL; /* by name */
    int is_free = !wanted[0] || strcmp(wanted, "auto") == 0;
    for (size_t i = 0; i < DIRTY_METHOD_COUNT; i++)
        if (strcmp(wanted, NAMES[i]) == 0)
            asked = NAMES[i];
    method = DIRTY_READ_ALL;
    watched = pages_alloc(WATCHED_MAX * sizeof *watched);
    written = pages_alloc(WRITTEN_MAX * sizeof *written);
    for (enum dirty_method each = 0; watched && written && each < DIRTY_READ_ALL; each++) {
        if (!(is_free || asked == NAMES[each]) || !has[each]())
            continue;
        method = each;
        break;
    }
    if (method != DIRTY_PAGEMAP_SCAN)
        descriptor_close(&fault);
    missing = asked == NAMES[method] ? NULL : asked;
    return is_free || asked ? 0 : -EINVAL;
}

void dirty_after_fork(void) {
    descriptor_close(&fault);
    watched_count = written_count = written_young = 0;
    all[0] = all[1] = 0;
}

/* ---- the child's question ---- */

static int compare_ranges(const void *a, const void *b) {
    const struct range *x = a, *y = b;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

static size_t join(struct range *range, size_t count) {
    size_t kept = 0;
    sort_array(range, count, sizeof *range, compare_ranges);
    for (size_t i = 0; i < count; i++) {
        if (range[i].hi <= range[i].lo)
            continue;
        if (kept && range[i].lo <= range[kept - 1].hi) {
            if (range[i].hi > range[kept - 1].hi)
                range[kept - 1].hi = range[i].hi;
        } else
            range[kept++] = range[i];
    }
    return kept;
}

int dirty_written(unsigned generation, struct arena *arena, struct range **out, size_t *count) {
    size_t from = generation ? 0 : written_young;
    size_t gaps = watched_count + 1, noted = written_count - from;
    struct range *range = arena_alloc(arena, gaps + noted, sizeof *range);
    if (!range)
        return -ENOMEM;
    *out = range;
    if (method == DIRTY_READ_ALL || all[generation != 0]) {
        range[0] = (struct range){0, UINTPTR_MAX & ~(uintptr_t)(PAGE - 1)};
        *count = 1;
        return 0;
    }
    uintptr_t at = 0;
    for (size_t i = 0; i < watched_count; i++) {
        range[i] = (struct range){at, watched[i].lo};
        at = watched[i].hi;
    }
    range[watched_count] = (struct range){at, UINTPTR_MAX & ~(uintptr_t)(PAGE - 1)};
    if (noted)
        memcpy(range + gaps, written + from, noted * sizeof *range);
    *count = join(range, gaps + noted);
    return 0;
}
