/* sort.c - heap sort: in place, no recursion, no worst case.
 *
 * Owns:    nothing.      Runs in: snapshot child, unit tests, tools.
 * Start:   sort_array(). */
#include "sort.h"

#include <string.h>

/* Let the element at `root` sink until no child is greater. */
static void sink(char *array, size_t root, size_t count, size_t size, sort_compare_cb *compare) {
    char held[SORT_ELEMENT_BYTES_MAX];
    memcpy(held, array + root * size, size);
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && compare(array + child * size, array + (child + 1) * size) < 0)
            child++;
        if (compare(held, array + child * size) >= 0)
            break;
        memcpy(array + root * size, array + child * size, size);
    }
    memcpy(array + root * size, held, size);
}

static int is_sorted(const char *array, size_t count, size_t size, sort_compare_cb *compare) {
    for (size_t i = 1; i < count; i++)
        if (compare(array + (i - 1) * size, array + i * size) > 0)
            return 0;
    return 1;
}

void sort_array(void *array, size_t count, size_t size, sort_compare_cb *compare) {
    char *base = array, held[SORT_ELEMENT_BYTES_MAX];
    if (is_sorted(base, count, size, compare))
        return;
    for (size_t root = count / 2; root-- > 0;)
        sink(base, root, count, size, compare);
    for (size_t last = count - 1; last > 0; last--) {
        memcpy(held, base + last * size, size);
        memcpy(base + last * size, base, size);
        memcpy(base, held, size);
        sink(base, 0, last, size, compare);
    }
}
