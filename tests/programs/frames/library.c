/* Into a shared library without frame pointers, and back by a callback; through libc's qsort and bsearch. */
#include "frames.h"

int library_call(void (*callback)(size_t), size_t size, int depth);

static size_t next_size = 1003;

static NOINLINE void callback(size_t size) {
    DROP_RECORDED(size);
    __asm__ volatile("");
}
static NOINLINE int compare(const void *a, const void *b) {
    if (next_size < 1005) {
        DROP_RECORDED(next_size);
        next_size++;
    }
    return *(const int *)a - *(const int *)b;
}

int main(void) {
    int numbers[100];

    for (int i = 0; i < 100; i++)
        numbers[i] = i * 7919 % 100;
    library_call(callback, 1001, 0);
    library_call(callback, 1002, 6);
    qsort(numbers, 100, sizeof *numbers, compare);
    clobber_stack();
    return 0;
}
