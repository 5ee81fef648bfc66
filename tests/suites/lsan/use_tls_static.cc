/* a thread-local variable of the executable holds an object
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_tls=0 | leaked=1/1337
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_tls=1 | clean
 * run: | clean
 */
#include <cstdlib>
static __thread void *local;
int main() {
    local = malloc(1337);
    return local == nullptr;
}
