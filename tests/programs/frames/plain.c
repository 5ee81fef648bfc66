/* Calls of several depths and frame sizes, alloca, recursion, calls through pointers. */
#include "frames.h"

#include <alloca.h>

static NOINLINE void leaf(size_t size) {
    DROP_RECORDED(size);
    __asm__ volatile("");
}
static NOINLINE int with_area(int depth, size_t size) {
    volatile char area[333];

    area[depth] = (char)depth;
    if (depth == 0)
        leaf(size);
    else
        with_area(depth - 1, size);
    return area[depth];
}
static NOINLINE int with_alloca(size_t count, size_t size) {
    volatile char *area = alloca(count);

    area[count - 1] = 1;
    with_area(3, size);
    return area[count - 1];
}
static NOINLINE int many_arguments(int a, int b, int c, int d, int e, int f, size_t g, size_t size) {
    with_alloca(g, size);
    return a + b + c + d + e + f;
}

int main(void) {
    void (*volatile through_pointer)(size_t) = leaf;

    leaf(1001);
    with_area(40, 1002);
    with_alloca(100, 1003);
    many_arguments(1, 2, 3, 4, 5, 6, 700, 1004);
    through_pointer(1005);
    clobber_stack();
    return 0;
}
