/* purpose: thread-local and plain data of a module that was loaded later hold; of one that was closed they do not
 * so: tls_of_plugin.so.c
 * link: -ldl
 * run: @so@
 * expect: lost=1/48
 */
#include <dlfcn.h>
#include <stdio.h>
#include "program.h"

typedef void hold_in(void *, void *);

static NOINLINE void *load(const char *path, size_t size) {
    void *module = dlopen(path, RTLD_NOW);
    hold_in *hold = module ? (hold_in *)dlsym(module, "hold") : NULL;

    if (!hold)
        abort();
    hold(NEW_BYTES(size), NEW_BYTES(size));
    return module;
}

int main(int count, char **arguments) {
    char copy[4096];

    (void)count;
    snprintf(copy, sizeof copy, "cp %s %s.2", arguments[1], arguments[1]);
    if (system(copy))
        return 1;
    load(arguments[1], 40);
    snprintf(copy, sizeof copy, "%s.2", arguments[1]);
    dlclose(load(copy, 48));
    remove(copy);
    memset(copy, 0, sizeof copy);
    clobber_stack();
    return 0;
}
