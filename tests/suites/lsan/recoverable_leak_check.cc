/* checks in the middle of a run, again and again, that see what is lost at that moment
 * run: | leaked=2/1360 status=23
 */
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
extern "C" [[gnu::weak]] int __lsan_do_recoverable_leak_check();
static void *volatile held;
static int check(int otherwise) {
    return __lsan_do_recoverable_leak_check ? __lsan_do_recoverable_leak_check() : otherwise;
}
int main() {
    held = malloc(23);
    if (check(0) != 0)
        return 1;
    fprintf(stderr, "%p\n", malloc(1337));
    if (check(1) != 1)
        return 2;
    held = nullptr;
    if (check(1) != 1)
        return 3;
    _exit(0);
}
