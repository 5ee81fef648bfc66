/* purpose: an object made by a plugin that was closed since keeps its stack
 * so: dlclosed_plugin.so.c
 * link: -ldl
 * run: @so@
 * expect: lost=1/77
 * finding: kind=lost bytes=77 count=1 frame=plugin_work frame=main
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
    dlclose(plugin);
}

int main(int argc, char **argv) {
    (void)argc;
    plugin_use(argv[1]);
    clobber_stack();
    return 0;
}
