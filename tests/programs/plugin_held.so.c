/* The plugin of plugin_held.c. */
#include "program.h"

static void *held;
static __thread void *held_by_thread;

void plugin_work(void);
void plugin_work(void) {
    held = NEW_BYTES(77);
    held_by_thread = NEW_BYTES(33);
    opaque(&held);
    opaque(&held_by_thread);
}
