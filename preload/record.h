/* record.h - who is alive: the recorder's side of the heap view. */
#ifndef CASTAWAY_PRELOAD_RECORD_H
#define CASTAWAY_PRELOAD_RECORD_H

#include "analysis/heap.h"
#include "arch.h"

/* An object was made: call after the allocator returned `address`. flags: OBJECT_*.
 * Never fails: when there is no memory for the record it is counted in record_losses(). context: hook, busy */
void record_add(uintptr_t address, size_t size_bytes, uint32_t site, unsigned flags);

/* An object is about to be freed: call before the allocator gets the address, another thread may own it at once.
 * returns  its id for record_restore(), or 0: not recorded. The id stays reserved until record_forget(). context: hook, busy */
object_id record_withdraw(uintptr_t address);
void record_forget(object_id id);
void record_restore(uintptr_t address, object_id id);

/* The live object that contains `address`, or begins there; *start receives its first address. For calls that are rare: it
 * walks back over the index. returns its id, or 0. context: the object is not freed meanwhile */
object_id record_find(uintptr_t address, uintptr_t *start);
uint64_t record_size(object_id id); /* bytes */
void record_flag(object_id id, unsigned flag);

/* The object that begins at `address`; 0: there is none. */
object_id record_known(uintptr_t address);

/* The program may use `bytes` of the object `id` at `address`, more than it asked for. context: hook, busy, not nested */
void record_grow(uintptr_t address, object_id id, size_t bytes);

/* The live object that contains `address`, for calls that are many: one whose start lies more than RECORD_NEAR_BYTES
 * before it is not found, nor one without a slot of its own. *start receives its first address. returns its id, or 0
 * context  hook, busy; the object is not freed meanwhile */
enum { RECORD_NEAR_BYTES = 4096 };
object_id record_near(uintptr_t address, uintptr_t *start);
struct object *record_object(object_id id);

uint64_t record_losses(void); /* objects not recorded for want of memory */
/* Where the last of them lie, if they were not freed. returns how many. context: threads stand, or a copy */
enum { UNRECORDED_MAX = 16 };
size_t record_unrecorded(struct range out[UNRECORDED_MAX]);

/* In a forked child: objects born so far are the parent's. A scan flags those with a birth serial below
 * record_inherited_before() as OBJECT_INHERITED; 0: none. */
void record_after_fork(void);
uint32_t record_inherited_before(void);

/* What is born from now on has this serial or a later one, once thread_forget_serials() was called. */
uint32_t record_next_serial(void);
HIDDEN extern uint8_t record_epoch; /* of struct heap_leaf.born; moved by each scan */

/* Every object is as one that was never recorded; the memory of the tables is not touched again.
 * context  threads stopped, none of them inside castaway, nothing records any more */
void record_forget_all(void);

/* The heap view of this moment; `odd` is left empty. The fields that a scan sets are zero. */
void record_view(struct heap *heap);
/* Objects that have no slot of their own, unsorted; fills at most `max`, returns how many there are. */
size_t record_odd(struct heap_odd *out, size_t max);

#endif
