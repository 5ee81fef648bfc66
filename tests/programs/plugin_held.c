/* purpose: the data of a plugin that is still open holds what it points at
 * so: plugin_held.so.c
 * link: -ldl
 * run: @so@
 * expect: lost=0/0
 */
#include <dlfcn.h>
#include <stdio.h>
#include "program.h"

static NOINLINE void plugin_use(const char *path) {
    void *plugin = dlopen(path, RTLD_NOW);
    if (!plugin) {
        puts(dlerror());
        exit(2);
    }
    void (*work)(void) = (void (*)(void))dlsym(plugin, "plugin_work");
    work();
}

int main(int argc, char **argv) {
    (void)argc;
    plugin_use(argv[1]);
    clobber_stack();
    return 0;
}
