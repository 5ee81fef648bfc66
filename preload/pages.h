/* pages.h - castaway's own memory in the target: mapped, never from the program's heap, known to the root finder. */
#ifndef CASTAWAY_PRELOAD_PAGES_H
#define CASTAWAY_PRELOAD_PAGES_H

#include "analysis/arena.h"
#include "analysis/heap.h"

/* Zeroed memory, 16-byte aligned, kept for the life of the process.
 * returns  NULL when the kernel gives none
 * context  hook; takes a spin lock that nothing else is taken under */
void *pages_alloc(size_t bytes);

/* The same for tables of what was recorded, which can go when that is over. */
void *pages_alloc_table(size_t bytes);

/* The same for those that are written from end to end, or all over. They lie together, so that what is asked for ahead is what
 * will be written. */
void *pages_alloc_dense(size_t bytes);

/* A table that everybody finds at *place, where none was a moment ago. Another thread may be first: then it is that thread's,
 * and ours is left unused.
 * is_dense  as pages_alloc_dense()
 * returns   NULL: no memory
 * context   hook */
void *pages_publish(void *_Atomic *place, size_t bytes, int is_dense);

/* There is a limit on memory: what is mapped from now on is little more than what is asked for. */
void pages_save_space(void);

/* All of pages_alloc_table() and pages_alloc_dense() goes. returns bytes. context: threads stopped; nobody uses it again */
size_t pages_give_tables(void);
size_t pages_bytes(void); /* that all of ours take of the address space */

/* It will soon be written from end to end: one call instead of a page fault for each page. A wish.
 * context  hook */
void pages_populate(void *memory, size_t bytes);

/* What stands on its whole pages is of no use any more, but for the one on which it begins: the kernel may have their memory
 * until they are written again. A wish; then they read as zeroes.
 * context  hook */
void pages_clear(void *memory, size_t bytes);

/* As arena_grow(), of our own memory. */
void *pages_grow(void *array, size_t count, size_t *capacity, size_t size);

/* An arena whose blocks are ours too. */
void pages_arena(struct arena *arena, size_t block_bytes);

/* All ranges that hold our memory, for exclusion from the roots. *count receives their number. */
const struct range *pages_ranges(size_t *count);
int pages_are_ours(uintptr_t address); /* does it lie in one of them? */

/* Memory that a snapshot child and the program both see, zeroed; NULL: none. context: no two at a time */
enum { PAGES_SHARED_MAX = 8 };
void *pages_share(size_t bytes);
void pages_unshare(void *memory);

/* An arena for the time of one call: pages_loan(&arena, &loans), use it, pages_loan_return(&loans).
 * Not among pages_ranges(): must be returned before a snapshot. */
void pages_loan(struct arena *arena, void **loans);
void pages_loan_return(void **loans);

#endif
