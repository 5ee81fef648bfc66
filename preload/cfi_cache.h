/* cfi_cache.h - many steps from code of the same few functions. */
#ifndef CASTAWAY_PRELOAD_CFI_CACHE_H
#define CASTAWAY_PRELOAD_CFI_CACHE_H

#include "cfi_row.h"

/* What makes the row of the code at `pc`, for cfi_apply(). For one caller at a time, who asks for one address after another
 * of the same few functions: from one further on it goes on where it was. A function of a thousand calls has a program to
 * match.
 *
 * returns  CFI_CALLER when *out is it, until the next call; CFI_NO_TABLE; CFI_FAILED */
enum cfi_step cfi_cache_row(uintptr_t pc, const struct machine **out);

/* Some module is gone: its tables may be another's now. */
void cfi_cache_forget(void);

#endif
