/* a block that has a mapping of its own
 * run: | leaked=1/33554432
 */
#include <cstdlib>
#include <cstdio>
int main() {
    fprintf(stderr, "%p\n", malloc(32 << 20));
    return 0;
}
