/* purpose: a filter that kills for nearly every system call, and allocations of every stack and size behind it: as without castaway
 * expect: any
 * status: 7
 */
#include "filter.h"
#include "program.h"

static void *kept[2000];

static NOINLINE void *make(int depth, size_t size) {
    void *object = depth ? make(depth - 1, size) : opaque(malloc(size));

    return opaque(object);
}

int main(void) {
    /* Room in the heap, so that the C library needs none from the kernel. */
    for (int i = 0; i < 2000; i++)
        kept[i] = opaque(malloc(64));
    for (int i = 0; i < 1999; i++)
        free(kept[i]);
    if (filter_all_but(SYS_exit_group))
        return 1;
    for (int i = 0; i < 1000; i++)
        kept[i] = realloc(make(i % 50, (size_t)i % 40), 50);
    for (int i = 0; i < 1000; i++)
        free(kept[i]);
    return 7;
}
