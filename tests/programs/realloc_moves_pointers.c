/* purpose: a table that moved by realloc goes on holding what it points at; realloc to 0 frees
 * expect: lost=0/0
 */
#include "program.h"

static void **table;

static NOINLINE void table_make(void) {
    for (size_t i = 0; i < 2000; i++) {
        table = opaque(realloc(table, (i + 1) * sizeof *table));
        table[i] = NEW_BYTES(24);
    }
    void *gone = opaque(malloc(24));
    size_t zero = (size_t)opaque(NULL);

    opaque(realloc(gone, zero));
}

int main(void) {
    table_make();
    opaque(&table);
    clobber_stack();
    return 0;
}
