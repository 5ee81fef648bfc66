/* symbol.c - names in the tables of loaded modules.
 *
 * Owns:    nothing.
 * Never:   calls the loader: the program may hold its lock.
 * Runs in: snapshot child; symbols_find() anywhere.
 * Start:   symbol_find(). */
#include "symbol.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "sys.h"

/* glibc has made absolute addresses of these, but in modules that it may not write to. */
static uintptr_t absolute(const struct link_map *module, const ElfW(Dyn) * entry) {
    return entry->d_un.d_ptr < module->l_addr ? module->l_addr + entry->d_un.d_ptr : entry->d_un.d_ptr;
}

int symbols_of(const struct link_map *module, struct symbols *out) {
    *out = (struct symbols){.bias = module->l_addr};
    for (const ElfW(Dyn) *entry = module->l_ld; entry && entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_SYMTAB)
            out->table = (const void *)absolute(module, entry);
        else if (entry->d_tag == DT_STRTAB)
            out->names = (const void *)absolute(module, entry);
        else if (entry->d_tag == DT_GNU_HASH)
            out->hash = (const void *)absolute(module, entry);
    }
    return out->table && out->names && out->hash;
}

static uint32_t hash_name(const char *name) {
    uint32_t hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

/* What is defined under that name, or NULL: the hash table says at once that there is none.
 * source  binutils, bfd/elflink.c: [buckets][first symbol][filter words][shift] filter, buckets, chains */
static const ElfW(Sym) * find(const struct symbols *symbols, const char *name) {
    uint32_t buckets = symbols->hash[0], first = symbols->hash[1], filters = symbols->hash[2];
    const uint32_t *bucket = symbols->hash + 4 + filters * sizeof(uintptr_t) / sizeof(uint32_t);
    const uint32_t *chain = bucket + buckets;
    uint32_t hash = hash_name(name), at = buckets ? bucket[hash % buckets] : 0;
    for (; at >= first && at; at++) {
        const ElfW(Sym) *symbol = &symbols->table[at];
        uint32_t other = chain[at - first];
        if ((other | 1) == (hash | 1) && symbol->st_shndx != SHN_UNDEF &&
            strcmp(symbols->names + symbol->st_name, name) == 0)
            return symbol;
        if (other & 1)
            break;
    }
    return NULL;
}

uintptr_t symbols_find(const struct symbols *symbols, const char *name) {
    const ElfW(Sym) *symbol = find(symbols, name);
    return symbol ? symbols->bias + symbol->st_value : 0;
}

uintptr_t symbol_find(const char *name) {
    uintptr_t address = 0;
    for (const struct link_map *module = _r_debug.r_map; module && !address; module = module->l_next) {
        struct symbols symbols;
        address = symbols_of(module, &symbols) ? symbols_find(&symbols, name) : 0;
    }
    return address;
}

/* ---- functions that are not exported ---- */

static struct range code_of(const ElfW(Sym) * symbol, uintptr_t bias) {
    uintptr_t lo = bias + symbol->st_value;
    return (struct range){lo, lo + symbol->st_size};
}

/* The whole table of a file of `bytes` bytes, if it has one that lies inside it. */
static struct range find_in_file(const char *file, size_t bytes, uintptr_t bias, const char *name) {
    const ElfW(Ehdr) *elf = (const void *)file;
    const ElfW(Shdr) *sections = (const void *)(file + elf->e_shoff);
    if (bytes < sizeof *elf || memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 || elf->e_shoff > bytes ||
        (bytes - elf->e_shoff) / sizeof *sections < elf->e_shnum)
        return (struct range){0, 0};
    for (unsigned i = 0; i < elf->e_shnum; i++) {
        const ElfW(Shdr) *table = &sections[i], *names = &sections[table->sh_link];
        if (table->sh_type != SHT_SYMTAB || table->sh_link >= elf->e_shnum || table->sh_offset > bytes ||
            table->sh_size > bytes - table->sh_offset || names->sh_offset > bytes ||
            names->sh_size > bytes - names->sh_offset || !names->sh_size || file[names->sh_offset + names->sh_size - 1])
            continue;
        const ElfW(Sym) *symbol = (const void *)(file + table->sh_offset),
                        *end = symbol + table->sh_size / sizeof *symbol;
        for (; symbol < end; symbol++)
            if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_size && symbol->st_name < names->sh_size &&
                strcmp(file + names->sh_offset + symbol->st_name, name) == 0)
                return code_of(symbol, bias);
    }
    return (struct range){0, 0};
}

static struct range find_in_executable(const char *name) {
    struct range found = {0, 0};
    long file = sys(SYS_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC, 0);
    if (sys_failed(file))
        return found;
    long bytes = sys(SYS_lseek, file, 0, SEEK_END);
    long map = bytes > 0 ? sys(SYS_mmap, 0, bytes, PROT_READ, MAP_PRIVATE, file, 0) : -1;
    sys(SYS_close, file);
    if (bytes <= 0 || sys_failed(map))
        return found;
    found = find_in_file((const char *)map, (size_t)bytes, _r_debug.r_map->l_addr, name);
    sys(SYS_munmap, map, bytes);
    return found;
}

struct range symbol_function(const char *name) {
    for (const struct link_map *module = _r_debug.r_map; module; module = module->l_next) {
        struct symbols symbols;
        const ElfW(Sym) *symbol = symbols_of(module, &symbols) ? find(&symbols, name) : NULL;
        if (symbol && ELF64_ST_TYPE(symbol->st_info) == STT_FUNC)
            return code_of(symbol, module->l_addr);
    }
    return _r_debug.r_map ? find_in_executable(name) : (struct range){0, 0};
}
