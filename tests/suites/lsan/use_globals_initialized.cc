/* a global variable with a value of its own holds an object
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_globals=0 | leaked=1/1337
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_globals=1 | clean
 * run: | clean
 */
#include <cstdlib>
static int word = 7;
void *in_data = &word;
int main() {
    in_data = malloc(1337);
    return 0;
}
