/* an object of no bytes
 * run: | leaked=1/0
 */
#include <stdio.h>
#include <stdlib.h>
int main(void) {
    fprintf(stderr, "%p\n", malloc(0));
    return 0;
}
