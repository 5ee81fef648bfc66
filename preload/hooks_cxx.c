/* hooks_cxx.c - operator new and delete, for allocators that bring their own.
 *
 * libstdc++'s operator new calls malloc, which records. jemalloc, tcmalloc and mimalloc define the operators themselves
 * and call nothing that we stand before. So the operators are interposed too, and an object that malloc's wrapper has
 * recorded already is left as it is.
 *
 * Where glibc's malloc is in use the standard libraries' own operators are left alone: what they do is seen there.
 *
 * The next operator may be in a library that was opened privately (a plug-in's libstdc++), out of RTLD_NEXT's sight:
 * then it is looked for in the C++ libraries that are loaded.
 *
 * Owns:    for each operator the one behind it.
 * Never:   throws; an exception of the real operator passes through (-fexceptions).
 * Start:   the table at the end. */
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "hooks.h"
#include "init.h"
#include "thread.h"

static const char *const libraries[] = {"libstdc++.so.6", "libc++.so.1", "libc++abi.so.1"};

static void *find_next(const char *symbol) {
    start_recording(); /* so that the allocator is known */
    thread_busy++;
    void *found = dlsym(RTLD_NEXT, symbol);
    for (size_t i = 0; !found && i < sizeof libraries / sizeof libraries[0]; i++) {
        void *library = dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD);
        found = library ? dlsym(library, symbol) : NULL;
    }
    thread_busy--;
    return found;
}

/* Does all that this operator does pass through malloc and free? */
static int is_seen(const void *real) {
    struct dl_find_object found;
    if (!process.facts.allocator_is_glibc || init_has_own_malloc() || _dl_find_object((void *)real, &found) != 0 ||
        !found.dlfo_link_map)
        return 0;
    const char *path = found.dlfo_link_map->l_name, *slash = strrchr(path, '/');
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++)
        if (strcmp(slash ? slash + 1 : path, libraries[i]) == 0)
            return 1;
    return 0;
}

/* Where none is behind ours one may come with a later plug-in. To look at every call would cost more than the call, and take
 * the loader's lock: so, once it was done for nothing, it is done at the second, fourth, eighth ... call after that.
 * missed: 0 until then */
static int is_time_to_look(unsigned *missed) {
    unsigned count = __atomic_load_n(missed, __ATOMIC_RELAXED);
    if (count)
        count = __atomic_add_fetch(missed, 1, __ATOMIC_RELAXED);
    return (count & (count - 1)) == 0;
}

/* The operator behind one of ours. */
struct behind {
    const void *found; /* NULL: none was yet */
    const void *seen;  /* the same, where nothing need be done here */
    unsigned missed;
};

static __attribute__((noinline)) const void *behind_find(struct behind *behind, const char *symbol) {
    const void *found = __atomic_load_n(&behind->found, __ATOMIC_ACQUIRE);
    if (found || !is_time_to_look(&behind->missed))
        return found;
    found = find_next(symbol);
    if (is_seen(found))
        __atomic_store_n(&behind->seen, found, __ATOMIC_RELEASE);
    __atomic_store_n(&behind->found, found, __ATOMIC_RELEASE);
    __atomic_fetch_or(&behind->missed, !found, __ATOMIC_RELAXED);
    return found;
}

static inline const void *behind_seen(const struct behind *behind) {
    return __atomic_load_n(&behind->seen, __ATOMIC_ACQUIRE);
}

/* Where the real operator is seen it stands in the place of ours, from the first call on: no stack has ours then. */
#define OPERATOR_NEW(symbol, parameters, arguments, fallback)                                                          \
    typedef void *(*symbol##_type)parameters;                                                                          \
    EXPORT void *symbol parameters;                                                                                    \
    void *symbol parameters {                                                                                          \
        static struct behind behind;                                                                                   \
        symbol##_type real = (symbol##_type)behind_seen(&behind);                                                      \
        if (__builtin_expect(!real, 0)) {                                                                              \
            real = (symbol##_type)behind_find(&behind, #symbol);                                                       \
            if (!real)                                                                                                 \
                return fallback;                                                                                       \
        }                                                                                                              \
        if (behind_seen(&behind))                                                                                      \
            return real arguments;                                                                                     \
        void *pointer = real arguments;                                                                                \
        if (hook_is_recording() && pointer != NULL)                                                                    \
            hook_made_once(pointer, bytes, &ARCH_CALLER());                                                            \
        return pointer;                                                                                                \
    }

/* libstdc++'s operator new[] jumps to operator new: ours is the one frame that says which it was, so it stays. */
#define OPERATOR_NEW_ARRAY(symbol, parameters, arguments, fallback)                                                    \
    OPERATOR(symbol, parameters, arguments, fallback, , )
/* libstdc++ calls aligned_alloc with more than was asked for. (Other allocators' operators call nothing of ours, and not
 * every operator calls such a function.) */
#define OPERATOR_NEW_ALIGNED(symbol, parameters, arguments, fallback)                                                  \
    OPERATOR(symbol, parameters, arguments, fallback, hook_asked = process.facts.allocator_is_glibc ? bytes : 0,       \
             hook_asked = 0)
#define OPERATOR(symbol, parameters, arguments, fallback, before, after)                                               \
    typedef void *(*symbol##_type)parameters;                                                                          \
    EXPORT void *symbol parameters;                                                                                    \
    void *symbol parameters {                                                                                          \
        static struct behind behind;                                                                                   \
        symbol##_type real = (symbol##_type)behind_seen(&behind);                                                      \
        if (__builtin_expect(!real, 0) && !(real = (symbol##_type)behind_find(&behind, #symbol)))                      \
            return fallback;                                                                                           \
        before;                                                                                                        \
        void *pointer = real arguments;                                                                                \
        after;                                                                                                         \
        if (__builtin_expect(!behind_seen(&behind), 0) && hook_is_recording() && pointer != NULL)                      \
            hook_made_once(pointer, bytes, &ARCH_CALLER());                                                            \
        return pointer;                                                                                                \
    }

/* Where the real operator is seen it does nothing but to call another of these, or free; that is done at once, in its place.
 * If the program or a library has its own of that one, the call goes there, as the standard library's would. */
#define OPERATOR_DELETE(symbol, parameters, arguments, comes_down_to)                                                  \
    typedef void(*symbol##_type) parameters;                                                                           \
    static struct behind symbol##_behind;                                                                              \
    static __attribute__((noinline)) void symbol##_unseen parameters {                                                 \
        symbol##_type real = (symbol##_type)behind_find(&symbol##_behind, #symbol);                                    \
        if (!real) {                                                                                                   \
            free(pointer);                                                                                             \
            return;                                                                                                    \
        }                                                                                                              \
        if (pointer && hook_is_recording())                                                                            \
            hook_free(pointer);                                                                                        \
        real arguments;                                                                                                \
    }                                                                                                                  \
    EXPORT void symbol parameters;                                                                                     \
    void symbol parameters {                                                                                           \
        if (__builtin_expect(behind_seen(&symbol##_behind) != NULL, 1))                                                \
            comes_down_to;                                                                                             \
        else                                                                                                           \
            symbol##_unseen arguments;                                                                                 \
    }

/* A plug-in that holds its C++ library in itself: its operators resolve to ours, and there is nothing behind them. What
 * we would throw it could not catch, so want of memory ends it. */
static void *present(void *pointer) {
    if (!pointer)
        abort();
    return pointer;
}

static void *aligned(size_t bytes, size_t alignment) {
    return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

struct nothrow {
    char unused;
};

/* Mangled names. Source: Itanium C++ ABI, "Mangling"; C++17 [new.delete] */
OPERATOR_NEW(_Znwm, (size_t bytes), (bytes), present(malloc(bytes)))
OPERATOR_NEW_ARRAY(_Znam, (size_t bytes), (bytes), present(malloc(bytes)))
OPERATOR_NEW(_ZnwmRKSt9nothrow_t, (size_t bytes, const struct nothrow *tag), (bytes, tag), malloc(bytes))
OPERATOR_NEW_ARRAY(_ZnamRKSt9nothrow_t, (size_t bytes, const struct nothrow *tag), (bytes, tag), malloc(bytes))
OPERATOR_NEW_ALIGNED(_ZnwmSt11align_val_t, (size_t bytes, size_t alignment), (bytes, alignment),
                     present(aligned(bytes, alignment)))
OPERATOR_NEW_ALIGNED(_ZnamSt11align_val_t, (size_t bytes, size_t alignment), (bytes, alignment),
                     present(aligned(bytes, alignment)))
OPERATOR_NEW_ALIGNED(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t bytes, size_t alignment, const struct nothrow *tag),
                     (bytes, alignment, tag), aligned(bytes, alignment))
OPERATOR_NEW_ALIGNED(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t bytes, size_t alignment, const struct nothrow *tag),
                     (bytes, alignment, tag), aligned(bytes, alignment))
OPERATOR_DELETE(_ZdlPv, (void *pointer), (pointer), free(pointer))
OPERATOR_DELETE(_ZdaPv, (void *pointer), (pointer), _ZdlPv(pointer))
OPERATOR_DELETE(_ZdlPvm, (void *pointer, size_t bytes), (pointer, bytes), _ZdlPv(pointer))
OPERATOR_DELETE(_ZdaPvm, (void *pointer, size_t bytes), (pointer, bytes), _ZdaPv(pointer))
OPERATOR_DELETE(_ZdlPvRKSt9nothrow_t, (void *pointer, const struct nothrow *tag), (pointer, tag), _ZdlPv(pointer))
OPERATOR_DELETE(_ZdaPvRKSt9nothrow_t, (void *pointer, const struct nothrow *tag), (pointer, tag), _ZdaPv(pointer))
OPERATOR_DELETE(_ZdlPvSt11align_val_t, (void *pointer, size_t alignment), (pointer, alignment), free(pointer))
OPERATOR_DELETE(_ZdaPvSt11align_val_t, (void *pointer, size_t alignment), (pointer, alignment),
                _ZdlPvSt11align_val_t(pointer, alignment))
OPERATOR_DELETE(_ZdlPvmSt11align_val_t, (void *pointer, size_t bytes, size_t alignment), (pointer, bytes, alignment),
                _ZdlPvSt11align_val_t(pointer, alignment))
OPERATOR_DELETE(_ZdaPvmSt11align_val_t, (void *pointer, size_t bytes, size_t alignment), (pointer, bytes, alignment),
                _ZdaPvSt11align_val_t(pointer, alignment))
OPERATOR_DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *pointer, size_t alignment, const struct nothrow *tag),
                (pointer, alignment, tag), _ZdlPvSt11align_val_t(pointer, alignment))
OPERATOR_DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *pointer, size_t alignment, const struct nothrow *tag),
                (pointer, alignment, tag), _ZdaPvSt11align_val_t(pointer, alignment))
