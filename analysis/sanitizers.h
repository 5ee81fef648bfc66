/* sanitizers.h - how a program is known that is built with a sanitizer which brings an allocator of its own.
 *
 * Shared by the library, which stands aside there (preload/aside.c), and the tool, which refuses such a program by name
 * (tools/sanitizer.c). UndefinedBehaviorSanitizer brings none. */
#ifndef CASTAWAY_ANALYSIS_SANITIZERS_H
#define CASTAWAY_ANALYSIS_SANITIZERS_H

/* One line here is one runtime: how its library's file name begins.
 * Sources: GCC, libsanitizer; LLVM, compiler-rt */
#define SANITIZER_RUNTIMES(X)                                                                                          \
    X("libasan.so")                                                                                                    \
    X("libtsan.so")                                                                                                    \
    X("liblsan.so")                                                                                                    \
    X("libhwasan.so")                                                                                                  \
    X("libclang_rt.asan")                                                                                              \
    X("libclang_rt.tsan")                                                                                              \
    X("libclang_rt.hwasan")

/* Where the runtime is part of the program, that has a malloc of its own, and names functions that begin so. */
#define SANITIZER_HOOKS "__sanitizer_"

#endif
