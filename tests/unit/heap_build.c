/* heap_build.c - hand-built heaps: a region of mapped memory and an index over it, filled as the recorder would.
 *
 * Linked into every unit test and benchmark. */
#include "tests/unit/heap_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct arena_block {
    struct arena_block *next;
    size_t bytes;
};

static void *map(size_t bytes) {
    void *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED) {
        perror("heap_build: mmap");
        abort();
    }
    return place;
}

/* What lies at the beginning of a leaf is looked up in another way: where tests' objects lie is not to depend on where memory
 * happens to be mapped. */
static char *map_in_leaf(size_t bytes) {
    enum { OFFSET = 64 << 10 };
    char *mapped = map(bytes + HEAP_LEAF_BYTES);
    size_t lead = (OFFSET - (uintptr_t)mapped) % HEAP_LEAF_BYTES;
    if (lead)
        munmap(mapped, lead);
    return mapped + lead;
}

void *heap_build_more(void *context, size_t bytes) {
    struct heap_build *build = context;
    if (build->arena_left == 0)
        return NULL;
    if (build->arena_left != SIZE_MAX)
        build->arena_left--;
    struct arena_block *block = map(bytes + 64);
    madvise(block, bytes + 64, MADV_HUGEPAGE); /* a wish */
    *block = (struct arena_block){build->blocks, bytes + 64};
    build->blocks = block;
    return (char *)block + 64;
}

struct heap_build *heap_build_new(size_t bytes) {
    struct heap_build *build = map(sizeof *build);
    build->memory = build->next = map_in_leaf(bytes);
    build->end = build->memory + bytes;
    build->heap.index = map(sizeof *build->heap.index);
    build->heap.chunk = map(HEAP_CHUNKS_MAX * sizeof *build->heap.chunk);
    build->heap.id_end = 1;
    build->epoch = 1;
    build->arena = (struct arena){.more = heap_build_more, .context = build};
    build->arena_left = SIZE_MAX;
    return build;
}

void heap_build_free(struct heap_build *build) {
    for (struct arena_block *block = build->blocks, *next; block; block = next) {
        next = block->next;
        munmap(block, block->bytes);
    }
    for (size_t n = 0; n < HEAP_INDEX_NODES; n++) {
        struct heap_node *node = build->heap.index->node[n];
        for (size_t l = 0; node && l < HEAP_NODE_LEAVES; l++)
            if (node->leaf[l])
                munmap(node->leaf[l], sizeof(struct heap_leaf));
        if (node)
            munmap(node, sizeof *node);
    }
    for (size_t c = 0; c < HEAP_CHUNKS_MAX && build->heap.chunk[c]; c++)
        munmap(build->heap.chunk[c], HEAP_CHUNK_OBJECTS * sizeof(struct object));
    munmap(build->heap.chunk, HEAP_CHUNKS_MAX * sizeof *build->heap.chunk);
    munmap(build->heap.index, sizeof *build->heap.index);
    munmap(build->memory, (size_t)(build->end - build->memory)); /* what is behind it stays */
    free(build->odd);
    munmap(build, sizeof *build);
}

static struct heap_leaf *leaf_of(struct heap_build *build, uintptr_t address) {
    const size_t node_at = address >> HEAP_NODE_SHIFT;
    const size_t leaf_at = (address >> HEAP_LEAF_SHIFT) & (HEAP_NODE_LEAVES - 1);
    struct heap_node *_Atomic *node = &build->heap.index->node[node_at];
    heap_announce(build->heap.index->made, node_at);
    if (!*node)
        *node = map(sizeof **node);
    struct heap_leaf *_Atomic *leaf = &(*node)->leaf[leaf_at];
    heap_announce((*node)->made, leaf_at);
    if (!*leaf)
        *leaf = map(sizeof **leaf);
    return *leaf;
}

static void add_odd(struct heap_build *build, uintptr_t address, object_id id) {
    if (build->heap.odd_count == build->odd_capacity) {
        build->odd_capacity = build->odd_capacity ? 2 * build->odd_capacity : 16;
        build->odd = realloc(build->odd, build->odd_capacity * sizeof *build->odd);
        if (!build->odd)
            abort();
        build->heap.odd = build->odd;
    }
    build->odd[build->heap.odd_count++] = (struct heap_odd){address, id};
}

object_id heap_build_adopt(struct heap_build *build, const void *place, size_t size_bytes, unsigned site) {
    uintptr_t address = (uintptr_t)place;
    object_id id = build->heap.id_end++;
    struct object **chunk = &build->heap.chunk[id >> HEAP_CHUNK_SHIFT];
    if (!*chunk)
        *chunk = map(HEAP_CHUNK_OBJECTS * sizeof **chunk);
    *heap_object(&build->heap, id) = (struct object){.size_bytes = size_bytes, .site = site, .birth = ++build->births};
    struct heap_leaf *leaf = leaf_of(build, address);
    _Atomic uint32_t *slot = &leaf->slot[heap_slot_number(address)];
    size_t block = heap_slot_number(address) >> HEAP_BLOCK_SHIFT;
    if (address % 8 || *slot) {
        add_odd(build, address, id);
        return id;
    }
    *slot = id | (address % 16 ? HEAP_SLOT_HALF : 0);
    leaf->born[block] = build->epoch;
    if (size_bytes >= HEAP_LARGE_BYTES)
        leaf->large[block] = 1;
    return id;
}

void heap_build_forget(struct heap_build *build, const void *place) {
    uintptr_t address = (uintptr_t)place;
    _Atomic uint32_t *slot = &leaf_of(build, address)->slot[heap_slot_number(address)];
    object_id id = heap_build_id(build, place);
    if ((*slot & HEAP_SLOT_ID) == id) {
        *slot = 0;
        return;
    }
    for (size_t i = 0; i < build->heap.odd_count; i++)
        if (build->odd[i].id == id)
            build->odd[i--] = build->odd[--build->heap.odd_count];
}

void *heap_build_gap(struct heap_build *build, size_t bytes) {
    void *place = build->next;
    size_t step = (bytes + 15) & ~(size_t)15;
    if (step > (size_t)(build->end - build->next)) {
        fprintf(stderr, "heap_build: room for objects used up\n");
        abort();
    }
    build->next += step;
    return place;
}

void *heap_build_shifted(struct heap_build *build, size_t size_bytes, unsigned site, size_t shift) {
    char *place = heap_build_gap(build, (size_bytes ? size_bytes : 1) + shift);
    heap_build_adopt(build, place + shift, size_bytes, site);
    return place + shift;
}

void *heap_build_object(struct heap_build *build, size_t size_bytes, unsigned site) {
    return heap_build_shifted(build, size_bytes, site, 0);
}

object_id heap_build_id(const struct heap_build *build, const void *place) {
    uintptr_t address = (uintptr_t)place;
    struct heap_leaf *leaf = heap_leaf_at(build->heap.index, address);
    uint32_t slot = leaf ? leaf->slot[heap_slot_number(address)] : 0;
    if (slot & HEAP_SLOT_ID && (slot & HEAP_SLOT_HALF ? 8u : 0u) == address % 16)
        return slot & HEAP_SLOT_ID;
    for (size_t i = 0; i < build->heap.odd_count; i++)
        if (build->heap.odd[i].address == address)
            return build->heap.odd[i].id;
    return 0;
}

struct object *heap_build_record(const struct heap_build *build, const void *place) {
    return heap_object(&build->heap, heap_build_id(build, place));
}

void heap_build_freeze(struct heap_build *build) {
    if (heap_freeze(&build->heap, &build->arena)) {
        fprintf(stderr, "heap_build: heap_freeze failed\n");
        abort();
    }
}

void heap_build_view(struct heap_build *build, struct young young) {
    if (!young.birth_end)
        young.birth_end = build->births + 1;
    if (!young.epoch)
        young.epoch = build->epoch;
    if (young_view(&build->heap, &young, &build->arena)) {
        fprintf(stderr, "heap_build: young_view failed\n");
        abort();
    }
}

int heap_build_is_viewed(const struct heap_build *build, const void *place) {
    for (size_t i = 0; i < build->heap.subset_count; i++)
        if (build->heap.subset[i].address == (uintptr_t)place)
            return build->heap.subset[i].id == heap_build_id(build, place);
    return 0;
}
