/* frozen.c - see the header. What is frozen is told by its birth serial.
 *
 * Owns:    the serial before which objects are frozen; 0: none.
 * Never:   writes to an object's record while the program runs: they are flagged as they are searched.
 * Start:   frozen_flag(). */
#include "frozen.h"

#include "record.h"
#include "thread.h"

static _Atomic uint32_t before;

static int is_frozen(const struct heap *heap, object_id id) {
    return heap_born_before(heap_object(heap, id)->birth, before);
}

void frozen_begin(void) {
    before = record_next_serial();
}

void frozen_end(void) {
    before = 0;
}

struct counting {
    const struct heap *heap;
    long count;
};

static int count_frozen(void *context, uintptr_t address, object_id id) {
    struct counting *counting = context;
    (void)address;
    counting->count += is_frozen(counting->heap, id);
    return 0;
}

long frozen_count(void) {
    struct heap heap;
    struct counting counting = {.heap = &heap};
    if (!before)
        return 0;
    record_view(&heap);
    heap_each(&heap, count_frozen, &counting);
    return counting.count;
}

static int flag_frozen(void *context, uintptr_t address, object_id id) {
    const struct heap *heap = context;
    (void)address;
    if (is_frozen(heap, id))
        heap_object(heap, id)->flags |= OBJECT_IGNORED;
    return 0;
}

void frozen_flag(struct heap *heap) {
    if (before)
        heap_each(heap, flag_frozen, heap);
}
