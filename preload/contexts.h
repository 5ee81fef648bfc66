/* contexts.h - allocation stacks as a tree: the site, by the frames that changed alone.
 *
 * A node stands for a stack of frames, outermost first: a node, and one frame further in. Nodes have numbers, which never mean
 * another stack; the root's, of no frames, is 0. */
#ifndef CASTAWAY_PRELOAD_CONTEXTS_H
#define CASTAWAY_PRELOAD_CONTEXTS_H

#include <stdint.h>

/* The site of a stack whose outer frames are known as a node; 0: it is not known here, and some of nodes[] may not be set.
 * frames   the others, innermost first
 * hashes   site_hash_step() of each and all outside it
 * nodes    receive one for each; nodes[count] is that of the outer frames
 * count    >= 1
 * context  hook, busy; lock-free */
uint32_t contexts_site(const uint64_t *frames, const uint64_t *hashes, uint32_t *nodes, uint32_t count);

/* The stack has this site: it is known from now on.
 * returns  0: nodes[] are set; or -1: there is no room for it
 * context  hook, busy; LOCK_SITE is not held */
int contexts_enter(const uint64_t *frames, const uint64_t *hashes, uint32_t *nodes, uint32_t count, uint32_t site);

/* Some sites have become stale: their stacks have none now. context: LOCK_SITE is held */
void contexts_forget_stale_locked(void);
void contexts_forget_all(void); /* context: as site_forget_all() */

#endif
