/* roots.c - every mapping that the program wrote to is a root, but for what is known not to be.
 *
 * Not roots: the heap itself (it is reached object by object), our memory, the allocator's own data, and stacks except
 * the live part of each living thread's. So a mapping that somebody made behind libc's back still counts, and a stack
 * that glibc keeps for reuse does not.
 *
 * Owns:    nothing.
 * Never:   follows a pointer of the program's that was not checked against the mappings.
 * Runs in: snapshot child.
 * Start:   roots_gather(). Invariants: README.md, "Roots". */
#include "roots.h"

#include <errno.h>
#include <string.h>

#include "api.h"
#include "analysis/sort.h"
#include "kernel_roots.h"
#include "loaded.h"
#include "mapping.h"
#include "pages.h"
#include "pooled.h"
#include "record.h"
#include "thread.h"
#include "thread_block.h"

enum { PAGE = 4096, WORD = sizeof(uintptr_t), STACKS_MAX = 1 << 20 };

struct list {
    void *items;
    size_t count, capacity, item_bytes;
    struct arena *arena;
    int error;
};

static void *list_add(struct list *list) {
    void *items = arena_grow(list->arena, list->items, list->count, &list->capacity, list->item_bytes);
    if (!items) {
        list->error = -ENOMEM;
        return NULL;
    }
    list->items = items;
    return (char *)items + list->count++ * list->item_bytes;
}

struct gather {
    const struct roots_input *in;
    struct list roots;    /* struct root */
    struct list excluded; /* struct range */
    uint64_t bytes;
    long pages;             /* see maps_pages_open() */
    unsigned flags;         /* of the mapping under way */
    enum root_class adding; /* of what is added */
};

static void exclude(struct gather *gather, uintptr_t lo, uintptr_t hi) {
    struct range *range = hi > lo ? list_add(&gather->excluded) : NULL;
    if (range)
        *range = (struct range){lo, hi};
}

static void add(struct gather *gather, uintptr_t lo, uintptr_t hi, unsigned flags) {
    lo = (lo + WORD - 1) & ~(uintptr_t)(WORD - 1);
    hi &= ~(uintptr_t)(WORD - 1);
    if (gather->adding & (ROOTS_STACKS | ROOTS_REGISTERS))
        flags |= ROOT_STACK;
    if (gather->adding & ROOTS_REGISTERS)
        flags |= ROOT_REGISTER;
    struct root *root = hi > lo && !(gather->adding & gather->in->left_out) ? list_add(&gather->roots) : NULL;
    if (!root)
        return;
    *root = (struct root){lo, hi, flags};
    gather->bytes += hi - lo;
}

static void add_run(void *context, uintptr_t lo, uintptr_t hi) {
    struct gather *gather = context;
    add(gather, lo, hi, gather->flags);
}

/* Add what was written of [lo, hi), which lies in `mapping`. */
static void add_written(struct gather *gather, const struct mapping *mapping, uintptr_t lo, uintptr_t hi,
                        unsigned flags) {
    const struct range *written = gather->in->written;
    size_t count = gather->in->written_count;
    gather->flags = flags;
    if (!written)
        maps_each_written(gather->pages, mapping, lo, hi, add_run, gather);
    for (size_t i = written ? range_first_behind(written, count, lo) : count; i < count && written[i].lo < hi; i++)
        add_run(gather, written[i].lo > lo ? written[i].lo : lo, written[i].hi < hi ? written[i].hi : hi);
}

/* ---- the heap ---- */

/* Heaps of glibc's other arenas begin at multiples of 64 MiB with this header.
 * Source: glibc, malloc/arena.c, heap_info and HEAP_MAX_SIZE */
struct glibc_heap {
    uintptr_t arena, previous;
    size_t bytes, writable_bytes;
};
enum { GLIBC_HEAP_BYTES = 64 << 20 };

/* Where memory like that of mapping number `i` ends: the kernel keeps it in pieces when some of it is watched (dirty.c). */
static uintptr_t contiguous_end(const struct maps *maps, size_t i) {
    uintptr_t end = maps->mapping[i].hi;
    while (++i < maps->count && maps->mapping[i].lo == end && !maps->mapping[i].is_file && maps->mapping[i].readable &&
           maps->mapping[i].writable)
        end = maps->mapping[i].hi;
    return end;
}

static void exclude_glibc_arenas(struct gather *gather, const struct mapping *mapping, uintptr_t end) {
    uintptr_t base = (mapping->lo + GLIBC_HEAP_BYTES - 1) & ~(uintptr_t)(GLIBC_HEAP_BYTES - 1);
    for (; base < mapping->hi && mapping->hi - base >= PAGE; base += GLIBC_HEAP_BYTES) {
        const struct glibc_heap *heap = (const struct glibc_heap *)base;
        size_t room = end - base;
        if (heap->bytes && heap->bytes <= heap->writable_bytes && heap->writable_bytes <= room &&
            heap->writable_bytes % PAGE == 0 && heap->writable_bytes <= GLIBC_HEAP_BYTES && heap->arena &&
            heap->arena % 8 == 0 && maps_find(gather->in->maps, heap->arena))
            exclude(gather, base, base + heap->writable_bytes);
    }
}

/* A block that glibc mapped for itself: bit 1 of the size before the block. Source: glibc, malloc/malloc.c, IS_MMAPPED */
static void exclude_mapped_blocks(struct gather *gather) {
    const struct heap *heap = gather->in->heap;
    for (size_t i = 0; i < heap->large_count; i++) {
        uintptr_t block = heap->large[i].lo;
        const struct mapping *mapping = maps_find(gather->in->maps, block - 2 * WORD);
        if (!mapping || !mapping->readable || mapping->is_file || block % 16)
            continue;
        size_t before = ((const size_t *)block)[-2], size = ((const size_t *)block)[-1];
        uintptr_t lo = block - 2 * WORD - before, hi = block - 2 * WORD + (size & ~(size_t)7);
        if (size & 2 && lo % PAGE == 0 && hi % PAGE == 0 && hi >= heap->large[i].hi)
            exclude(gather, lo, hi);
    }
}

/* Did any object ever live in this mapping? */
static int holds_objects(const struct heap *heap, const struct mapping *mapping) {
    uintptr_t step = 1ull << HEAP_LEAF_SHIFT;
    for (uintptr_t at = mapping->lo & ~(step - 1); at < mapping->hi; at += step)
        if (heap_leaf_at(heap->index, at))
            return 1;
    return 0;
}

static void exclude_heap(struct gather *gather) {
    const struct roots_input *in = gather->in;
    for (size_t i = 0; i < in->maps->count; i++) {
        const struct mapping *mapping = &in->maps->mapping[i];
        if (strcmp(mapping->path, "[heap]") == 0)
            exclude(gather, mapping->lo, mapping->hi);
        else if (mapping->is_file || !mapping->writable || !mapping->readable || mapping->path[0] == '[')
            continue;
        else if (in->facts->allocator_is_glibc)
            exclude_glibc_arenas(gather, mapping, contiguous_end(in->maps, i));
        else if (holds_objects(in->heap, mapping))
            exclude(gather, mapping->lo, mapping->hi);
    }
    if (in->facts->allocator_is_glibc)
        exclude_mapped_blocks(gather);
    else {
        exclude(gather, in->facts->allocator.lo, in->facts->allocator.hi);
        size_t count;
        const struct mapped *mapped = mapping_allocator(&count);
        for (size_t i = 0; i < count; i++)
            exclude(gather, mapped[i].range.lo, mapped[i].range.hi);
    }
}

/* ---- what the program declared, or made of the heap ---- */

static void exclude_block(void *context, const struct pooled_block *block) {
    exclude(context, block->lo, block->hi);
}

static void exclude_pooled(void *context, uintptr_t address) {
    struct gather *gather = context;
    uintptr_t start;
    object_id id = heap_find(gather->in->heap, address, &start);
    if (id)
        exclude(gather, start, start + heap_object(gather->in->heap, id)->size_bytes);
}

/* The part of [lo, hi) that can be read. */
static void add_readable(struct gather *gather, uintptr_t lo, uintptr_t hi, unsigned flags) {
    for (struct range r = heap_readable(gather->in->heap, lo, hi); r.lo < r.hi;
         r = heap_readable(gather->in->heap, r.hi, hi))
        add(gather, r.lo, r.hi, flags);
}

static void add_block_head(void *context, const struct pooled_block *block) {
    add_readable(context, block->lo, block->first, 0);
}

static void exclude_pools(struct gather *gather) {
    pooled_each_block(exclude_block, gather);
    pooled_each_object(exclude_pooled, gather);
}

static void add_declared(struct gather *gather) {
    size_t count;
    const struct range *declared = api_roots(&count);
    gather->adding = ROOTS_DECLARED;
    for (size_t i = 0; i < count; i++)
        add_readable(gather, declared[i].lo, declared[i].hi, 0);
    gather->adding = ROOTS_OTHER;
    struct range unrecorded[UNRECORDED_MAX];
    for (size_t i = record_unrecorded(unrecorded); i-- > 0;)
        add_readable(gather, unrecorded[i].lo, unrecorded[i].hi, 0);
    const struct mapped *taken = mapping_from_break(&count);
    for (size_t i = 0; i < count; i++)
        add_readable(gather, taken[i].range.lo, taken[i].range.hi, 0);
    pooled_each_block(add_block_head, gather);
}

/* ---- threads ---- */

static uintptr_t stack_end(const struct roots_input *in, uintptr_t thread_pointer) {
    return thread_block_tls(in->facts, thread_pointer).hi;
}

static int is_main(const struct roots_input *in, uintptr_t thread_pointer) {
    return thread_pointer == in->facts->main_thread_pointer;
}

static int is_thread_block(const struct roots_input *in, uintptr_t thread_pointer) {
    const struct mapping *mapping = maps_find(in->maps, thread_pointer);
    struct range block = thread_block(in->facts, thread_pointer);
    return mapping && mapping->readable && thread_pointer % WORD == 0 && block.lo >= mapping->lo &&
           thread_pointer + 4 * WORD <= mapping->hi && thread_block_names_itself(in->facts, thread_pointer);
}

/* Stack and thread block of one thread, dead or alive: from the bottom of its mapping. */
static void exclude_stack(struct gather *gather, uintptr_t thread_pointer) {
    const struct roots_input *in = gather->in;
    if (!thread_pointer || is_main(in, thread_pointer) || !is_thread_block(in, thread_pointer))
        return;
    const struct mapping *mapping = maps_find(in->maps, thread_pointer);
    /* glibc puts a guard below the stacks that it makes. Without one the mapping's lower part may be anybody's (a stack
     * that the program provided, or one grown together with its neighbour): all of it counts then. */
    const struct mapping *below = mapping > in->maps->mapping ? mapping - 1 : NULL;
    if (mapping->is_file || !below || below->readable || below->hi != mapping->lo)
        return;
    uintptr_t end = stack_end(in, thread_pointer);
    exclude(gather, mapping->lo, end < mapping->hi ? end : mapping->hi);
}

/* glibc's lists of the stacks that it made, of links {next, previous} in each thread's block. Each is checked: a list that
 * is not one, in a glibc that keeps it elsewhere, ends the walk.
 * Source: glibc, sysdeps/generic/ldsodefs.h: _dl_stack_used, _dl_stack_user, _dl_stack_cache, one after the other */
enum stack_list { USED_STACKS = 0, CACHED_STACKS = 2 };

static void each_stack(struct gather *gather, enum stack_list list,
                       void (*visit)(struct gather *, uintptr_t thread_pointer)) {
    const struct roots_input *in = gather->in;
    uintptr_t head = in->facts->used_stacks, before;
    if (!head)
        return;
    head += list * 2 * WORD;
    uintptr_t at = before = head;
    for (size_t i = 0; i < STACKS_MAX; i++) {
        at = ((const uintptr_t *)at)[0];
        const struct mapping *mapping = maps_find(in->maps, at);
        if (at == head || !mapping || !mapping->readable || at % WORD || mapping->hi - at < 2 * WORD)
            return;
        uintptr_t thread_pointer = thread_block_pointer(in->facts, at - in->facts->thread_list_offset);
        if (((const uintptr_t *)at)[1] != before || !is_thread_block(in, thread_pointer))
            return;
        visit(gather, thread_pointer);
        before = at;
    }
}

static void exclude_stacks(struct gather *gather) {
    const struct roots_input *in = gather->in;
    for (size_t i = 0; i < in->maps->count; i++)
        if (strcmp(in->maps->mapping[i].path, "[stack]") == 0)
            exclude(gather, in->maps->mapping[i].lo, in->maps->mapping[i].hi);
    const uintptr_t *pointers;
    size_t count = thread_pointers(&pointers);
    for (size_t i = 0; i < count; i++)
        exclude_stack(gather, pointers[i]);
    for (size_t i = 0; i < in->stopped->count; i++)
        exclude_stack(gather, in->stopped->threads[i].thread_pointer);
    each_stack(gather, CACHED_STACKS, exclude_stack); /* of threads that never allocated, too */
    /* Of a coroutine's stack in a mapping, nobody knows where that ends; where the end of the process stands on it is known. */
    if (in->here && in->here_reached)
        exclude(gather, in->here_reached, in->here->sp);
}

/* The thread's stack when its stack pointer is elsewhere (a coroutine, an alternate signal stack): all of it. */
static void add_whole_stack(struct gather *gather, uintptr_t thread_pointer) {
    const struct roots_input *in = gather->in;
    gather->adding = ROOTS_STACKS;
    for (size_t i = 0; i < in->maps->count; i++) {
        const struct mapping *mapping = &in->maps->mapping[i];
        int is_it = is_main(in, thread_pointer) ? strcmp(mapping->path, "[stack]") == 0
                                                : thread_pointer - mapping->lo < mapping->hi - mapping->lo;
        if (is_it && mapping->readable)
            add_written(gather, mapping, mapping->lo, mapping->hi, 0);
    }
}

/* The allocator's own data among the thread's: what it remembers of addresses is no pointer of the program's. */
static struct range allocator_tls(const struct roots_input *in, uintptr_t thread_pointer) {
    const struct range *relative = &in->facts->allocator_tls;
    return (struct range){thread_pointer + relative->lo, thread_pointer + relative->hi};
}

/* Without that. */
static void add_live(struct gather *gather, uintptr_t lo, uintptr_t hi, uintptr_t thread_pointer) {
    struct range allocator = allocator_tls(gather->in, thread_pointer);
    if (allocator.hi > allocator.lo && allocator.lo >= lo && allocator.hi <= hi) {
        add(gather, lo, allocator.lo, ROOT_LIVE);
        lo = allocator.hi;
    }
    add(gather, lo, hi, ROOT_LIVE);
}

/* red_zone_bytes: live bytes below sp; none where the frame at sp stands in a call. */
static void add_live_stack(struct gather *gather, uintptr_t sp, uintptr_t red_zone_bytes, uintptr_t thread_pointer) {
    const struct roots_input *in = gather->in;
    const struct mapping *mapping = maps_find(in->maps, sp);
    uintptr_t lo = sp - red_zone_bytes;
    if (!mapping || !mapping->readable) {
        add_whole_stack(gather, thread_pointer);
        return;
    }
    if (lo < mapping->lo)
        lo = mapping->lo;
    int own = thread_pointer > sp && thread_pointer < mapping->hi && !is_main(in, thread_pointer);
    uintptr_t end = own ? stack_end(in, thread_pointer) : mapping->hi;
    if (strcmp(mapping->path, "[stack]") != 0 && !own) {
        uintptr_t start;
        object_id id = heap_find(in->heap, sp, &start);
        end = id ? start + heap_object(in->heap, id)->size_bytes : mapping->hi;
        add_whole_stack(gather, thread_pointer);
    }
    if (end > mapping->hi)
        end = mapping->hi;
    uintptr_t local = own ? thread_block_tls(in->facts, thread_pointer).lo : end;
    if (local < lo || local > end)
        local = end;
    gather->adding = ROOTS_STACKS;
    add_live(gather, lo, local, thread_pointer);
    gather->adding = ROOTS_TLS;
    add_live(gather, local, end, thread_pointer);
}

/* A pointer that stands nowhere in memory as such. */
static void add_word(struct gather *gather, uintptr_t value) {
    if (!value)
        return;
    uintptr_t *word = arena_alloc(gather->roots.arena, 1, sizeof *word);
    if (!word) {
        gather->roots.error = -ENOMEM;
        return;
    }
    *word = value;
    add(gather, (uintptr_t)word, (uintptr_t)(word + 1), ROOT_LIVE);
}

/* glibc points at the vector of a thread's dynamic TLS blocks one entry in: name the block itself.
 * Source: glibc, elf/dl-tls.c, _dl_allocate_tls (dtv[-1] is the start) */
static void add_dynamic_tls(struct gather *gather, uintptr_t thread_pointer) {
    if (!is_thread_block(gather->in, thread_pointer))
        return;
    gather->adding = ROOTS_TLS;
    add_word(gather, thread_block_vector(thread_pointer) - 2 * WORD);
}

/* The main thread's was made before there was a heap, and lies among the loader's data. Its entries are of two words; the
 * number of them stands before the first. */
static void exclude_dynamic_tls(struct gather *gather, uintptr_t thread_pointer) {
    uintptr_t vector = thread_block_vector(thread_pointer);
    const struct mapping *mapping = maps_find(gather->in->maps, vector - 2 * WORD);
    if (!is_thread_block(gather->in, thread_pointer) || !mapping || !mapping->readable || vector % WORD)
        return;
    uintptr_t entries = ((const uintptr_t *)vector)[-2], room = (mapping->hi - vector) / (2 * WORD);
    exclude(gather, vector - 2 * WORD, vector + 2 * WORD * (entries + 1 < room ? entries + 1 : room));
}

/* Registers of a thread that a signal interrupted, and the stack that they belong to. */
static void add_interrupted(struct gather *gather, const ucontext_t *context, uintptr_t thread_pointer) {
    gather->adding = ROOTS_REGISTERS;
    add(gather, (uintptr_t)&context->uc_mcontext, arch_context_end(context), ROOT_LIVE);
    uint32_t bytes;
    uintptr_t vectors = arch_context_vectors(context, &bytes);
    if (bytes)
        add(gather, vectors, vectors + bytes, ROOT_LIVE);
    gather->adding = ROOTS_OTHER;
    add_word(gather, (uintptr_t)context->uc_stack.ss_sp);
    add_live_stack(gather, arch_context_sp(context), ARCH_RED_ZONE_BYTES, thread_pointer);
}

/* A thread that has ended and was not joined yet: its result waits in the block at the end of its stack. */
static void add_thread_block(struct gather *gather, uintptr_t thread_pointer) {
    add_dynamic_tls(gather, thread_pointer);
    struct range block = thread_block(gather->in->facts, thread_pointer);
    add_readable(gather, block.lo, block.hi, ROOT_LIVE);
}

static void add_threads(struct gather *gather) {
    const struct roots_input *in = gather->in;
    /* An alternate signal stack: only the kernel knows its address. */
    stack_t alternate = {0};
    sys(SYS_sigaltstack, NULL, &alternate);
    add_word(gather, (uintptr_t)alternate.ss_sp);
    if (in->here) {
        gather->adding = ROOTS_REGISTERS;
        add(gather, (uintptr_t)in->here, (uintptr_t)(in->here + 1), ROOT_LIVE);
        if (in->here_interrupted)
            add_interrupted(gather, in->here_interrupted, in->here_thread_pointer);
        else
            add_live_stack(gather, in->here->sp, 0, in->here_thread_pointer);
        add_dynamic_tls(gather, in->here_thread_pointer);
    }
    for (size_t i = 0; i < in->stopped->count; i++) {
        const struct stopped_thread *thread = &in->stopped->threads[i];
        if (thread->state != STOP_HELD)
            continue;
        add_interrupted(gather, thread->context, thread->thread_pointer);
        add_dynamic_tls(gather, thread->thread_pointer);
    }
    /* Of a thread that is gone, glibc keeps the block for reuse, and with it that vector. One that would not stop is
     * among them: its stack is somewhere in memory that is excluded above, so all of it counts. */
    const uintptr_t *pointers;
    size_t count = thread_pointers(&pointers);
    for (size_t i = 0; i < count; i++) {
        if (!pointers[i] || !is_thread_block(in, pointers[i]))
            continue;
        add_dynamic_tls(gather, pointers[i]);
        if (in->stopped->running)
            add_whole_stack(gather, pointers[i]);
    }
    each_stack(gather, USED_STACKS, add_thread_block);
    each_stack(gather, CACHED_STACKS, add_dynamic_tls);
}

/* ---- all other mappings ---- */

static int compare_ranges(const void *a, const void *b) {
    const struct range *x = a, *y = b;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

/* Devices may act when they are read. */
static int may_be_read(const struct mapping *mapping) {
    if (!mapping->readable || mapping->path[0] == '[')
        return mapping->readable && strncmp(mapping->path, "[anon", 5) == 0;
    if (strncmp(mapping->path, "/dev/", 5) == 0)
        return strncmp(mapping->path, "/dev/shm/", 9) == 0 || strncmp(mapping->path, "/dev/zero", 9) == 0;
    return mapping->writable || !mapping->shared;
}

/* The code of a module: pages of its file, thousands of them, of which the kernel would say one by one that nobody has
 * written there. Who makes code of its own in a mapping of a file may keep pointers there. */
static int is_module_code(const struct mapping *mapping) {
    struct dl_find_object found;
    return mapping->is_file && !mapping->shared && mapping->executable && !mapping->writable &&
           loaded_find((const void *)mapping->lo, &found) == 0;
}

static unsigned flags_of(const struct roots_input *in, uintptr_t lo) {
    const struct range *libc = &in->facts->allocator;
    return in->facts->allocator_is_glibc && lo - libc->lo < libc->hi - libc->lo ? ROOT_STARTS_ONLY : 0;
}

/* before: is the mapping before this one? What a module does not have in its file follows what it has. */
static int is_module_data(const struct maps *maps, size_t i, int before) {
    const struct mapping *mapping = &maps->mapping[i];
    if (mapping->is_file)
        return !mapping->shared;
    return before && !mapping->path[0] && maps->mapping[i - 1].hi == mapping->lo;
}

static void add_mappings(struct gather *gather) {
    struct range *excluded = gather->excluded.items;
    size_t count = gather->excluded.count, first = 0;
    const struct maps *maps = gather->in->maps;
    int in_module = 0;
    for (size_t i = 0; i < maps->count; i++) {
        const struct mapping *mapping = &maps->mapping[i];
        in_module = is_module_data(maps, i, in_module);
        if (!may_be_read(mapping) || is_module_code(mapping))
            continue;
        uintptr_t at = mapping->lo;
        while (first < count && excluded[first].hi <= at)
            first++;
        unsigned flags = flags_of(gather->in, mapping->lo);
        gather->adding = in_module ? ROOTS_GLOBALS : ROOTS_OTHER;
        for (size_t each = first; each < count && excluded[each].lo < mapping->hi; each++) {
            if (excluded[each].lo > at)
                add_written(gather, mapping, at, excluded[each].lo, flags);
            if (excluded[each].hi > at)
                at = excluded[each].hi;
        }
        if (at < mapping->hi)
            add_written(gather, mapping, at, mapping->hi, flags);
    }
}

/* The parts of one root that lie in the written ranges, in address order. */
static int intersect_one(struct list *out, const struct root *root, const struct range *written, size_t count,
                         uint64_t *bytes) {
    for (size_t i = range_first_behind(written, count, root->lo); i < count && written[i].lo < root->hi; i++) {
        struct root *part = list_add(out);
        if (!part)
            return -ENOMEM;
        part->lo = written[i].lo > root->lo ? written[i].lo : root->lo;
        part->hi = written[i].hi < root->hi ? written[i].hi : root->hi;
        part->flags = root->flags;
        *bytes += part->hi - part->lo;
    }
    return 0;
}

int roots_intersect(struct roots_output *roots, const struct range *written, size_t written_count,
                    struct arena *arena) {
    struct list kept = {.item_bytes = sizeof(struct root), .arena = arena};
    uint64_t bytes = 0;
    for (size_t i = 0; i < roots->count; i++) {
        const struct range live = {0, UINTPTR_MAX};
        int always = roots->root[i].flags & ROOT_LIVE;
        if (intersect_one(&kept, &roots->root[i], always ? &live : written, always ? 1 : written_count, &bytes))
            return -ENOMEM;
    }
    *roots = (struct roots_output){kept.items, kept.count, bytes};
    return 0;
}

int roots_gather(const struct roots_input *in, struct arena *arena, struct roots_output *out) {
    struct gather gather = {
        .in = in,
        .roots = {.item_bytes = sizeof(struct root), .arena = arena},
        .excluded = {.item_bytes = sizeof(struct range), .arena = arena},
        .pages = in->written ? -ENOENT : maps_pages_open(),
    };
    size_t own_count;
    const struct range *own = pages_ranges(&own_count);
    for (size_t i = 0; i < own_count; i++)
        exclude(&gather, own[i].lo, own[i].hi);
    exclude(&gather, in->facts->castaway.lo, in->facts->castaway.hi);
    exclude_heap(&gather);
    exclude_stacks(&gather);
    exclude_pools(&gather);
    struct range main_tls = allocator_tls(in, in->facts->main_thread_pointer);
    exclude(&gather, main_tls.lo, main_tls.hi);
    struct range local = thread_block_tls(in->facts, in->facts->main_thread_pointer);
    if (in->left_out & (ROOTS_TLS | ROOTS_GLOBALS)) /* it may lie beside a module's data */
        exclude(&gather, local.lo, local.hi);
    if (in->left_out & ROOTS_TLS)
        exclude_dynamic_tls(&gather, in->facts->main_thread_pointer);
    sort_array(gather.excluded.items, gather.excluded.count, sizeof(struct range), compare_ranges);
    add_mappings(&gather);
    add_threads(&gather);
    maps_pages_close(gather.pages);
    gather.adding = ROOTS_TLS;
    if (in->left_out & ROOTS_GLOBALS)
        add_live(&gather, local.lo, local.hi, in->facts->main_thread_pointer);
    add_declared(&gather);
    struct range held = in->kernel;
    int error = held.lo || in->written ? 0 : kernel_roots(in->pid, arena, &held);
    if (error)
        return error;
    add(&gather, held.lo, held.hi, ROOT_LIVE);
    *out = (struct roots_output){gather.roots.items, gather.roots.count, gather.bytes};
    return gather.roots.error ? gather.roots.error : gather.excluded.error;
}

int roots_view_memory(const struct maps *maps, struct heap *heap, struct arena *arena) {
    struct list holes = {.item_bytes = sizeof(struct range), .arena = arena};
    struct list constants = holes;
    uintptr_t at = 0;
    for (size_t i = 0; i < maps->count; i++) {
        const struct mapping *mapping = &maps->mapping[i];
        if (!mapping->readable)
            continue;
        struct range *hole = mapping->lo > at ? list_add(&holes) : NULL;
        if (hole)
            *hole = (struct range){at, mapping->lo};
        at = mapping->hi;
        struct range *constant = mapping->is_file && !mapping->writable ? list_add(&constants) : NULL;
        if (constant)
            *constant = (struct range){mapping->lo, mapping->hi};
    }
    struct range *beyond = list_add(&holes);
    if (beyond)
        *beyond = (struct range){at, UINTPTR_MAX};
    struct range *rest = list_add(&holes);
    if (rest)
        *rest = (struct range){at, UINTPTR_MAX & ~(uintptr_t)(WORD - 1)};
    heap->vtable_ranges = constants.items;
    heap->vtable_range_count = constants.count;
    heap->unreadable = holes.items;
    heap->unreadable_count = holes.count;
    return holes.error ? holes.error : constants.error;
}
