/* nofork.c - MADV_DONTFORK, lifted for the moment of our own clone.
 *
 * V8 keeps its heap from children, and with it the only pointers to much of what it has from malloc. The kernel tells which
 * memory that is in /proc/self/smaps only, which takes too long to read while threads stand: so it is read before, and of
 * what is found there only mappings that are still exactly where they were are touched.
 *
 * Owns:    the list of such mappings.
 * Never:   leaves memory open to the program's own forks; marks memory that was not marked.
 * Start:   nofork_look(), then nofork_lift().
 * Source:  Linux, Documentation/filesystems/proc.rst, "VmFlags" (dc) */
#include "nofork.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "hooks.h"
#include "maps.h"
#include "next.h"
#include "pages.h"
#include "proc.h"

enum { RANGES_MAX = 16384, LINE_BYTES = 8192 };

static _Atomic int asked_for;
static struct range *ranges; /* sorted */
static size_t range_count;

EXPORT int madvise(void *address, size_t bytes, int advice) {
    next_find();
    int result = next.madvise(address, bytes, advice);
    if (advice == MADV_DONTFORK && result == 0)
        atomic_store_explicit(&asked_for, 1, memory_order_relaxed);
    return result;
}

/* "VmFlags: rd wr mr ..." of the mapping above it. */
static int is_kept_from_children(const char *line) {
    static const char start[] = "VmFlags:";
    return strncmp(line, start, sizeof start - 1) == 0 && strstr(line, " dc") && !strstr(line, " io") &&
           !strstr(line, " pf");
}

/* A mapping's first line; those about it begin with capitals. returns 1 when it is private and can be read and written */
static int parse_range(const char *line, struct range *out) {
    out->lo = proc_hex(&line);
    line++;
    out->hi = proc_hex(&line);
    return line[0] == ' ' && line[1] == 'r' && line[2] == 'w' && line[4] == 'p';
}

static void read_ranges(struct proc_reader *reader, char *line) {
    struct range range = {0, 0};
    int fits = 0;
    while (proc_line(reader, line, LINE_BYTES) > 0 && range_count < RANGES_MAX) {
        if (line[0] < 'A' || line[0] > 'Z')
            fits = parse_range(line, &range);
        else if (fits && is_kept_from_children(line))
            ranges[range_count++] = range;
    }
}

void nofork_look(void) {
    range_count = 0;
    if (!atomic_load_explicit(&asked_for, memory_order_relaxed))
        return;
    if (!ranges && !(ranges = pages_alloc(RANGES_MAX * sizeof *ranges)))
        return;
    struct arena arena;
    void *loans;
    pages_loan(&arena, &loans);
    struct proc_reader *reader = arena_alloc(&arena, 1, sizeof *reader);
    char *line = arena_alloc(&arena, 1, LINE_BYTES);
    if (reader && line && proc_open(reader, "/proc/self/smaps") == 0) {
        read_ranges(reader, line);
        proc_close(reader);
    }
    pages_loan_return(&loans);
}

static void advise(int advice) {
    for (size_t i = 0; i < range_count; i++)
        sys(SYS_madvise, ranges[i].lo, ranges[i].hi - ranges[i].lo, advice);
}

/* Forget what is no longer there. */
static void check_ranges(void) {
    struct arena arena;
    struct maps maps;
    void *loans;
    size_t kept = 0;
    pages_loan(&arena, &loans);
    if (maps_read(&maps, &arena) == 0)
        for (size_t i = 0; i < range_count; i++) {
            const struct mapping *mapping = maps_find(&maps, ranges[i].lo);
            if (mapping && mapping->hi >= ranges[i].hi && mapping->readable && mapping->writable && !mapping->shared)
                ranges[kept++] = ranges[i];
        }
    range_count = kept;
    pages_loan_return(&loans);
}

void nofork_lift(void) {
    if (range_count)
        check_ranges();
    advise(MADV_DOFORK);
}

void nofork_restore(void) {
    advise(MADV_DONTFORK);
}
