/* sanitizers.h - how a program is known that is built with a sanitizer which brings an allocator of its own.
 *
 * Shared by the library, which stands aside there (preload/aside.c), and the tool, which refuses such a program by name
 * (tools/sanitizer.c). UndefinedBehaviorSanitizer brings none. */
#ifndef CASTAWAY_ANALYSIS_SANITIZERS_H
#define CASTAWAY_ANALYSIS_SANITIZERS_H

/* How the file names of their libraries begin.
 * Sources: GCC, libsanitizer; LLVM, compiler-rt */
static const char *const sanitizer_runtimes[] = {
    "libasan.so",       "libtsan.so",       "liblsan.so",         "libhwasan.so",
    "libclang_rt.asan", "libclang_rt.tsan", "libclang_rt.hwasan",
};
enum { SANITIZER_RUNTIMES = sizeof sanitizer_runtimes / sizeof *sanitizer_runtimes };

/* Where the runtime is part of the program, that has a malloc of its own, and names functions that begin so. */
#define SANITIZER_HOOKS "__sanitizer_"

#endif
