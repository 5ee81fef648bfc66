/* purpose: what a library loses in its constructor, called by dlopen(), and in its destructor, called by dlclose()
 * so: plugin_constructor.so.c
 * run: @so@
 * link: -ldl
 * expect: lost=2/155
 */
#include <dlfcn.h>
#include "program.h"

int main(int count, char **words) {
    void *module = count < 2 ? NULL : dlopen(words[1], RTLD_NOW);

    if (!module || dlopen("nothing-of-this-name.so", RTLD_NOW) || dlclose(module))
        return 1;
    clobber_stack();
    return 0;
}
