/* a pointer at an odd address holds an object only when such are asked for
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_unaligned=0 | leaked=1/1337
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_unaligned=1 | clean
 */
#include <cstdlib>
#include <cstring>
void *words[2];
int main() {
    void *made = malloc(1337);
    memcpy(reinterpret_cast<char *>(words) + 1, &made, sizeof made);
    return 0;
}
