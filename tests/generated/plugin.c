/* plugin.c - allocates for generated.cc from another module. */
#include <stdlib.h>

void *plugin_allocate(size_t size);
void *plugin_allocate(size_t size) {
    return malloc(size);
}
