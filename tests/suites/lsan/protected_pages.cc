/* pages of a block and of .bss that can't be read: the check is made all the same
 * run: | leaked=1/1337 stdout=DONE
 */
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>
extern "C" [[gnu::weak]] int __lsan_do_recoverable_leak_check();
static char data[10 << 20];
static void *volatile block;
static char *page_in(void *lo) {
    return reinterpret_cast<char *>((reinterpret_cast<std::uintptr_t>(lo) + 4095) & ~std::uintptr_t(4095));
}
int main() {
    block = malloc(10 << 20);
    fprintf(stderr, "%p\n", malloc(1337));
    if (mprotect(page_in(block), 16 << 10, PROT_NONE) || mprotect(page_in(data), 16 << 10, PROT_NONE))
        return 1;
    if (__lsan_do_recoverable_leak_check && !__lsan_do_recoverable_leak_check())
        return 2;
    puts("DONE");
    return 0;
}
