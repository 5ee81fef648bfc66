/* purpose: a program bound to its addresses that takes malloc's: it has no malloc of its own, and what a plug-in with RTLD_DEEPBIND
 *          drops is found as ever
 * flags: -O0:-no-pie:-fno-pic -O2:-no-pie:-fno-pic
 * so: deepbind_plugin.so.c
 * so_flags: -O1
 * run: @so@
 * link: -ldl
 * expect: lost=2/96
 * no_note: own-malloc
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include "program.h"

static void *(*volatile makes)(size_t) = malloc;

static NOINLINE void drop_made(void) {
    opaque(memset(makes(40), 0, 40));
}

int main(int count, char **words) {
    void *plugin = count == 2 ? dlopen(words[1], RTLD_NOW | RTLD_DEEPBIND) : NULL;

    if (!plugin)
        return 1;
    drop_made();
    *(void **)&makes = dlsym(plugin, "plugin_makes");
    makes(56);
    clobber_stack();
    return 0;
}
