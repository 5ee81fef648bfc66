/* purpose: what global, static, function-static, heap, stack and environment memory holds is no leak
 * expect: lost=0/0
 */
#include "program.h"

void *global_variable;
static void *static_variable;
static void *static_table[1000] = {&static_variable};
static struct {
    char tag;
    void *pointer;
} static_struct;

static NOINLINE void objects_make(void) {
    static void *function_static;
    void **on_heap = NEW_BYTES(64);

    global_variable = NEW_BYTES(24);
    static_variable = NEW_BYTES(32);
    static_table[999] = NEW_BYTES(40);
    static_struct.pointer = NEW_BYTES(48);
    function_static = on_heap;
    on_heap[7] = NEW_BYTES(56);
    setenv("CASTAWAY_TEST_PROGRAM", "some value", 1);
    char *variable = NEW_BYTES(40);
    strcpy(variable, "CASTAWAY_TEST_OTHER=value");
    putenv(variable);
    opaque(&function_static);
}

int main(void) {
    void *volatile on_stack = NULL;

    objects_make();
    opaque(&static_variable);
    opaque(static_table);
    opaque(&static_struct);
    clobber_stack();
    on_stack = NEW_BYTES(72);
    exit(0);
    opaque(on_stack);
}
