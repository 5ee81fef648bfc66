/* roots.h - the memory that the program can surely reach. */
#ifndef CASTAWAY_PRELOAD_ROOTS_H
#define CASTAWAY_PRELOAD_ROOTS_H

#include "analysis/mark.h"
#include "arch.h"
#include "maps.h"
#include "stop.h"

/* What LeakSanitizer's options name (lsan.h). */
enum root_class {
    ROOTS_GLOBALS = 1, /* data of modules */
    ROOTS_STACKS = 2,
    ROOTS_REGISTERS = 4,
    ROOTS_TLS = 8,       /* thread-local data, thread-specific values */
    ROOTS_DECLARED = 16, /* regions that the program registered */
    ROOTS_OTHER = 32,    /* memory that the program mapped, pointers in the kernel */
};

/* Facts about the process that the first constructor learns. */
struct process_facts {
    struct range allocator;     /* module that brings the allocator */
    struct range castaway;      /* our own */
    struct range allocator_tls; /* its thread-local data, relative to the thread pointer (wraps round); lo = hi: none */
    int allocator_is_glibc;
    uintptr_t main_thread_pointer;
    size_t thread_struct_bytes; /* sizeof(struct pthread), which ends each thread's stack */
    size_t specific_offset;     /* in it, of the pointers to thread-specific values; 0: unknown */
    uintptr_t used_stacks;      /* glibc's list of the stacks of threads that live or can still be joined; 0: unknown */
    size_t thread_list_offset;  /* of the link in struct pthread */
    size_t static_tls_bytes;    /* of each thread, from the start: where, thread_block.h knows; 0: unknown */
};

struct roots_input {
    const struct maps *maps;
    const struct heap *heap; /* frozen */
    const struct process_facts *facts;
    const struct stopped *stopped;      /* all other threads */
    const struct callee_saved *here;    /* the scanning thread: registers where the program's own frames begin */
    const ucontext_t *here_interrupted; /* what a fatal signal broke off in it; NULL: it ends by a call */
    uintptr_t here_thread_pointer;
    uintptr_t here_reached;      /* how far down our own frames stand on its stack, below here->sp; 0: they don't */
    struct range kernel;         /* what kernel_roots() found, when it was asked before; else empty */
    const struct range *written; /* sorted, disjoint: of mappings only what stands there, and nothing that the kernel
                                    holds. For a search that asks for the rest when it is needed. NULL: everything */
    size_t written_count;
    int pid;           /* the program's */
    unsigned left_out; /* enum root_class: not to be roots */
};
struct roots_output {
    struct root *root;
    size_t count;
    uint64_t bytes;
};

/* Gather them. returns 0 or -ENOMEM. context: child */
int roots_gather(const struct roots_input *in, struct arena *arena, struct roots_output *out);

/* Keep of the roots what stands on written pages, and what is live whether it was written or not (stacks, registers,
 * pointers in the kernel). `written` is sorted and disjoint. returns 0 or -ENOMEM: nothing changed. context: child */
int roots_intersect(struct roots_output *roots, const struct range *written, size_t written_count, struct arena *arena);

/* Tell the heap view which memory must not be read (PROT_NONE pages, holes) and which holds constants (vtables). */
int roots_view_memory(const struct maps *maps, struct heap *heap, struct arena *arena);

#endif
