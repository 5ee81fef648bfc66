/* large blocks freed and made again at places that overlap the old ones
 * run: | leaked=2/2500000
 */
#include <stdlib.h>
#include <string.h>
static void *blocks[40];
int main(void) {
    for (size_t i = 0; i < 40; i++) {
        blocks[i] = malloc(1000000 + i * 12345);
        memset(blocks[i], 0, 100);
        if (i % 3 == 2) {
            free(blocks[i - 1]);
            blocks[i - 1] = NULL;
        }
    }
    blocks[0] = memset(malloc(1500000), 0, 1500000);
    free(blocks[3]);
    blocks[3] = NULL;
    ((void **)blocks[0])[100000] = blocks[6];
    ((void **)blocks[6])[5] = blocks[0];
    void *lost = malloc(1500000);
    return lost == NULL;
}
