/* settle.c - what hangs from possible objects needs no stack either.
 *
 * Owns:    which of the marked objects are settled, behind marking.      Never: marks an object that was not.
 * Runs in: snapshot child (one thread), unit tests.
 * Start:   settle_possible(). */
#include "settle.h"

#include "pointers.h"

#include <errno.h>

struct place {
    uintptr_t address;
    object_id id;
};
struct settling {
    const struct heap *heap;
    struct marks *marks;
    struct arena *arena;
    struct place *todo;
    size_t count, capacity;
};

static int settle_later(struct settling *settling, uintptr_t address, object_id id) {
    struct place *todo =
        arena_grow(settling->arena, settling->todo, settling->count, &settling->capacity, sizeof *todo);
    if (!todo)
        return -ENOMEM;
    settling->todo = todo;
    todo[settling->count++] = (struct place){address, id};
    return 0;
}

static int visit_possible(void *context, uintptr_t address, object_id id) {
    struct settling *settling = context;
    return mark_test(settling->marks->possible, id) ? settle_later(settling, address, id) : 0;
}

static int settle_word(struct settling *settling, uintptr_t word) {
    const struct heap *heap = settling->heap;
    uintptr_t start = 0;
    object_id id = heap_held(heap, word, &start);
    if (!id || !mark_test(settling->marks->reachable, id) || mark_test(settling->marks->settled, id))
        return 0;
    settling->marks->settled[id >> 6] |= UINT64_C(1) << (id & 63);
    return settle_later(settling, start, id);
}

static int settle_from(struct settling *settling, struct place place) {
    const struct heap *heap = settling->heap;
    struct pointers walk = pointers_of(heap, heap_object(heap, place.id), place.address);
    for (uintptr_t word; pointers_next(heap, &walk, &word);)
        if (settle_word(settling, word))
            return -ENOMEM;
    return 0;
}

int settle_possible(const struct heap *heap, struct marks *marks, struct arena *arena) {
    struct settling settling = {.heap = heap, .marks = marks, .arena = arena};
    if (heap_each(heap, visit_possible, &settling))
        return -ENOMEM;
    while (settling.count)
        if (settle_from(&settling, settling.todo[--settling.count]))
            return -ENOMEM;
    return 0;
}
