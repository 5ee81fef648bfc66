/* Begins before castaway: allocates while it is loaded. */
#include <stdlib.h>
#include <string.h>

static char *kept;

__attribute__((constructor)) static void start(void) {
    kept = malloc(20);
}

const char *plugin_word(void) {
    return strcpy(kept, "word");
}
