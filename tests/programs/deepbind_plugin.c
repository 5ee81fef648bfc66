/* purpose: a plug-in with RTLD_DEEPBIND allocates and frees past us; what goes across is neither lost nor counted twice
 * so: deepbind_plugin.so.c
 * so_flags: -O1 -Wl,-z,now,-z,relro
 * run: @so@
 * link: -ldl
 * expect: lost=3/140
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include "program.h"

static void *(*makes)(size_t), *(*grows)(void *, size_t);
static void (*frees)(void *), (*keeps)(void *);

static int plugin_open(const char *path) {
    void *plugin = dlopen(path, RTLD_NOW | RTLD_DEEPBIND);

    if (!plugin)
        return -1;
    *(void **)&makes = dlsym(plugin, "plugin_makes");
    *(void **)&grows = dlsym(plugin, "plugin_grows");
    *(void **)&frees = dlsym(plugin, "plugin_frees");
    *(void **)&keeps = dlsym(plugin, "plugin_keeps");
    return 0;
}

/* Ours freed there, theirs freed here, many times over: the addresses come back and belong to others then. */
static NOINLINE void exchange(void) {
    for (int i = 0; i < 1000; i++) {
        void *ours = NEW_BYTES(48), *theirs = makes(48);

        frees(ours);
        free(theirs);
    }
}

static NOINLINE void drop_all(void) {
    NEW_BYTES(40);            /* ours */
    makes(56);                /* theirs */
    grows(NEW_BYTES(32), 44); /* ours, grown by them */
}

static NOINLINE void keep(void) {
    void **outer = NEW_BYTES(64);

    outer[1] = makes(72);
    keeps(outer);
}

int main(int count, char **words) {
    if (count != 2 || plugin_open(words[1]))
        return 1;
    exchange();
    drop_all();
    keep();
    clobber_stack();
    return 0;
}
