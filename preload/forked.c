/* forked.c - see the header.
 *
 * Owns:    nothing.
 * Never:   reads shared memory, which others fill.
 * Start:   forked_aim(); forked_written().  Invariants: README.md, "Forked children".
 * Source:  Linux, Documentation/admin-guide/mm/pagemap.rst */
#include "forked.h"

#include <errno.h>

#include "generations.h"
#include "init.h"
#include "lsan.h"
#include "pagemap.h"
#include "pages.h"
#include "proc.h"
#include "record.h"
#include "sys.h"

enum { PAGE = 4096, ENTRIES = 4096 /* of pagemap, read at once */ };

/* What these tell is told of all objects, whoever made them; and a young view knows aligned words only. */
static int is_all_asked_for(void) {
    const struct options *options = &process.options;
    return options_retained(options) || options_audit_live(options) || options_unaligned(options) || lsan.unaligned;
}

void forked_aim(struct scan_input *in) {
    if (!process.is_forked || is_all_asked_for() || generations_aim_since_fork(in) != 0)
        return;
    in->young.birth_from = record_inherited_before();
    in->young.birth_end = record_next_serial();
    in->since_fork = 1;
}

/* ---- written pages ---- */

struct pages {
    struct arena *arena;
    struct range *range;
    size_t count, capacity;
    int error;
    uint64_t entry[ENTRIES];
};

static int add(struct pages *pages, uintptr_t lo, uintptr_t hi) {
    if (pages->count && pages->range[pages->count - 1].hi == lo) {
        pages->range[pages->count - 1].hi = hi;
        return 0;
    }
    struct range *range = arena_grow(pages->arena, pages->range, pages->count, &pages->capacity, sizeof *range);
    if (!range)
        return -ENOMEM;
    pages->range = range;
    range[pages->count++] = (struct range){lo, hi};
    return 0;
}

/* Of a page that was swapped out, nothing tells who has it. */
static int is_own(uint64_t entry) {
    if (entry & PAGEMAP_SWAPPED)
        return 1;
    return (entry & (PAGEMAP_PRESENT | PAGEMAP_EXCLUSIVE | PAGEMAP_FILE)) == (PAGEMAP_PRESENT | PAGEMAP_EXCLUSIVE);
}

static int add_own(struct pages *pages, long file, uintptr_t page, uintptr_t hi) {
    while (page < hi) {
        size_t count = (hi - page) / PAGE < ENTRIES ? (hi - page) / PAGE : ENTRIES;
        long got = sys(SYS_pread64, file, pages->entry, count * sizeof *pages->entry, page / PAGE * sizeof(uint64_t));
        if (got < (long)sizeof *pages->entry)
            return add(pages, page, hi);
        for (long i = 0; i < got / (long)sizeof *pages->entry; i++, page += PAGE)
            if (is_own(pages->entry[i]) && add(pages, page, page + PAGE))
                return -ENOMEM;
    }
    return 0;
}

static int may_be_own(const struct mapping *mapping) {
    return mapping->readable && mapping->writable && !mapping->shared && !pages_are_ours(mapping->lo);
}

/* Mappings that lie side by side are asked for together. returns behind which one they end */
static size_t side_by_side(const struct maps *maps, size_t first) {
    size_t end = first + 1;
    while (end < maps->count && maps->mapping[end].lo == maps->mapping[end - 1].hi && may_be_own(&maps->mapping[end]))
        end++;
    return end;
}

static int add_all(struct pages *pages, const struct maps *maps, long file) {
    for (size_t i = 0, end; i < maps->count && !pages->error; i = end) {
        end = i + 1;
        if (!may_be_own(&maps->mapping[i]))
            continue;
        end = side_by_side(maps, i);
        pages->error = add_own(pages, file, maps->mapping[i].lo, maps->mapping[end - 1].hi);
    }
    return pages->error;
}

int forked_written(const struct maps *maps, struct arena *arena, struct range **out, size_t *count) {
    struct pages *pages = arena_alloc(arena, 1, sizeof *pages);
    long file = proc_file("/proc/self/pagemap", 0);
    int error = pages ? -ENODATA : -ENOMEM;
    if (pages && !sys_failed(file)) {
        pages->arena = arena;
        error = add_all(pages, maps, file);
        *out = pages->range;
        *count = pages->count;
    }
    if (!sys_failed(file))
        sys(SYS_close, file);
    return error;
}
