/* a registered region holds an object, though half of it can't be read; so does any mapping of the program's own. A
 * registered block of the heap is still an object itself
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0 mapping | clean
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0 block | leaked=1/8192
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_root_regions=0 block | lost=1/8192 indirect=1/1337
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0 unregister | lost=1/8192 indirect=1/1337
 */
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
extern "C" {
[[gnu::weak]] void __lsan_register_root_region(const void *lo, size_t size);
[[gnu::weak]] void __lsan_unregister_root_region(const void *lo, size_t size);
}
enum { SIZE = 8192 };
static void *region_make(const char *which) {
    if (strcmp(which, "mapping") != 0)
        return aligned_alloc(4096, SIZE);
    return mmap(nullptr, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
}
int main(int, char **words) {
    void **region = static_cast<void **>(region_make(words[1]));
    if (!__lsan_register_root_region)
        return 0;
    *region = malloc(1337);
    if (mprotect(reinterpret_cast<char *>(region) + SIZE / 2, SIZE / 2, PROT_NONE))
        return 1;
    __lsan_register_root_region(region, SIZE);
    if (strcmp(words[1], "unregister") == 0)
        __lsan_unregister_root_region(region, SIZE);
    return 0;
}
