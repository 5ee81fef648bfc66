/* maps.c - /proc/self/maps and pagemap, read without libc.
 *
 * Owns:    nothing.
 * Never:   allocates but from the given arena; keeps a descriptor open.
 * Start:   maps_read(), maps_each_written(). */
#include "maps.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "pagemap.h"
#include "proc.h"
#include "rights.h"
#include "sys.h"

enum { PAGE = 4096 };

static const char *skip_word(const char *text) {
    while (*text && *text != ' ')
        text++;
    while (*text == ' ')
        text++;
    return text;
}

/* "lo-hi perms offset device inode   path" */
static int parse(const char *line, struct mapping *out, struct arena *arena) {
    *out = (struct mapping){.path = ""};
    out->lo = proc_hex(&line);
    line++;
    out->hi = proc_hex(&line);
    line++;
    out->readable = line[0] == 'r';
    out->writable = line[1] == 'w';
    out->executable = line[2] == 'x';
    out->shared = line[3] == 's';
    line = skip_word(skip_word(skip_word(line)));
    out->is_file = line[0] != '0';
    line = skip_word(line);
    if (*line) {
        size_t bytes = strlen(line) + 1;
        char *path = arena_alloc(arena, bytes, 1);
        if (!path)
            return -ENOMEM;
        memcpy(path, line, bytes);
        out->path = path;
    }
    return 0;
}

static int append(struct maps *maps, size_t *capacity, const struct mapping *mapping, struct arena *arena) {
    struct mapping *all = arena_grow(arena, maps->mapping, maps->count, capacity, sizeof *all);
    if (!all)
        return -ENOMEM;
    maps->mapping = all;
    all[maps->count++] = *mapping;
    return 0;
}

int maps_read(struct maps *out, struct arena *arena) {
    *out = (struct maps){0};
    struct proc_reader *reader = arena_alloc(arena, 1, sizeof *reader);
    char *line = arena_alloc(arena, 1, 8192);
    if (!reader || !line)
        return -ENOMEM;
    int error = proc_open(reader, "/proc/self/maps");
    if (error)
        return error;
    size_t capacity = 0;
    while (error == 0 && proc_line(reader, line, 8192) > 0) {
        struct mapping mapping;
        error = parse(line, &mapping, arena);
        if (error == 0)
            error = append(out, &capacity, &mapping, arena);
    }
    proc_close(reader);
    return error;
}

const struct mapping *maps_find(const struct maps *maps, uintptr_t address) {
    size_t lo = 0, hi = maps->count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (maps->mapping[middle].hi <= address)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo < maps->count && maps->mapping[lo].lo <= address ? &maps->mapping[lo] : NULL;
}

/* Collects pages into runs. */
struct run {
    uintptr_t lo, hi;
    struct range wanted; /* what of these pages is asked for */
    maps_run_cb *visit;
    void *context;
};
static void run_add(struct run *run, uintptr_t lo, uintptr_t hi) {
    if (lo == run->hi) {
        run->hi = hi;
        return;
    }
    uintptr_t from = run->lo > run->wanted.lo ? run->lo : run->wanted.lo;
    uintptr_t to = run->hi < run->wanted.hi ? run->hi : run->wanted.hi;
    if (to > from)
        run->visit(run->context, from, to);
    run->lo = lo;
    run->hi = hi;
}
static void run_page(struct run *run, uintptr_t page, int wanted) {
    if (wanted)
        run_add(run, page, page + PAGE);
}
static void run_end(struct run *run) {
    run_add(run, 0, 0);
}

/* The kernel walks what is there: 16 TiB of which a few pages were touched (a sanitizer's shadow) cost no more than these.
 * returns  0, or -1: it can't, and nothing was visited; or it stopped, and `*lo` is where */
static int each_by_scan(struct run *run, long file, uintptr_t *lo, uintptr_t hi, int is_file) {
    struct page_region regions[256];
    while (*lo < hi) {
        struct pagemap_scan request = {
            .bytes = sizeof request,
            .lo = *lo,
            .hi = hi,
            .regions = (uintptr_t)regions,
            .region_count = sizeof regions / sizeof *regions,
            .inverted = is_file ? SCAN_FILE : 0,
            .wanted_all = is_file ? SCAN_FILE : 0,
            .wanted_any = SCAN_PRESENT | SCAN_SWAPPED,
            .returned = SCAN_PRESENT,
        };
        long count = sys(SYS_ioctl, file, SCAN_IOCTL, &request);
        if (sys_failed(count) || request.walk_end <= *lo)
            return -1;
        for (long i = 0; i < count; i++)
            run_add(run, regions[i].lo, regions[i].hi);
        *lo = request.walk_end;
    }
    return 0;
}

static int each_by_entries(struct run *run, long file, uintptr_t page, uintptr_t hi, int is_file) {
    uint64_t entries[512] = {0};
    while (page < hi) {
        size_t count = (hi - page) / PAGE < 512 ? (hi - page) / PAGE : 512;
        long got = sys(SYS_pread64, file, entries, count * 8, page / PAGE * 8);
        if (got <= 0)
            return -1;
        for (long i = 0; i < got / 8; i++, page += PAGE) {
            int there = (entries[i] & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED)) != 0;
            run_page(run, page, there && !(is_file && entries[i] & PAGEMAP_FILE));
        }
    }
    return 0;
}

/* A filter of the program's (seccomp) was asked for the calls of a scan, and this ioctl is none of them. */
static int each_by_pagemap(struct run *run, long file, uintptr_t lo, uintptr_t hi, int is_file) {
    if (sys_failed(file))
        return -1;
    return rights_filtered || each_by_scan(run, file, &lo, hi, is_file) ? each_by_entries(run, file, lo, hi, is_file)
                                                                        : 0;
}

/* Shared memory is not in a fresh child's page table: which pages exist is asked of the page cache. */
static int each_by_mincore(struct run *run, uintptr_t lo, uintptr_t hi) {
    unsigned char resident[512] = {0};
    for (uintptr_t page = lo; page < hi;) {
        size_t count = (hi - page) / PAGE < 512 ? (hi - page) / PAGE : 512;
        if (sys_failed(sys(SYS_mincore, page, count * PAGE, resident)))
            return -1;
        for (size_t i = 0; i < count; i++, page += PAGE)
            run_page(run, page, resident[i] & 1);
    }
    return 0;
}

long maps_pages_open(void) {
    return proc_file("/proc/self/pagemap", 0);
}

void maps_pages_close(long pages) {
    if (!sys_failed(pages))
        sys(SYS_close, pages);
}

void maps_each_written(long pages, const struct mapping *mapping, uintptr_t lo, uintptr_t hi, maps_run_cb *visit,
                       void *context) {
    struct run run = {.wanted = {lo, hi}, .visit = visit, .context = context};
    uintptr_t page = lo & ~(uintptr_t)(PAGE - 1), end = (hi + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    int error =
        mapping->shared ? each_by_mincore(&run, page, end) : each_by_pagemap(&run, pages, page, end, mapping->is_file);
    if (error) {
        visit(context, lo, hi);
        return;
    }
    run_end(&run);
}
