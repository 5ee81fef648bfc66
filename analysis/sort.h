/* sort.h - sorting without recursion or libc. */
#ifndef CASTAWAY_ANALYSIS_SORT_H
#define CASTAWAY_ANALYSIS_SORT_H

#include <stddef.h>

/* < 0, 0, > 0 as `a` comes before, with or after `b`. */
typedef int sort_compare_cb(const void *a, const void *b);

enum { SORT_ELEMENT_BYTES_MAX = 256 };

/* Heap sort in place, O(n log n); not stable: give it a total order. size <= SORT_ELEMENT_BYTES_MAX. */
void sort_array(void *array, size_t count, size_t size, sort_compare_cb *compare);

/* Merge sort of an array that is nearly sorted, or long: O(n log r) for r stretches that are sorted already; stable.
 * spare    room for as many elements
 * returns  the sorted array: one of the two */
void *sort_runs(void *array, void *spare, size_t count, size_t size, sort_compare_cb *compare);

#endif
