/* no check at the end, one that the program asks for all the same
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0 ask | leaked=1/1337
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0 | leaked=1/1337
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:leak_check_at_exit=0 ask | leaked=1/1337
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:leak_check_at_exit=0 | status=0
 */
#include <cstdio>
#include <cstdlib>
extern "C" [[gnu::weak]] void __lsan_do_leak_check();
int main(int count, char **) {
    fprintf(stderr, "%p\n", malloc(1337));
    if (count > 1 && __lsan_do_leak_check)
        __lsan_do_leak_check();
    return 0;
}
