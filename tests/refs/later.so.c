/* Stands behind the dlclose of castaway: what it calls comes when the file is gone, and the close is not over. */
#define _GNU_SOURCE
#include <dlfcn.h>

extern void (*dlclose_later)(void);
void (*dlclose_later)(void);

int dlclose(void *handle) {
    int (*real)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "dlclose");
    int result = real(handle);
    if (dlclose_later)
        dlclose_later();
    return result;
}
