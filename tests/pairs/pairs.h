/* pairs.h - leaking functions and their mended twins: shapes of CWE-401.
 *
 * Each pair is one body in which `bad` says whether the memory is given back. */
#ifndef CASTAWAY_TESTS_PAIRS_H
#define CASTAWAY_TESTS_PAIRS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif
/* The compiler can neither remove an allocation whose address has been here nor know the value that comes out. */
void *seen(void *pointer);
int true_at_run_time(void);
/* Takes a block over in another file; gives it back unless `bad`. */
void sink(char *block, int bad);
char *source(size_t size);
void cxx_pairs(void (*add)(const char *name, void (*run)(int bad)));
#ifdef __cplusplus
}
#endif
#endif
