/* blocks of which pages can't be read: what only those hold is lost, and no shape is looked for there
 * run: | leaked=1/1000 possible=1/200000
 */
#include <stdlib.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
enum { POINTERS = 25000 };
void **block;
char *inside[3];
int castaway_api_check(void) __attribute__((weak));
static int is_lost(int count) {
    return !castaway_api_check || castaway_api_check() == count;
}
static int forbid(void *address, size_t size) {
    return mprotect((void *)((uintptr_t)address & ~(uintptr_t)4095), size, PROT_NONE);
}
static int all(void) {
    block = calloc(POINTERS, sizeof *block);
    for (int i = 0; i < POINTERS; i++)
        block[i] = block;
    block[4000] = malloc(1000);
    if (!is_lost(0) || forbid(&block[4000], 8192) || !is_lost(1))
        return 1;
    if (forbid(block, 196608) || !is_lost(1))
        return 2;
    inside[0] = calloc(POINTERS, sizeof *block);
    inside[2] = inside[0] + 3 * sizeof(size_t);
    inside[1] = inside[0] + sizeof(unsigned long);
    inside[0] += sizeof(size_t);
    return forbid(inside[0] - sizeof(size_t), 196608) || !is_lost(1);
}
int main(void) {
    return all();
}
