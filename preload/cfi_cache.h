/* cfi_cache.h - many steps from code of the same few functions. */
#ifndef CASTAWAY_PRELOAD_CFI_CACHE_H
#define CASTAWAY_PRELOAD_CFI_CACHE_H

#include "cfi.h"

/* As cfi_step(), for one caller at a time, who asks for one address after another of the same few functions: from one
 * further on it goes on where it was. A function of a thousand calls has a program to match. */
enum cfi_step cfi_cache_step(struct cfi_frame *frame, cfi_read_cb *read, void *context);

/* Some module is gone: its tables may be another's now. */
void cfi_cache_forget(void);

#endif
