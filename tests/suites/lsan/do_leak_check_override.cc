/* a program that checks in its own way is judged as it was then
 * run: | leaked=1/1337
 * run: checks | leaked=1/1337
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
