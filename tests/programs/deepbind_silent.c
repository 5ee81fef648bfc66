/* purpose: a plug-in with RTLD_DEEPBIND, in a program that itself allocates nothing after it was opened: what the plug-in drops is lost
 * so: deepbind_plugin.so.c
 * so_flags: -O1 -Wl,-z,now,-z,relro
 * run: @so@
 * link: -ldl
 * expect: lost=2/104
 * finding: kind=lost objects=1 bytes=56 frame=plugin_makes
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include "program.h"

static NOINLINE int use(void *plugin) {
    void *(*makes)(size_t), (*keeps)(void *);

    *(void **)&makes = dlsym(plugin, "plugin_makes");
    makes(56);
    *(void **)&keeps = dlvsym(plugin, "plugin_keeps", "NONE");
    *(void **)&keeps = keeps ? keeps : dlsym(plugin, "plugin_keeps");
    makes(48);
    keeps(makes(72));
    return 0;
}

int main(int count, char **words) {
    void *plugin = count == 2 ? dlopen(words[1], RTLD_NOW | RTLD_DEEPBIND) : NULL;

    if (!plugin)
        return 1;
    use(plugin);
    clobber_stack();
    return 0;
}
