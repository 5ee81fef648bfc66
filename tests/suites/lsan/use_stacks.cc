/* a local variable of a function that calls exit() holds an object
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0 | leaked=1/1337
 * run: LSAN_OPTIONS=use_stacks=1:use_registers=0 | clean
 * run: | clean
 */
#include <cstdlib>
int main() {
    void *volatile local = malloc(1337);
    if (local)
        exit(0);
    return 1;
}
