/* Structs that the debug information tells by the function that makes them: cycles of two, named by members.
 *
 *   members returned    the maker returns a pointer to the struct; it calls a wrapper that returns an untyped pointer
 *   members stored      the maker keeps the pointer in a variable
 *   members nested      the pointer stands in an array of structs in the struct, which has a name by its typedef alone
 *   members ambiguous   two structs of one size: neither is told */
#include "modes.h"

#include <stdlib.h>

struct account {
    long number;
    struct account *partner;
    char text[16];
};
struct other {
    void *partner[4];
};
typedef struct {
    long number;
    struct {
        long key;
        void *value;
    } slots[3];
} table;

NOINLINE static void *get_zeroed(size_t bytes) {
    void *memory = calloc(1, bytes);
    OPAQUE(memory);
    return memory;
}
NOINLINE static struct account *account_new(void) {
    return get_zeroed(sizeof(struct account));
}
NOINLINE static void returned(void) {
    struct account *a = account_new(), *b = account_new();
    a->partner = b;
    b->partner = a;
    OPAQUE(a);
}
NOINLINE static void stored(void) {
    struct account *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    a->partner = b;
    b->partner = a;
    OPAQUE(a);
}
NOINLINE static void nested(void) {
    table *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    a->slots[2].value = b;
    b->slots[0].value = a;
    OPAQUE(a);
}
NOINLINE static void ambiguous(void) {
    struct account *a = calloc(1, sizeof *a);
    struct other *b = calloc(1, sizeof *b);
    a->partner = (void *)b;
    b->partner[0] = a;
    OPAQUE(a);
}

int main(int count, char **arguments) {
    static const struct mode modes[] = {
        {"returned", returned}, {"stored", stored}, {"nested", nested}, {"ambiguous", ambiguous}};
    (void)count;
    return mode_run(modes, sizeof modes / sizeof modes[0], arguments);
}
