/* thread_block.h - where glibc keeps what is a thread's: machine facts of this concern.
 *
 * Its block is a struct pthread. x86-64: the thread pointer points at it, the thread-local data of modules that were there
 * from the start end where it begins. aarch64: it ends where the thread pointer points, and there they begin, behind two
 * words. Source: ELF Handling For Thread-Local Storage, variants II and I; glibc, nptl/allocatestack.c */
#ifndef CASTAWAY_PRELOAD_THREAD_BLOCK_H
#define CASTAWAY_PRELOAD_THREAD_BLOCK_H

#include "roots.h"

#if defined(__x86_64__)
enum { THREAD_BLOCK_BY_SPECIFIC = 0 }; /* is facts->specific_offset needed? */
static inline struct range thread_block(const struct process_facts *facts, uintptr_t thread_pointer) {
    return (struct range){thread_pointer, thread_pointer + facts->thread_struct_bytes};
}
static inline uintptr_t thread_block_pointer(const struct process_facts *facts, uintptr_t block) {
    (void)facts;
    return block;
}
/* Thread-local data and block of a thread; `facts` may not know where they begin. */
static inline struct range thread_block_tls(const struct process_facts *facts, uintptr_t thread_pointer) {
    uintptr_t end = thread_block(facts, thread_pointer).hi;
    return (struct range){facts->static_tls_bytes ? end - facts->static_tls_bytes : thread_pointer, end};
}
/* The block names itself twice. Source: glibc, sysdeps/x86_64/nptl/tls.h, tcbhead_t */
static inline int thread_block_names_itself(const struct process_facts *facts, uintptr_t thread_pointer) {
    const uintptr_t *block = (const uintptr_t *)thread_pointer;
    (void)facts;
    return block[0] == thread_pointer && block[2] == thread_pointer;
}
/* The vector of the dynamic TLS blocks. Source: as above */
static inline uintptr_t thread_block_vector(uintptr_t thread_pointer) {
    return ((const uintptr_t *)thread_pointer)[1];
}
#else
enum { THREAD_BLOCK_BY_SPECIFIC = 1 };
static inline struct range thread_block(const struct process_facts *facts, uintptr_t thread_pointer) {
    return (struct range){thread_pointer - facts->thread_struct_bytes, thread_pointer};
}
static inline uintptr_t thread_block_pointer(const struct process_facts *facts, uintptr_t block) {
    return block + facts->thread_struct_bytes;
}
static inline struct range thread_block_tls(const struct process_facts *facts, uintptr_t thread_pointer) {
    return (struct range){thread_block(facts, thread_pointer).lo, thread_pointer + facts->static_tls_bytes};
}
/* The first word of `specific` points at what stands right before it: 32 keys, of two words each. Where that is may not be
 * known: then it is believed. Source: glibc, nptl/descr.h */
static inline int thread_block_names_itself(const struct process_facts *facts, uintptr_t thread_pointer) {
    enum { KEYS_BYTES = 32 * 16 };
    uintptr_t specific = thread_block(facts, thread_pointer).lo + facts->specific_offset;
    return !facts->specific_offset || *(const uintptr_t *)specific == specific - KEYS_BYTES;
}
/* Source: glibc, sysdeps/aarch64/nptl/tls.h, tcbhead_t */
static inline uintptr_t thread_block_vector(uintptr_t thread_pointer) {
    return *(const uintptr_t *)thread_pointer;
}
#endif

#endif
