/* module.c - the modules that recorded code addresses lie in.
 *
 * Owns:    the module table (names and build-ids are copied: they outlive dlclose).
 * Never:   takes the loader's lock, allocates from the program.
 * Start:   module_of_locked(). */
#include "module.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "pages.h"

static struct module *modules; /* grows: read with the site lock held, or in a snapshot */
static size_t module_count, module_capacity;

static int object_of(uintptr_t pc, struct dl_find_object *found) {
    return _dl_find_object((void *)pc, found) == 0;
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

unsigned module_of_locked(uintptr_t pc) {
    for (size_t i = module_count; i-- > 0;)
        if (pc - modules[i].lo < modules[i].hi - modules[i].lo && !modules[i].closed)
            return (unsigned)i;
    struct dl_find_object found;
    return object_of(pc, &found) ? module_add(&found) : MODULE_NONE;
}

const struct module *module_table(size_t *count) {
    *count = module_count;
    return modules;
}

size_t module_sweep_locked(struct range *closed, size_t max) {
    size_t count = 0;
    for (size_t i = 0; i < module_count && count < max; i++) {
        struct dl_find_object found;
        if (modules[i].closed ||
            (object_of(modules[i].lo, &found) && (uintptr_t)found.dlfo_map_start == modules[i].lo &&
             (uintptr_t)found.dlfo_map_end == modules[i].hi))
            continue;
        modules[i].closed = 1;
        closed[count++] = (struct range){modules[i].lo, modules[i].hi};
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
