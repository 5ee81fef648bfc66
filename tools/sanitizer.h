/* sanitizer.h - programs whose allocator is a sanitizer's. */
#ifndef CASTAWAY_TOOLS_SANITIZER_H
#define CASTAWAY_TOOLS_SANITIZER_H

#include <stdbool.h>

/* Is the ELF file at `path` built with AddressSanitizer, ThreadSanitizer, MemorySanitizer or LeakSanitizer? false also
 * when that can't be read. The library finds out in its own way (preload/aside.c). */
bool sanitizer_is_in(const char *path);

#endif
