/* an object that points at itself
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0 | leaked=1/1337
 */
#include <cstdio>
#include <cstdlib>
int main() {
    void **made = static_cast<void **>(malloc(1337));
    *made = made;
    fprintf(stderr, "%p\n", static_cast<void *>(made));
    return 0;
}
