/* The plug-in of deepbind_plugin.c. Opened with RTLD_DEEPBIND, it has the C library's own malloc and free. */
#include <stdlib.h>
#include <string.h>

void *plugin_kept;

/* Of its own, given to the program. */
void *plugin_makes(size_t size) {
    return memset(malloc(size), 0, size);
}

/* The program's, given to it. */
void plugin_frees(void *object) {
    free(object);
}
void *plugin_grows(void *object, size_t size) {
    return realloc(object, size);
}
void plugin_keeps(void *object) {
    plugin_kept = object;
}
