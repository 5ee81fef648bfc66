/* weak.c - weak slots.
 *
 * Owns:    the table of them. A slot in an object that was freed without castaway_unweak() stays in the table, and is known
 *          by the object that is gone.
 * Never:   writes to a slot in the program: those that are set to NULL are the snapshot's.
 * Start:   weak_add(). */
#include "weak.h"

#include <dlfcn.h>
#include <errno.h>

#include "hooks.h"
#include "init.h"
#include "lock.h"
#include "record.h"
#include "thread.h"

static struct weak *slots, *unused;

static struct weak *entry_locked(uintptr_t slot) {
    struct weak *entry;
    HASH_FIND(hh, slots, &slot, sizeof slot, entry);
    if (entry)
        return entry;
    entry = unused;
    if (entry)
        unused = entry->next_free;
    else
        entry = pages_alloc(sizeof *entry);
    if (!entry)
        return NULL;
    *entry = (struct weak){.slot = slot};
    HASH_ADD(hh, slots, slot, sizeof entry->slot, entry);
    return entry;
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

/* Where the slot lies, and what it points at now. */
static struct weak describe(uintptr_t slot, struct caller caller) {
    struct weak weak = {.slot = slot, .site = hook_site(&caller), .first = heap_load(slot)};
    struct dl_find_object module;
    uintptr_t start;
    if ((weak.holder = record_find(slot, &start)) != 0) {
        weak.place = WEAK_IN_OBJECT;
        weak.holder_birth = record_object(weak.holder)->birth;
        weak.offset = slot - start;
    } else if (_dl_find_object((void *)slot, &module) == 0)
        weak.place = WEAK_IN_MODULE;
    object_id target = record_find(weak.first, &start);
    weak.target_site = target ? (uint32_t)record_object(target)->site : 0;
    return weak;
}

void weak_add(uintptr_t slot, struct caller caller) {
    int error = errno;
    if (!slot || slot % sizeof slot || !hook_is_recording())
        return;
    if (thread_busy++ == 0 && thread_state()) {
        struct weak made = describe(slot, caller);
        lock_take(LOCK_NAMES);
        struct weak *entry = entry_locked(slot);
        if (entry) {
            made.hh = entry->hh;
            *entry = made;
        }
        lock_release(LOCK_NAMES);
    }
    thread_busy--;
    errno = error;
}

void weak_remove(uintptr_t slot) {
    if (thread_busy++ == 0) {
        lock_take(LOCK_NAMES);
        remove_locked(slot);
        lock_release(LOCK_NAMES);
    }
    thread_busy--;
}

static int is_gone(const struct weak *weak) {
    uintptr_t start;
    return weak->place == WEAK_IN_OBJECT && (record_find(weak->slot, &start) != weak->holder ||
                                             record_object(weak->holder)->birth != weak->holder_birth);
}

static int can_be_emptied(const struct maps *maps, uintptr_t slot) {
    const struct mapping *mapping = maps_find(maps, slot);
    return slot % sizeof slot == 0 && mapping && mapping->readable && mapping->writable && !mapping->shared;
}

void weak_look(const struct maps *maps, int blank) {
    for (struct weak *entry = slots; entry; entry = entry->hh.next) {
        entry->value = 0;
        if (!can_be_emptied(maps, entry->slot) || is_gone(entry))
            continue;
        entry->value = heap_load(entry->slot);
        if (blank)
            *(uintptr_t *)entry->slot = 0;
    }
}

void weak_blank_known(const struct maps *maps, const struct counts *counts) {
    for (size_t i = 0; i < counts->weak_slot_count; i++) {
        const struct weak_slot *weak = &counts->weak_slots[i];
        if (can_be_emptied(maps, weak->slot) && *(uintptr_t *)weak->slot == weak->target)
            *(uintptr_t *)weak->slot = 0;
    }
}

const struct weak *weak_next(const struct weak *weak) {
    return weak ? weak->hh.next : slots;
}
