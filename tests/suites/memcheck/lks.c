/* a little of each kind, most of it in main itself, whose frame is gone when the program has ended
 * run: | leaked=3/60
 */
#include <stdlib.h>
static void *kept;
int main(void) {
    void **outer = malloc(20);
    outer[0] = malloc(20);
    kept = malloc(20);
    char *moved = malloc(20);
    moved += 5;
    return kept == NULL || moved == NULL;
}
