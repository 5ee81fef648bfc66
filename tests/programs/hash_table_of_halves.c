/* purpose: where the heap lies below 4 GiB GLib's hash tables keep pointers in 4 bytes each; these hold, those of a lost table do not
 * flags: -O0:-no-pie -O2:-no-pie
 * link: -l:libglib-2.0.so.0
 * expect: lost=1/96 lost_indirect=5/256
 * allocators: no
 */
#include "program.h"

/* As GLib declares them; its headers are not needed for this. */
extern void *g_hash_table_new(void *hash, void *equal);
extern int g_hash_table_insert(void *table, void *key, void *value);
extern int g_hash_table_add(void *table, void *key);

static void *map, *set;

static NOINLINE void fill(void *table) {
    g_hash_table_insert(table, NEW_BYTES(40), NEW_BYTES(56));
    g_hash_table_insert(table, NEW_BYTES(40), NEW_BYTES(56));
}
static NOINLINE void drop_table(void) {
    void *table = g_hash_table_new(NULL, NULL);
    g_hash_table_insert(table, NEW_BYTES(72), NEW_BYTES(88));
    table = opaque(table);
}

int main(void) {
    map = g_hash_table_new(NULL, NULL);
    fill(map);
    set = g_hash_table_new(NULL, NULL);
    g_hash_table_add(set, NEW_BYTES(104));
    opaque(&map);
    opaque(&set);
    drop_table();
    clobber_stack();
    return 0;
}
