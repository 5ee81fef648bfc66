/* The plugin of dlclosed_plugin.c. */
#include "program.h"

void plugin_work(void);
void plugin_work(void) {
    NEW_BYTES(77);
    __asm__ volatile("");
}
