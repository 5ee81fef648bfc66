/* sanitizer.c - see the header.
 *
 * The runtime is a library that the program needs, or part of it: then the program defines malloc, and its symbols name the
 * runtime's hooks. UndefinedBehaviorSanitizer brings no allocator.
 *
 * Start: sanitizer_is_in(). */
#include "sanitizer.h"

#include "analysis/sanitizers.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

static bool begins(const char *name, const char *with) {
    return name && strncmp(name, with, strlen(with)) == 0;
}

static bool needs_runtime(Elf *elf, const GElf_Shdr *header, Elf_Data *data) {
    GElf_Dyn entry;
    for (int i = 0; gelf_getdyn(data, i, &entry); i++) {
        const char *name = entry.d_tag == DT_NEEDED ? elf_strptr(elf, header->sh_link, entry.d_un.d_val) : NULL;
        for (size_t k = 0; k < SANITIZER_RUNTIMES; k++)
            if (begins(name, sanitizer_runtimes[k]))
                return true;
    }
    return false;
}

static bool holds_runtime(Elf *elf, const GElf_Shdr *header, Elf_Data *data) {
    bool has_malloc = false, has_hooks = false;
    GElf_Sym symbol;
    for (int i = 0; gelf_getsym(data, i, &symbol); i++) {
        const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
        has_malloc |= name && symbol.st_shndx != SHN_UNDEF && strcmp(name, "malloc") == 0;
        has_hooks |= begins(name, SANITIZER_HOOKS);
    }
    return has_malloc && has_hooks;
}

static bool section_tells(Elf *elf, Elf_Scn *section) {
    GElf_Shdr header;
    Elf_Data *data;
    if (!gelf_getshdr(section, &header) || (header.sh_type != SHT_DYNAMIC && header.sh_type != SHT_DYNSYM) ||
        !(data = elf_getdata(section, NULL)))
        return false;
    return header.sh_type == SHT_DYNAMIC ? needs_runtime(elf, &header, data) : holds_runtime(elf, &header, data);
}

bool sanitizer_is_in(const char *path) {
    bool found = false;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(file, ELF_C_READ, NULL);
    for (Elf_Scn *section = NULL; elf && !found && (section = elf_nextscn(elf, section));)
        found = section_tells(elf, section);
    elf_end(elf);
    close(file);
    return found;
}
