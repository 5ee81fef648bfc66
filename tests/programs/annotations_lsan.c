/* purpose: LeakSanitizer's interface means the same here: ignored, disabled in one thread only, root regions
 * link: -pthread
 * expect: lost=3/129
 */
#include <pthread.h>
#include <sys/mman.h>
#include "program.h"

void __lsan_ignore_object(const void *object) __attribute__((weak));
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));
void __lsan_register_root_region(const void *lo, size_t size) __attribute__((weak));
void __lsan_unregister_root_region(const void *lo, size_t size) __attribute__((weak));

static NOINLINE void *drop_one(void *unused) {
    NEW_BYTES(41);
    return unused;
}

/* A block is no root of itself; a registered part of it is, as long as it is registered and readable. */
static NOINLINE void regions_make(void) {
    void **block = NEW_BYTES(44), **gone = NEW_BYTES(44);

    block[1] = NEW_BYTES(48);
    block[3] = NULL;
    __lsan_register_root_region(block + 1, 8);
    __lsan_register_root_region(gone, 16);
    __lsan_unregister_root_region(gone, 16);
    __lsan_unregister_root_region(gone, 16);
    __lsan_register_root_region((void *)16, 4096);
}

int main(void) {
    pthread_t thread;

    if (!__lsan_disable)
        return 0;
    __lsan_disable();
    drop_one(NULL);
    if (pthread_create(&thread, NULL, drop_one, NULL))
        return 1;
    pthread_join(thread, NULL);
    __lsan_enable();
    __lsan_ignore_object(NEW_BYTES(50));
    regions_make();
    clobber_stack();
    return 0;
}
