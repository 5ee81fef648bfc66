/* purpose: a table that moved by realloc goes on holding what it points at
 * expect: lost=0/0
 */
#include "program.h"

static void **table;

static NOINLINE void table_make(void) {
    for (size_t i = 0; i < 2000; i++) {
        table = opaque(realloc(table, (i + 1) * sizeof *table));
        table[i] = NEW_BYTES(24);
    }
}

int main(void) {
    table_make();
    opaque(&table);
    clobber_stack();
    return 0;
}
