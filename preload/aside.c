/* aside.c - see the header.
 *
 * A sanitizer's functions may not be called before it has set itself up, nor from our snapshot or on our stack, and libc's
 * memcpy is one of them. It has its own leak check. So in such a process the wrappers only pass calls on.
 *
 * The runtime is a library, or part of the program. In the latter case the program has a malloc of its own, and its symbol
 * table names the runtime's hooks (with gcc it exports no more than those).
 *
 * AddressSanitizer ends a process in which its library is not the first: it looks by dl_iterate_phdr, which does not tell it
 * of us.
 *
 * Pages that are not of 4 KiB, which kernels of aarch64 may have, nothing here knows: the maps of pages would be misread.
 *
 * Owns:    whether we stand aside.
 * Never:   changes what the program sees, but that its list of modules lacks us where we stand aside.
 * Start:   aside_look(). */
#include "aside.h"

#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "analysis/sanitizers.h"
#include "hooks.h"
#include "module.h"
#include "next.h"

enum { PAGE_BYTES = 4096 };

int aside_stands;

static int is_runtime(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (size_t i = 0; i < SANITIZER_RUNTIMES; i++)
        if (strncmp(name, sanitizer_runtimes[i], strlen(sanitizer_runtimes[i])) == 0)
            return 1;
    return 0;
}

static int mentions(const struct link_map *program, const char *text) {
    const char *names = NULL;
    size_t bytes = 0;
    for (const ElfW(Dyn) *entry = program->l_ld; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_STRTAB)
            names = (const char *)entry->d_un.d_ptr;
        else if (entry->d_tag == DT_STRSZ)
            bytes = entry->d_un.d_val;
    }
    return names && memmem(names, bytes, text, strlen(text)) != NULL;
}

static int holds_runtime(const struct link_map *program) {
    uintptr_t lo, hi;
    module_span(module_definition("malloc"), &lo, &hi);
    return (uintptr_t)program->l_ld - lo < hi - lo && mentions(program, SANITIZER_HOOKS);
}

void aside_look(void) {
    static int looked;
    const struct link_map *program = _r_debug.r_map;
    if (looked || !program)
        return;
    looked = 1;
    aside_stands = getauxval(AT_PAGESZ) != PAGE_BYTES || holds_runtime(program);
    for (const struct link_map *library = program->l_next; library && !aside_stands; library = library->l_next)
        aside_stands = is_runtime(library->l_name);
}

/* ---- what the program sees ---- */

struct visit {
    int (*visit)(struct dl_phdr_info *, size_t, void *);
    void *context;
};

static int visit_other(struct dl_phdr_info *info, size_t bytes, void *context) {
    const struct visit *wanted = context;
    uintptr_t lo, hi;
    module_span(&aside_stands, &lo, &hi);
    return info->dlpi_addr - lo < hi - lo ? 0 : wanted->visit(info, bytes, wanted->context);
}

EXPORT int dl_iterate_phdr(int (*visit)(struct dl_phdr_info *, size_t, void *), void *context) {
    next_find();
    aside_look();
    if (!next.dl_iterate_phdr)
        return 0;
    if (!aside_stands)
        return next.dl_iterate_phdr(visit, context);
    struct visit wanted = {visit, context};
    return next.dl_iterate_phdr(visit_other, &wanted);
}
