/* realloc to nothing, from nothing, and to more than there is
 * run: | clean
 * run: keep | leaked=1/1
 */
#include <stdlib.h>
int main(int count, char **words) {
    char *volatile block = malloc(1), *volatile none = NULL;
    (void)words;
    if (realloc(block, 0))
        return 1;
    free(realloc(none, 0));
    block = malloc(1);
    if (realloc(block, (size_t)-1 / 2 - 100))
        return 2;
    if (count == 1)
        free(block);
    return 0;
}
