/* sort.c - heap sort: in place, no recursion, no worst case; and merge sort, where there is memory for a second array.
 *
 * Owns:    nothing.      Never: recurses; sort_array(): keeps the order of equal elements.
 * Runs in: snapshot child, unit tests, tools.
 * Start:   sort_array(), sort_runs(). */
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

/* ---- merge sort ---- */

/* The end of the sorted stretch that begins at `first`. */
static size_t run_end(const char *array, size_t first, size_t count, size_t size, sort_compare_cb *compare) {
    size_t end = first + 1;
    while (end < count && compare(array + (end - 1) * size, array + end * size) <= 0)
        end++;
    return end < count ? end : count;
}

/* Sorted [first, middle) and [middle, end) of `from` become one stretch of `to`. */
static void merge(const char *from, char *to, size_t first, size_t middle, size_t end, size_t size,
                  sort_compare_cb *compare) {
    size_t a = first, b = middle;
    for (size_t out = first; out < end; out++) {
        int takes_a = b == end || (a < middle && compare(from + a * size, from + b * size) <= 0);
        memcpy(to + out * size, from + (takes_a ? a++ : b++) * size, size);
    }
}

/* Stretches two by two, once. returns how many there were */
static size_t merge_pairs(const char *from, char *to, size_t count, size_t size, sort_compare_cb *compare) {
    size_t runs = 0, end;
    for (size_t first = 0; first < count; first = end) {
        size_t middle = run_end(from, first, count, size, compare);
        end = middle < count ? run_end(from, middle, count, size, compare) : middle;
        runs += end > middle ? 2 : 1;
        merge(from, to, first, middle, end, size, compare);
    }
    return runs;
}

void *sort_runs(void *array, void *spare, size_t count, size_t size, sort_compare_cb *compare) {
    char *from = array, *to = spare;
    if (is_sorted(array, count, size, compare))
        return array;
    for (;;) {
        size_t runs = merge_pairs(from, to, count, size, compare);
        if (runs <= 2)
            return to;
        char *sorted = to;
        to = from;
        from = sorted;
    }
}
