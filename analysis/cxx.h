/* cxx.h - C++ objects in the frozen heap: classes by their vtables, and the counts of std::shared_ptr.
 *
 * source  Itanium C++ ABI, 2.5 and 2.9 (vtables, type information); libstdc++, bits/shared_ptr_base.h, _Sp_counted_base;
 *         libc++, __memory/shared_count.h, __shared_weak_count */
#ifndef CASTAWAY_ANALYSIS_CXX_H
#define CASTAWAY_ANALYSIS_CXX_H

#include "counts.h"

/* Add what is known of the objects that begin with a vtable. A type's name is the symbol of its name: _ZTS4Node.
 * heap: as for python_read().
 *
 * is_likely  the program uses C++, as far as its modules say; else every object is looked at only when some are found
 *            among one in 64
 * is_quiet   no thread was stopped in the middle of something: a count of 0 says that the object is destroyed, not that
 *            its destructor is at work and still needs what it holds
 * returns    0 or -ENOMEM; nothing is found without heap->vtable_ranges
 * cost       20 to 30 ns an object; nothing where there is no C++ */
int cxx_read(const struct heap *heap, int is_likely, int is_quiet, struct counts *counts);

#endif
