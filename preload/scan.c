/* scan.c - build the heap view, gather roots, mark, judge, write.
 *
 * Owns:    nothing that outlives it; memory is an arena of our pages.
 * Never:   calls anything of the program's; takes no lock but for our pages; keeps to raw system calls.
 * Runs in: snapshot child.
 * Start:   scan_run(). */
#include "scan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "analysis/pools.h"
#include "hooks.h"
#include "module.h"
#include "pages.h"
#include "proc.h"
#include "record.h"
#include "site.h"
#include "unwind.h"

enum { ARENA_BLOCK_BYTES = 8 << 20, CMDLINE_BYTES_MAX = 1 << 20, PATH_BYTES = 4096 };

int64_t scan_now_us(void) {
    struct timespec now = {0};
    sys(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

double scan_wall_seconds(void) {
    struct timespec now = {0};
    sys(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int sink_write(void *context, const void *bytes, size_t count) {
    int file = *(const int *)context;
    const char *at = bytes;
    while (count) {
        long written = sys(SYS_write, file, at, count);
        if (written == -EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? (int)written : -EIO;
        at += written;
        count -= (size_t)written;
    }
    return 0;
}

/* ---- header ---- */

static size_t read_file(const char *path, char *out, size_t max) {
    long file = proc_file(path, 0);
    size_t fill = 0;
    if (sys_failed(file))
        return 0;
    for (long got; fill < max && (got = sys(SYS_read, file, out + fill, max - fill)) > 0;)
        fill += (size_t)got;
    sys(SYS_close, file);
    return fill;
}

static void write_header(struct cast_sink *sink, const struct scan_input *in, struct arena *arena) {
    char *cmdline = arena_alloc(arena, 1, CMDLINE_BYTES_MAX);
    char executable[PATH_BYTES];
    long length = sys(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", executable, sizeof executable - 1);
    executable[sys_failed(length) ? 0 : length] = 0;
    cast_header(sink, &(struct cast_header){
                          .tool_version = CASTAWAY_VERSION,
                          .pid = in->pid,
                          .parent_pid = in->parent_pid,
                          .cmdline = cmdline,
                          .cmdline_bytes = cmdline ? read_file("/proc/self/cmdline", cmdline, CMDLINE_BYTES_MAX) : 0,
                          .executable = executable,
                          .exit_status = in->exit_status,
                          .start_seconds = in->start_seconds,
                          .end_seconds = scan_wall_seconds(),
                      });
}

/* ---- sites and modules that findings name ---- */

struct used {
    uint64_t *sites;   /* one bit a site id */
    uint64_t *modules; /* one bit a module number */
};

static void use_site(struct used *used, uint32_t id) {
    if (!id || used->sites[id >> 6] >> (id & 63) & 1)
        return;
    used->sites[id >> 6] |= 1ull << (id & 63);
    const struct site *site = site_get(id);
    for (uint32_t i = 0; i < site->count; i++) {
        unsigned module = site_modules(site)[i];
        if (module != MODULE_NONE)
            used->modules[module >> 6] |= 1ull << (module & 63);
    }
}

static void write_modules(struct cast_sink *sink, const struct used *used, const struct maps *maps) {
    size_t count;
    const struct module *table = module_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (!(used->modules[i >> 6] >> (i & 63) & 1))
            continue;
        const struct mapping *mapping = table[i].closed ? NULL : maps_find(maps, table[i].lo);
        cast_module(sink, (uint32_t)i,
                    &(struct cast_module){
                        .path = mapping && mapping->path[0] ? mapping->path : table[i].path,
                        .build_id = table[i].build_id,
                        .build_id_bytes = table[i].build_id_bytes,
                        .bias = table[i].bias,
                    });
    }
}

static void write_site(struct cast_sink *sink, uint32_t id) {
    size_t module_count;
    const struct module *table = module_table(&module_count);
    const struct site *site = site_get(id);
    struct cast_frame frames[CAPTURE_FRAMES_MAX];
    for (uint32_t i = 0; i < site->count; i++) {
        unsigned module = site_modules(site)[i];
        int known = module != MODULE_NONE;
        frames[i] = (struct cast_frame){
            .module = known ? module : UINT32_MAX,
            .exact = (site->frames[i] & FRAME_EXACT) != 0,
            .offset = (site->frames[i] & ~FRAME_EXACT) - (known ? table[module].bias : 0),
        };
    }
    cast_site(sink, id, frames, site->count);
}

static int write_stacks(struct cast_sink *sink, const struct verdicts *verdicts, const struct maps *maps,
                        struct arena *arena) {
    size_t site_words = site_count() / 64 + 1;
    struct used used = {
        .sites = arena_alloc(arena, site_words, sizeof(uint64_t)),
        .modules = arena_alloc(arena, MODULES_MAX / 64, sizeof(uint64_t)),
    };
    if (!used.sites || !used.modules)
        return -ENOMEM;
    for (size_t i = 0; i < verdicts->finding_count; i++) {
        const struct finding *finding = &verdicts->findings[i];
        use_site(&used, finding->site);
        for (size_t edge = 0; finding->cycle && edge < finding->cycle_listed; edge++)
            use_site(&used, finding->cycle[edge].site);
    }
    write_modules(sink, &used, maps);
    for (size_t word = 0; word < site_words; word++)
        for (uint64_t bits = used.sites[word]; bits; bits &= bits - 1)
            write_site(sink, (uint32_t)(word * 64 + (size_t)__builtin_ctzll(bits)));
    return 0;
}

/* ---- notes ---- */

static void note(struct cast_sink *sink, enum note_code code, uint64_t count, const char *detail) {
    if (count)
        cast_note(sink, code, count, detail);
}

/* Is there a variable NAME in the list "NAME,NAME"? */
static int is_listed(const char *list, const char *name) {
    size_t bytes = strlen(name);
    for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',')
        if (strncmp(at, name, bytes) == 0 && (at[bytes] == ',' || !at[bytes]))
            return 1;
    return 0;
}

static int is_mapped(const struct maps *maps, const char *part) {
    for (size_t i = 0; i < maps->count; i++) {
        const char *slash = strrchr(maps->mapping[i].path, '/');
        if (slash && strstr(slash, part))
            return 1;
    }
    return 0;
}

/* The switches that `castaway run` set and that something here reads. */
static void write_pools(struct cast_sink *sink, const struct scan_input *in, const struct maps *maps) {
    static const struct {
        const char *name, *setting, *module;
    } switches[] = {
#define X(name, value, module) {name, name "=" value, module},
        POOL_SWITCHES(X)
#undef X
    };
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        if (is_listed(in->pools, switches[i].name) && is_mapped(maps, switches[i].module))
            cast_note(sink, NOTE_POOL_OFF, 1, switches[i].setting);
}

static void write_notes(struct cast_sink *sink, const struct scan_input *in, const struct verdicts *verdicts) {
    note(sink, NOTE_NOT_RECORDED, record_losses(), NULL);
    note(sink, NOTE_NO_STACK, hook_without_stack(), NULL);
    note(sink, NOTE_STACK_CUT, unwind_cut(), NULL);
    note(sink, NOTE_THREAD_RUNNING, in->stopped->running, NULL);
    note(sink, NOTE_OWN_MALLOC, (uint64_t)in->own_malloc, NULL);
    note(sink, NOTE_NO_UNWINDER, !unwind_ready(), NULL);
    note(sink, NOTE_IN_PROCESS, (uint64_t)in->in_process, NULL);
    note(sink, NOTE_INHERITED, verdicts->inherited_objects, NULL);
    note(sink, NOTE_BAD_OPTION, in->bad_option != NULL, in->bad_option);
    note(sink, NOTE_NEXT_ALLOCATOR, !in->facts->allocator_is_glibc, NULL);
}

/* ---- the scan ---- */

static int odd_by_address(const struct heap_odd *a, const struct heap_odd *b) {
    return a->address > b->address;
}

static int view_odd(struct heap *heap, struct arena *arena) {
    heap->odd_count = record_odd(NULL, 0);
    if (!heap->odd_count)
        return 0;
    heap->odd = arena_alloc(arena, heap->odd_count, sizeof *heap->odd);
    if (!heap->odd)
        return -ENOMEM;
    record_odd(heap->odd, heap->odd_count);
    /* Shell sort: they are few, and come nearly in the order of their birth. */
    for (size_t gap = heap->odd_count / 2; gap; gap /= 2)
        for (size_t i = gap; i < heap->odd_count; i++) {
            struct heap_odd item = heap->odd[i];
            size_t at = i;
            for (; at >= gap && odd_by_address(&heap->odd[at - gap], &item); at -= gap)
                heap->odd[at] = heap->odd[at - gap];
            heap->odd[at] = item;
        }
    return 0;
}

static int flag_inherited(void *context, uintptr_t address, object_id id) {
    const struct heap *heap = context;
    (void)address;
    struct object *object = heap_object(heap, id);
    if (object->birth < record_inherited_before())
        object->flags |= OBJECT_INHERITED;
    return 0;
}

struct search {
    struct maps maps;
    struct heap heap;
    struct roots_output roots;
    struct marks marks;
    struct verdicts verdicts;
    int64_t mark_us;
};

static int search_run(const struct scan_input *in, struct arena *arena, struct search *search) {
    int error = maps_read(&search->maps, arena);
    if (error)
        return error;
    record_view(&search->heap);
    search->heap.pointer_mask = in->pointer_mask;
    search->heap.unaligned = in->unaligned;
    if ((error = view_odd(&search->heap, arena)) || (error = roots_view_memory(&search->maps, &search->heap, arena)) ||
        (error = heap_freeze(&search->heap, arena)))
        return error;
    if (record_inherited_before())
        heap_each(&search->heap, flag_inherited, &search->heap);
    struct roots_input roots = {
        .maps = &search->maps,
        .heap = &search->heap,
        .facts = in->facts,
        .stopped = in->stopped,
        .here = in->here,
        .here_interrupted = in->here_interrupted,
        .here_thread_pointer = in->here_thread_pointer,
        .pid = in->pid,
    };
    if ((error = roots_gather(&roots, arena, &search->roots)))
        return error;
    int64_t begun_us = scan_now_us();
    error = mark_run(&search->heap, search->roots.root, search->roots.count, arena, &search->marks);
    search->mark_us = scan_now_us() - begun_us;
    return error ? error : verdict_run(&search->heap, &search->marks, OBJECT_INHERITED, NULL, arena, &search->verdicts);
}

int scan_run(const struct scan_input *in) {
    int64_t begun_us = scan_now_us();
    struct arena arena;
    pages_arena(&arena, ARENA_BLOCK_BYTES);
    struct search *search = arena_alloc(&arena, 1, sizeof *search);
    struct cast_sink *sink = arena_alloc(&arena, 1, sizeof *sink);
    int error = search && sink ? search_run(in, &arena, search) : -ENOMEM;
    if (error)
        return error;
    int file = in->file;
    sink->write = sink_write;
    sink->context = &file;
    write_header(sink, in, &arena);
    error = write_stacks(sink, &search->verdicts, &search->maps, &arena);
    if (error)
        return error;
    cast_scan(sink,
              &(struct cast_scan){
                  .generation = 2,
                  .threads = (unsigned)in->stopped->count + 1,
                  .pause_us = (uint64_t)(begun_us - in->stop_begun_us),
                  .mark_us = (uint64_t)search->mark_us,
                  .scan_us = (uint64_t)(scan_now_us() - begun_us),
                  .root_bytes = search->roots.bytes,
              },
              &search->verdicts);
    for (size_t i = 0; i < search->verdicts.finding_count; i++)
        cast_finding(sink, &search->verdicts.findings[i]);
    write_notes(sink, in, &search->verdicts);
    write_pools(sink, in, &search->maps);
    return cast_end(sink);
}

int scan_write_failure(const struct scan_input *in, const char *why) {
    struct arena arena;
    pages_arena(&arena, 0);
    struct cast_sink *sink = arena_alloc(&arena, 1, sizeof *sink);
    if (!sink)
        return -ENOMEM;
    int file = in->file;
    sys(SYS_ftruncate, file, 0);
    sys(SYS_lseek, file, 0, 0);
    sink->write = sink_write;
    sink->context = &file;
    write_header(sink, in, &arena);
    cast_note(sink, NOTE_SCAN_FAILED, 1, why);
    return cast_end(sink);
}
