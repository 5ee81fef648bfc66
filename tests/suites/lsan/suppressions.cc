/* one of two leaks is suppressed, with what hangs from it counted at the one that holds it
 * file: @dir@/empty |
 * file: @dir@/function | leak:*leaveOne*
 * file: @dir@/module | leak:suppressions
 * run: LSAN_OPTIONS=suppressions=@dir@/empty | leaked=3/2780
 * run: LSAN_OPTIONS=suppressions='@dir@/function' | leaked=1/1337 stderr=666_*leaveOne*
 * run: LSAN_OPTIONS=suppressions=@dir@/module | status=0
 */
#include <cstdio>
#include <cstdlib>
void *leaveOne() {
    void *made = malloc(666);
    fprintf(stderr, "%p\n", made);
    return made;
}
void not_suppressed() {
    void **holder = static_cast<void **>(leaveOne());
    *holder = malloc(777);
}
int main() {
    not_suppressed();
    fprintf(stderr, "%p\n", malloc(1337));
    return 0;
}
