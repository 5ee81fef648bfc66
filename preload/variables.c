/* variables.c - see the header.
 *
 * Owns:    nothing.
 * Never:   maps the file, which may have been changed or cut since it was loaded: what can't be read is not there.
 * Runs in: snapshot child.
 * Start:   variables_read(). */
#include "variables.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "analysis/sort.h"
#include "sys.h"

enum { SYMBOL_BYTES_MAX = 1 << 30 };

static int read_at(int file, void *out, size_t bytes, uint64_t offset) {
    char *at = out;
    while (bytes) {
        long got = sys(SYS_pread64, file, at, bytes, offset);
        if (got == -EINTR)
            continue;
        if (got <= 0)
            return -1;
        at += got;
        offset += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return 0;
}

/* `bytes` of the file, NULL when they are not there; *error when there is no memory. */
static void *read_part(int file, size_t bytes, uint64_t offset, struct arena *arena, int *error) {
    void *part = arena_alloc(arena, 1, bytes);
    if (!part)
        *error = -ENOMEM;
    return part && read_at(file, part, bytes, offset) == 0 ? part : NULL;
}

/* The whole table of symbols, or that of dynamic ones where it was stripped. */
static const Elf64_Shdr *symbol_section(const Elf64_Shdr *section, size_t count) {
    const Elf64_Shdr *found = NULL;
    for (size_t i = 0; i < count; i++)
        if (section[i].sh_type == SHT_SYMTAB || (section[i].sh_type == SHT_DYNSYM && !found))
            found = &section[i];
    return found && found->sh_size < SYMBOL_BYTES_MAX ? found : NULL;
}

static int compare_ranges(const void *a, const void *b) {
    const struct range *x = a, *y = b;
    if (x->lo != y->lo)
        return x->lo < y->lo ? -1 : 1;
    return (x->hi > y->hi) - (x->hi < y->hi);
}

static int is_variable(const Elf64_Sym *symbol) {
    return ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT && symbol->st_shndx != SHN_UNDEF && symbol->st_size > 0 &&
           symbol->st_value + symbol->st_size > symbol->st_value;
}

static int keep_variables(struct variables *out, const Elf64_Sym *symbol, size_t count, struct arena *arena) {
    struct range *range = arena_alloc(arena, count, sizeof *range);
    if (!range)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        if (is_variable(&symbol[i]))
            range[out->count++] = (struct range){symbol[i].st_value, symbol[i].st_value + symbol[i].st_size};
    sort_array(range, out->count, sizeof *range, compare_ranges);
    out->range = range;
    return 0;
}

static int read_symbols(struct variables *out, int file, struct arena *arena) {
    Elf64_Ehdr header = {0};
    int error = 0;
    if (read_at(file, &header, sizeof header, 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shentsize != sizeof(Elf64_Shdr) || !header.e_shnum)
        return 0;
    Elf64_Shdr *sections = read_part(file, header.e_shnum * sizeof *sections, header.e_shoff, arena, &error);
    const Elf64_Shdr *table = sections ? symbol_section(sections, header.e_shnum) : NULL;
    if (!table)
        return error;
    Elf64_Sym *symbols = read_part(file, table->sh_size, table->sh_offset, arena, &error);
    return symbols ? keep_variables(out, symbols, table->sh_size / sizeof *symbols, arena) : error;
}

int variables_read(struct variables *out, const char *path, struct arena *arena) {
    *out = (struct variables){0};
    long file = sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (sys_failed(file))
        return 0;
    int error = read_symbols(out, (int)file, arena);
    sys(SYS_close, file);
    return error;
}

struct range variables_find(const struct variables *variables, uint64_t address) {
    size_t lo = 0, hi = variables->count; /* the first that begins behind the address */
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (variables->range[middle].lo <= address)
            lo = middle + 1;
        else
            hi = middle;
    }
    struct range none = {0, 0};
    return lo && address < variables->range[lo - 1].hi ? variables->range[lo - 1] : none;
}
