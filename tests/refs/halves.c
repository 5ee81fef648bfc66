/* What GLib's hash tables hold by pointers of 4 bytes, as they do where the heap lies below 4 GiB: to be linked as -no-pie. */
#include "castaway.h"

#include <glib-object.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { VALUES = 100, BLOCK_BYTES = 5000 };

struct value {
    struct value *self_table;
    void *block;
};

static GHashTable *map, *objects;

static __attribute__((noinline)) struct value *value_new(void) {
    struct value *value = g_malloc0(sizeof *value);
    value->block = g_malloc0(BLOCK_BYTES);
    return value;
}
static __attribute__((noinline)) void fill(void) {
    map = g_hash_table_new(NULL, NULL);
    for (int i = 0; i < VALUES; i++)
        g_hash_table_insert(map, value_new(), value_new());
}
static __attribute__((noinline)) void forget(void) {
    char bytes[16384];
    memset(bytes, 0, sizeof bytes);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

/* One that is neither the first nor the last of its array. */
static struct value *some_value(void) {
    GHashTableIter iter;
    void *key, *value = NULL;
    g_hash_table_iter_init(&iter, map);
    for (int i = 0; i < VALUES / 2; i++)
        g_hash_table_iter_next(&iter, &key, &value);
    return value;
}

/* The object that points at the value is the table's array, whose referents are the values, and what slots that are free now
 * were left with. */
static int ask(void) {
    void *holder[2], *held[2 * VALUES];
    struct value *value = some_value();
    long holders = castaway_get_referrers(value, holder, 2);
    size_t count = holders == 1 ? castaway_get_referents(holder[0], held, 2 * VALUES) : 0;
    int is_among = 0;
    for (size_t i = 0; i < count; i++)
        is_among += held[i] == (void *)value;
    printf("%ld holder, all held: %d, among them %d time\n", holders, count >= VALUES, is_among);
    return 0;
}

/* A table whose value points back at it. */
static __attribute__((noinline)) void make_cycle(void) {
    GHashTable *table = g_hash_table_new(NULL, NULL);
    struct value *value = value_new();
    value->self_table = (void *)table;
    g_hash_table_insert(table, GINT_TO_POINTER(1), value);
    g_hash_table_insert(table, GINT_TO_POINTER(2), g_malloc0(24));
}

/* Objects whose only references stand in a table. */
static __attribute__((noinline)) void keep_objects(void) {
    objects = g_hash_table_new(NULL, NULL);
    for (int i = 1; i <= VALUES; i++)
        g_hash_table_insert(objects, GINT_TO_POINTER(i), g_object_new(G_TYPE_OBJECT, NULL));
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    fill();
    if (!strcmp(mode, "cycle"))
        make_cycle();
    if (!strcmp(mode, "objects"))
        keep_objects();
    forget();
    if (!strcmp(mode, "ask"))
        return ask();
    if (!strcmp(mode, "wait")) {
        printf("%p\n", some_value()->block);
        fflush(stdout);
        forget();
        getchar();
    }
    return 0;
}
