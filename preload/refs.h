/* refs.h - reference counts that were seen to change: how many an object has, and who took and gave back how many. */
#ifndef CASTAWAY_PRELOAD_REFS_H
#define CASTAWAY_PRELOAD_REFS_H

#include "analysis/counts.h"
#include "arch.h"

/* What one stack did to an object, all told. */
struct refs_step {
    uint32_t site;
    int32_t balance; /* references taken less those given back */
};
enum { REFS_STEPS = 6, REFS_PIECES_MAX = 8 /* of one object's history: 48 stacks */ };

/* A piece of the history of an object. object.refs is the number of its first one; 0: not counted.
 *
 * count    references: 1 when the object was made, then what was seen. In the first piece, as the names are
 * dropped  changes that the history had no room for: they are in the count, not in a step */
struct refs {
    int32_t count;
    uint32_t next;            /* piece, 0: the last; of a free one: the next free one */
    uint32_t dropped : 17;    /* 131071: or more */
    uint32_t offset : 13;     /* bytes from the object's start to the address that calls know it by */
    uint32_t by_pair : 1;     /* a call of a named function was counted; else only the program's own hooks */
    uint32_t taken_over : 1;  /* the reference that it began with has an owner: REFS_TAKE_OVER adds one from now on */
    uint16_t type, finalizer; /* names: refs_name(); 0: none */
    struct refs_step step[REFS_STEPS];
};

/* How a call changes the count of an object. */
enum refs_change {
    REFS_TAKE,     /* one more */
    REFS_GIVE,     /* one less */
    REFS_TAKE_OVER /* one more, but the first time the one that the object begins with */
};

/* The object that contains `address`, if there is one, was changed by `caller`. source: COUNT_HOOK or COUNT_PAIR.
 * context  the program's call; keeps errno */
void refs_change(uintptr_t address, enum refs_change change, enum count_source source, struct caller caller);

/* The object is about to be forgotten; needless where it has no history. context: hook, busy */
void refs_forget(object_id id);

/* Names for the object that contains `address`; text is copied, at most REFS_NAME_BYTES_MAX of it. NULL takes it back. */
enum { REFS_NAME_BYTES_MAX = 255 };
void refs_set_type(uintptr_t address, const char *name);
void refs_set_finalizer(uintptr_t address, const char *name);

/* ---- for the search: all threads stopped ---- */

/* Add the counts and types of all objects that have a history. heap: frozen, or a young view.
 * returns  0 or -ENOMEM. cost: nothing when no object ever had one */
int refs_read(const struct heap *heap, struct counts *counts);

const struct refs *refs_piece(uint32_t number); /* from object.refs, or refs.next */
const char *refs_name(uint16_t name);           /* NULL: none */
uint64_t
refs_matched(uint32_t site); /* references taken there by objects that were freed since: they were given back */
uint64_t refs_dropped(void); /* changes that no history holds, for want of memory */

#endif
