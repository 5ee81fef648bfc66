/* module.c - the modules that recorded code addresses lie in.
 *
 * Owns:    the module table (names and build-ids are copied: they outlive dlclose).
 * Never:   takes the loader's lock, allocates from the program.
 * Start:   module_of_locked(). */
#include "module.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stddef.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <sys/uio.h>

#include "loaded.h"
#include "pages.h"
#include "rights.h"
#include "site.h"
#include "sys.h"

enum { PAGE_BYTES = 4096 };

static struct module *modules; /* grows: read with the site lock held, or in a snapshot */
static size_t module_count, module_capacity;

static int object_of(uintptr_t pc, struct dl_find_object *found) {
    return loaded_find((void *)pc, found) == 0;
}

static void build_id_from_notes(struct module *module, const char *notes, size_t bytes) {
    while (bytes >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)notes;
        size_t name_bytes = (note->n_namesz + 3u) & ~3u, data_bytes = (note->n_descsz + 3u) & ~3u;
        size_t all = sizeof *note + name_bytes + data_bytes;
        if (all > bytes)
            return;
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(note + 1, "GNU", 4) == 0) {
            module->build_id_bytes = note->n_descsz < BUILD_ID_BYTES_MAX ? (uint8_t)note->n_descsz : BUILD_ID_BYTES_MAX;
            memcpy(module->build_id, (const char *)(note + 1) + name_bytes, module->build_id_bytes);
            return;
        }
        notes += all;
        bytes -= all;
    }
}

/* The ELF header lies at the start of the span when the first segment maps file offset 0, which linkers do. */
static void read_build_id(struct module *module) {
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)module->lo;
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_phoff > 4096 - 64)
        return;
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(module->lo + header->e_phoff);
    for (unsigned i = 0; i < header->e_phnum && !module->build_id_bytes; i++)
        if (segment[i].p_type == PT_NOTE)
            build_id_from_notes(module, (const char *)(module->bias + segment[i].p_vaddr), segment[i].p_memsz);
}

/* A program that opens and closes a plug-in over and over fills no table: the same file at the same place is the same
 * module. */
static unsigned module_reopen(const struct module *module) {
    for (size_t i = 0; i < module_count; i++) {
        struct module *old = &modules[i];
        if (!old->closed || old->lo != module->lo || old->hi != module->hi || strcmp(old->path, module->path) != 0 ||
            old->build_id_bytes != module->build_id_bytes ||
            memcmp(old->build_id, module->build_id, module->build_id_bytes) != 0)
            continue;
        old->closed = 0;
        return (unsigned)i;
    }
    return MODULE_NONE;
}

static unsigned module_add(const struct dl_find_object *found) {
    struct module *larger = pages_grow(modules, module_count, &module_capacity, sizeof *modules);
    if (!larger || module_count == MODULES_MAX)
        return MODULE_NONE;
    modules = larger;
    struct module *module = &modules[module_count];
    module->lo = (uintptr_t)found->dlfo_map_start;
    module->hi = (uintptr_t)found->dlfo_map_end;
    module->bias = found->dlfo_link_map->l_addr;
    const char *name = found->dlfo_link_map->l_name;
    size_t bytes = name ? strlen(name) + 1 : 1;
    module->path = bytes > 1 ? name : "";
    module->build_id_bytes = 0;
    read_build_id(module);
    unsigned again = module_reopen(module);
    if (again != MODULE_NONE)
        return again;
    char *copy = pages_alloc(bytes);
    if (!copy)
        return MODULE_NONE;
    memcpy(copy, module->path, bytes);
    module->path = copy;
    return (unsigned)module_count++;
}

static int holds(const struct module *module, uintptr_t pc) {
    return pc - module->lo < module->hi - module->lo && !module->closed;
}

/* A large program has a hundred modules or more, and this is asked for each frame of each stack: so where the answer stood
 * for code near it is looked at first. */
static uint16_t *guess_of(uintptr_t pc) {
    enum { GUESSES = 1024, NEAR_SHIFT = 18 };
    static uint16_t guesses[GUESSES];
    return &guesses[pc >> NEAR_SHIFT & (GUESSES - 1)];
}

/* returns module_count: none */
static size_t module_known(uintptr_t pc) {
    uint16_t *guess = guess_of(pc);
    if (*guess < module_count && holds(&modules[*guess], pc))
        return *guess;
    for (size_t i = module_count; i-- > 0;)
        if (holds(&modules[i], pc)) {
            *guess = (uint16_t)i;
            return i;
        }
    return module_count;
}

unsigned module_of_locked(uintptr_t pc) {
    size_t known = module_known(pc);
    struct dl_find_object found;
    if (known < module_count)
        return (unsigned)known;
    return object_of(pc, &found) ? module_add(&found) : MODULE_NONE;
}

/* Where its code may be; nowhere, if there is no such module any more. */
static struct range code_of(unsigned number) {
    int is_there = number < module_count && !modules[number].closed;
    return is_there ? (struct range){modules[number].lo, modules[number].hi} : (struct range){0, 0};
}

void modules_of_locked(const uint64_t *frames, size_t count, uint16_t *numbers) {
    static unsigned last; /* mostly they lie in one, as did those of the last call */
    struct range code = code_of(last);
    for (size_t i = 0; i < count; i++) {
        uintptr_t pc = (uintptr_t)(frames[i] & ~FRAME_EXACT);
        if (pc - code.lo >= code.hi - code.lo)
            code = code_of(last = module_of_locked(pc));
        numbers[i] = (uint16_t)last;
    }
}

const struct module *module_table(size_t *count) {
    *count = module_count;
    return modules;
}

/* ---- is it still the same? ---- */

static int lies_at(const struct module *module, const struct dl_find_object *found) {
    return (uintptr_t)found->dlfo_map_start == module->lo && (uintptr_t)found->dlfo_map_end == module->hi;
}

/* Of memory that may be unmapped at any time, up to the end of its page.
 * returns  bytes; -EFAULT: there is none; another negative errno: that can't be told */
static long copy_if_there(const void *from, void *to, size_t bytes) {
    size_t in_page = PAGE_BYTES - (uintptr_t)from % PAGE_BYTES;
    struct iovec here = {to, bytes}, there = {(void *)(uintptr_t)from, bytes < in_page ? bytes : in_page};
    return sys(SYS_process_vm_readv, sys(SYS_getpid, 0), &here, 1, &there, 1, 0);
}

/* returns 1 also when it can't be told */
static int is_text_there(const char *text, const char *there) {
    char copy[512];
    long got;
    for (size_t at = 0, bytes = strlen(text) + 1; at < bytes; at += (size_t)got) {
        got = copy_if_there(there + at, copy, bytes - at < sizeof copy ? bytes - at : sizeof copy);
        if (sys_failed(got))
            return got != -EFAULT;
        if (memcmp(copy, text + at, (size_t)got) != 0)
            return 0;
    }
    return 1;
}

/* By the loader's own name for it, which another thread may be giving back: so it is read by the kernel's hand. Alone,
 * and where the program may have forbidden that call, the place has to do. */
static int is_there(const struct module *module) {
    struct dl_find_object found;
    const char *name = NULL;
    if (!object_of(module->lo, &found) || !lies_at(module, &found))
        return 0;
    if (__libc_single_threaded || rights_filtered)
        return 1;
    long got = copy_if_there(&found.dlfo_link_map->l_name, &name, sizeof name);
    if (sys_failed(got))
        return got != -EFAULT;
    return name ? is_text_there(module->path, name) : !module->path[0];
}

static int is_same(const struct module *module, const struct dl_find_object *found) {
    struct module now = {.lo = (uintptr_t)found->dlfo_map_start, .bias = found->dlfo_link_map->l_addr};
    const char *name = found->dlfo_link_map->l_name;
    if (!lies_at(module, found) || strcmp(name ? name : "", module->path) != 0)
        return 0;
    read_build_id(&now);
    return now.build_id_bytes == module->build_id_bytes &&
           memcmp(now.build_id, module->build_id, now.build_id_bytes) == 0;
}

static struct range close_locked(struct module *module) {
    module->closed = 1;
    return (struct range){module->lo, module->hi};
}

size_t module_sweep_locked(struct range *closed, size_t max) {
    size_t count = 0;
    for (size_t i = 0; i < module_count && count < max; i++)
        if (!modules[i].closed && !is_there(&modules[i]))
            closed[count++] = close_locked(&modules[i]);
    return count;
}

size_t module_replaced_locked(const uint64_t *frames, size_t frame_count, struct range *closed, size_t max) {
    size_t count = 0, last = module_count;
    for (size_t i = 0; i < frame_count && count < max; i++) {
        uintptr_t pc = (uintptr_t)(frames[i] & ~FRAME_EXACT);
        size_t known = module_known(pc);
        struct dl_find_object found;
        if (known == last || known == module_count || (object_of(pc, &found) && is_same(&modules[known], &found)))
            continue;
        last = known;
        closed[count++] = close_locked(&modules[known]);
    }
    return count;
}

void module_span(const void *address, uintptr_t *lo, uintptr_t *hi) {
    struct dl_find_object found;
    *lo = *hi = 0;
    if (!object_of((uintptr_t)address, &found))
        return;
    *lo = (uintptr_t)found.dlfo_map_start;
    *hi = (uintptr_t)found.dlfo_map_end;
}

const void *module_definition(const char *symbol) {
    Dl_info where;
    const ElfW(Sym) *entry = NULL;
    const void *found = dlsym(RTLD_DEFAULT, symbol);
    if (!found || !dladdr1(found, &where, (void **)&entry, RTLD_DL_SYMENT) || !entry || entry->st_shndx != SHN_UNDEF)
        return found;
    return NULL;
}
