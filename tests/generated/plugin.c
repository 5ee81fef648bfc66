/* plugin.c - allocates for generated.cc from another module, and holds in its own thread-local memory. */
#include <stdint.h>
#include <stdlib.h>

void *plugin_allocate(size_t size);
void *plugin_allocate(size_t size) {
    return malloc(size);
}

static __thread volatile uintptr_t held[400];
void plugin_hold(uintptr_t address);
void plugin_hold(uintptr_t address) {
    static int used;
    held[used++] = address;
}
