/* family_tables.c - tables that a thread's families are lent, and lend each other.
 *
 * Owns:    which tables are nobody's, and how many entries are in use.
 * Never:   gives memory back to pages.c, or takes more than the thread's stacks are worth.
 * Start:   family_take(). Invariants: README.md, "Stacks". */
#include "family_tables.h"

#include <string.h>

#include "pages.h"

enum {
    USED_A_SITE = 8, /* entries for each site, if that is more than FAMILY_USED_MIN */
    LEFT_OF = 8,     /* a large table leaves the others one part of so many */
    SMALL = 64,      /* entries */
};

/* What an empty table begins with. */
struct family_free {
    struct family_free *next;
};

void *family_take(struct families *families, uint32_t bits) {
    size_t count = (size_t)1 << bits, of_sites = (size_t)site_count() * USED_A_SITE;
    size_t room = of_sites > FAMILY_USED_MIN ? of_sites : FAMILY_USED_MIN;
    if (bits > FAMILY_TABLE_BITS_MAX || families->used + count > room - (count > SMALL ? room / LEFT_OF : 0))
        return NULL;
    struct family_free *table = families->free[bits];
    if (table)
        families->free[bits] = table->next;
    else if (!(table = pages_alloc_table(count * sizeof(struct family_known))))
        return NULL;
    families->used += (uint32_t)count;
    return memset(table, 0, count * sizeof(struct family_known));
}

void family_give_back(struct families *families, void *memory, uint32_t bits) {
    struct family_free *table = memory;
    table->next = families->free[bits];
    families->free[bits] = table;
    families->used -= 1u << bits;
}
