/* a global variable without a value holds an object
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_globals=0 | leaked=1/1337
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_globals=1 | clean
 * run: | clean
 */
#include <cstdlib>
void *in_bss;
int main() {
    in_bss = malloc(1337);
    return 0;
}
