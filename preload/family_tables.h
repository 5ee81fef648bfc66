/* family_tables.h - memory that a thread's families are lent, in tables of 1 << bits entries. */
#ifndef CASTAWAY_PRELOAD_FAMILY_TABLES_H
#define CASTAWAY_PRELOAD_FAMILY_TABLES_H

#include "family.h"

enum {
    FAMILY_USED_MIN = 1 << 13
}; /* entries that the tables of a thread may have together, however few stacks there are */

/* An empty one; its entries are as large as a struct family_known. returns  NULL: there is no room, or no memory */
void *family_take(struct families *families, uint32_t bits);
void family_give_back(struct families *families, void *memory, uint32_t bits);

#endif
