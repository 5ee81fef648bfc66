/* grown.c - see the header.
 *
 * Owns:    nothing.
 * Never:   leaves a pointer to the child's memory in what grown_keep() returns.
 * Runs in: snapshot child.
 * Start:   grown_find(). */
#include "grown.h"

#include <errno.h>
#include <string.h>

#include "root_name.h"
#include "scan.h"

enum { KEPT_MAX = 50, KEPT_STEPS_MAX = 32, KEPT_NAME_BYTES = 256 };

struct example {
    const struct heap *heap;
    const struct grown *grown;
    uintptr_t *address; /* by growing site: an object of it, the one that was born last */
    uint32_t *birth;
};

static int find_example(void *context, uintptr_t address, object_id id) {
    struct example *example = context;
    const struct object *object = heap_object(example->heap, id);
    for (size_t i = 0; i < example->grown->count; i++)
        if (object->site == example->grown->growth[i].site && object->birth >= example->birth[i]) {
            example->address[i] = address;
            example->birth[i] = object->birth;
        }
    return 0;
}

/* The path of a growing site is that of its youngest object: older ones may hang from each other. */
static int find_paths(const struct scan_input *in, struct search *search, struct grown *out) {
    struct arena *arena = search->arena;
    struct example example = {.heap = &search->heap, .grown = out};
    example.address = arena_alloc(arena, out->count, sizeof *example.address);
    example.birth = arena_alloc(arena, out->count, sizeof *example.birth);
    out->path = arena_alloc(arena, out->count, sizeof *out->path);
    out->root = arena_alloc(arena, out->count, sizeof *out->root);
    if (!example.address || !example.birth || !out->path || !out->root)
        return -ENOMEM;
    heap_each(&search->heap, find_example, &example);
    int error = path_find_all(&search->heap, search->roots.root, search->roots.count, example.address, out->count,
                              arena, out->path);
    for (size_t i = 0; i < out->count && !error; i++)
        error = root_name(&out->root[i], in, search, &out->path[i]);
    return error;
}

int grown_find(const struct scan_input *in, struct search *search) {
    struct grown *out = &search->grown;
    *out = (struct grown){0};
    if (in->entry.generation != GENERATIONS - 1) {
        if (in->grown)
            *out = *in->grown;
        return 0;
    }
    long count = growth_find(&search->history, search->arena, &out->growth);
    if (count < 0)
        return (int)count;
    if (count == 0) {
        /* At the end nothing grows any more; what did while the program ran must not be lost for that. */
        if (in->exit_status >= 0 && in->grown)
            *out = *in->grown;
        return 0;
    }
    out->count = (size_t)count;
    return find_paths(in, search, out);
}

static const char *keep_name(const char *name, struct arena *keep) {
    size_t bytes = name ? strlen(name) + 1 : 0;
    char *copy = bytes && bytes <= KEPT_NAME_BYTES ? arena_alloc(keep, bytes, 1) : NULL;
    if (copy)
        memcpy(copy, name, bytes);
    return copy;
}

struct grown grown_keep(const struct grown *grown, struct arena *keep) {
    struct grown out = {.count = grown->count < KEPT_MAX ? grown->count : KEPT_MAX};
    out.growth = arena_alloc(keep, out.count, sizeof *out.growth);
    out.path = arena_alloc(keep, out.count, sizeof *out.path);
    out.root = arena_alloc(keep, out.count, sizeof *out.root);
    if (!out.count || !out.growth || !out.path || !out.root)
        return (struct grown){0};
    memcpy(out.growth, grown->growth, out.count * sizeof *out.growth);
    for (size_t i = 0; i < out.count; i++) {
        size_t steps = grown->path[i].step_count < KEPT_STEPS_MAX ? grown->path[i].step_count : 0;
        struct path_step *copy = arena_alloc(keep, steps, sizeof *copy);
        out.path[i] = grown->path[i];
        out.path[i].steps = copy;
        out.path[i].step_count = copy ? steps : 0; /* a longer one is told by the next full scan */
        if (copy && steps)
            memcpy(copy, grown->path[i].steps, steps * sizeof *copy);
        out.root[i] = grown->root[i];
        out.root[i].name = keep_name(grown->root[i].name, keep);
    }
    return out;
}
