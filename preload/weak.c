/* weak.c - weak slots.
 *
 * Owns:    the table of them. A slot in an object that is freed without castaway_unweak() stays in the table: one word of
 *          other data is then not searched.
 * Start:   weak_add(). */
#include "weak.h"

#include "hooks.h"
#include "lock.h"
#include "table.h"
#include "thread.h"

struct weak {
    uintptr_t slot;
    struct weak *next_free;
    UT_hash_handle hh;
};
static struct weak *slots, *unused;

static struct weak *entry_locked(void) {
    struct weak *entry = unused;
    if (entry)
        unused = entry->next_free;
    return entry ? entry : pages_alloc(sizeof *entry);
}

static void add_locked(uintptr_t slot) {
    struct weak *entry;
    HASH_FIND(hh, slots, &slot, sizeof slot, entry);
    if (entry || !(entry = entry_locked()))
        return;
    *entry = (struct weak){.slot = slot};
    HASH_ADD(hh, slots, slot, sizeof entry->slot, entry);
}

static void remove_locked(uintptr_t slot) {
    struct weak *entry;
    HASH_FIND(hh, slots, &slot, sizeof slot, entry);
    if (!entry)
        return;
    HASH_DELETE(hh, slots, entry);
    entry->next_free = unused;
    unused = entry;
}

static void locked(void (*change)(uintptr_t slot), uintptr_t slot) {
    if (thread_busy++ == 0) {
        lock_take(LOCK_NAMES);
        change(slot);
        lock_release(LOCK_NAMES);
    }
    thread_busy--;
}

void weak_add(uintptr_t slot) {
    if (slot && slot % sizeof slot == 0)
        locked(add_locked, slot);
}

void weak_remove(uintptr_t slot) {
    locked(remove_locked, slot);
}

static int can_be_emptied(const struct maps *maps, uintptr_t slot) {
    const struct mapping *mapping = maps_find(maps, slot);
    return slot % sizeof slot == 0 && mapping && mapping->readable && mapping->writable && !mapping->shared;
}

void weak_blank(const struct maps *maps) {
    for (struct weak *entry = slots; entry; entry = entry->hh.next)
        if (can_be_emptied(maps, entry->slot))
            *(uintptr_t *)entry->slot = 0;
}

void weak_blank_known(const struct maps *maps, const struct counts *counts) {
    for (size_t i = 0; i < counts->weak_slot_count; i++) {
        const struct weak_slot *weak = &counts->weak_slots[i];
        if (can_be_emptied(maps, weak->slot) && *(uintptr_t *)weak->slot == weak->target)
            *(uintptr_t *)weak->slot = 0;
    }
}
