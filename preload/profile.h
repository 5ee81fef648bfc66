/* profile.h - what is allocated, where, and how long it lives. Off unless profile-allocations=yes: then the hooks pay one
 * branch that is never taken. */
#ifndef CASTAWAY_PRELOAD_PROFILE_H
#define CASTAWAY_PRELOAD_PROFILE_H

#include "analysis/cast.h"

/* First constructor, after the options are known; objects that were born before are left out. */
void profile_start(void);
void profile_after_fork(void); /* the child counts its own */

/* An object was made. is_block: the allocator knows the address (a pool's object it does not).
 * context  hook, busy once; thread_self made */
void profile_born(uintptr_t address, size_t size_bytes, uint32_t site, int is_block);

/* The program learnt that it has `size_bytes` of it, which is more than it asked for. The record is as it was. context: the
 * same */
void profile_grown(const struct object *object, size_t size_bytes);

/* How an object ended. */
enum profile_end {
    PROFILE_FREED,
    PROFILE_MOVED, /* into the object that this thread makes next, by realloc */
    PROFILE_CUT,   /* it became a pool's memory */
};
/* An object ends, its record is still there. context: hook, busy */
void profile_died(uintptr_t address, const struct object *object, enum profile_end end);

struct profile_sites {
    struct cast_profile total;
    struct cast_allocations *site; /* those that allocated anything, by id */
    size_t count;
};
/* Add up what all threads counted. returns 0 or -ENOMEM. context: child */
int profile_add_up(struct arena *arena, struct profile_sites *out);

#endif
