/* inflated.c - the headers of a file, and those of its sections that debug information is read from.
 *
 * Never: believes a length: what does not fit ends it, and libdw is left to say what is wrong with the file.
 * Start: inflated_open(); fill_section() is one section. */
#include "inflated.h"

#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libdeflate.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

enum { ZSTD = 2 /* ELFCOMPRESS_ZSTD, which not every elf.h has */ };

/* Where variables are, and what only a debugger asks for: a fifth of what libc's takes. */
static const char *const unread[] = {".debug_loc",   ".debug_loclists", ".debug_frame",
                                     ".debug_macro", ".debug_pubnames", ".debug_pubtypes"};
static const char *const needed[] = {".gnu_debugaltlink", ".note.gnu.build-id", ".shstrtab"};

struct copy {
    Elf *elf;
    size_t names; /* number of the section that names the sections */
    const Elf64_Ehdr *header;
    const Elf64_Phdr *segments;
    struct inflated *to;
    size_t end; /* of what is laid out */
    struct libdeflate_decompressor *decompressor;
    bool is_compressed; /* something in it is */
};

static bool inflate_zlib(struct copy *copy, char *to, size_t size, const char *from, size_t packed) {
    return !libdeflate_zlib_decompress(copy->decompressor, from, packed, to, size, NULL);
}

static bool inflate_zstd(struct copy *copy, char *to, size_t size, const char *from, size_t packed) {
    (void)copy;
    return ZSTD_decompress(to, size, from, packed) == size;
}

static const struct compression {
    Elf64_Word type;
    uint64_t ratio_max; /* so many bytes at most become one: a section that claims more is broken */
    bool (*inflate)(struct copy *, char *to, size_t size, const char *from, size_t packed);
} compressions[] = {
    {ELFCOMPRESS_ZLIB, 1032, inflate_zlib},
    {ZSTD, (128 << 10) / 3, inflate_zstd}, /* RFC 8878, 3.1.1.2: blocks of one byte over and over */
};

static bool is_one_of(const char *name, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(name, list[i]))
            return true;
    return false;
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

static bool is_wanted(const struct copy *copy, const Elf64_Shdr *section) {
    const char *name = elf_strptr(copy->elf, copy->names, section->sh_name);
    if (!name || section->sh_type == SHT_NOBITS)
        return false;
    return is_one_of(name, needed, COUNT(needed)) ||
           (!strncmp(name, ".debug_", 7) && !is_one_of(name, unread, COUNT(unread)));
}

/* NULL: none that is known. */
static const struct compression *compression_of(Elf64_Word type) {
    for (size_t i = 0; i < COUNT(compressions); i++)
        if (compressions[i].type == type)
            return &compressions[i];
    return NULL;
}

/* How large a section will be. returns false when that can't be told */
static bool inflated_size(Elf_Scn *section, const Elf64_Shdr *header, Elf64_Chdr *compression) {
    *compression = (Elf64_Chdr){.ch_type = 0, .ch_size = header->sh_size, .ch_addralign = header->sh_addralign};
    if (!(header->sh_flags & SHF_COMPRESSED))
        return true;
    const Elf64_Chdr *read = elf64_getchdr(section);
    const struct compression *known = read ? compression_of(read->ch_type) : NULL;
    if (!known || read->ch_size / known->ratio_max > header->sh_size)
        return false;
    *compression = *read;
    return true;
}

static size_t aligned(size_t at) {
    return (at + 15) & ~(size_t)15;
}

/* ---- laying out ---- */

static bool measure(struct copy *copy) {
    Elf_Scn *section = NULL;
    copy->end = aligned(sizeof *copy->header + copy->header->e_phnum * sizeof *copy->segments);
    while ((section = elf_nextscn(copy->elf, section))) {
        const Elf64_Shdr *header = elf64_getshdr(section);
        Elf64_Chdr compression;
        if (!header || !is_wanted(copy, header))
            continue;
        if (!inflated_size(section, header, &compression))
            return false;
        copy->is_compressed |= compression.ch_type != 0;
        if (__builtin_add_overflow(copy->end, aligned(compression.ch_size), &copy->end))
            return false;
    }
    return copy->is_compressed;
}

static bool fill_section(struct copy *copy, Elf_Scn *section, Elf64_Shdr *header) {
    Elf64_Chdr compression;
    const Elf_Data *data = elf_rawdata(section, NULL);
    if (!data || !inflated_size(section, header, &compression) || data->d_size != header->sh_size)
        return false;
    char *to = copy->to->bytes + copy->end;
    if (!compression.ch_type)
        memcpy(to, data->d_buf, data->d_size);
    else if (!compression_of(compression.ch_type)
                  ->inflate(copy, to, compression.ch_size, (const char *)data->d_buf + sizeof compression,
                            data->d_size - sizeof compression))
        return false;
    header->sh_flags &= ~(Elf64_Xword)SHF_COMPRESSED;
    header->sh_addralign = compression.ch_addralign;
    header->sh_size = compression.ch_size;
    header->sh_offset = copy->end;
    copy->end += aligned(compression.ch_size);
    return true;
}

static bool fill(struct copy *copy, size_t count) {
    Elf64_Ehdr *header = memcpy(copy->to->bytes, copy->header, sizeof *header);
    Elf64_Shdr *headers = (Elf64_Shdr *)(copy->to->bytes + copy->end);
    header->e_phoff = sizeof *header;
    header->e_shoff = copy->end;
    if (header->e_phnum)
        memcpy(copy->to->bytes + sizeof *header, copy->segments, header->e_phnum * sizeof *copy->segments);
    copy->end = aligned(sizeof *header + header->e_phnum * sizeof *copy->segments);
    for (size_t i = 0; i < count; i++) {
        Elf_Scn *section = elf_getscn(copy->elf, i);
        const Elf64_Shdr *read = section ? elf64_getshdr(section) : NULL;
        if (!read)
            return false;
        headers[i] = *read;
        if (!is_wanted(copy, read))
            headers[i].sh_type = i ? SHT_NOBITS : SHT_NULL;
        else if (!fill_section(copy, section, &headers[i]))
            return false;
    }
    return true;
}

/* ---- the file ---- */

/* Page faults would take as long as to inflate: large pages have few. */
static char *take_memory(size_t size) {
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return NULL;
    madvise(bytes, size, MADV_HUGEPAGE);
    return bytes;
}

static bool copy_file(struct copy *copy) {
    size_t count;
    copy->header = elf64_getehdr(copy->elf);
    copy->segments = elf64_getphdr(copy->elf);
    if (!copy->header || copy->header->e_ident[EI_DATA] != ELFDATA2LSB || elf_getshdrnum(copy->elf, &count) ||
        elf_getshdrstrndx(copy->elf, &copy->names) || (copy->header->e_phnum && !copy->segments) || !measure(copy))
        return false;
    copy->to->size = copy->end + count * sizeof(Elf64_Shdr);
    copy->to->bytes = take_memory(copy->to->size);
    copy->decompressor = libdeflate_alloc_decompressor();
    bool done = copy->to->bytes && copy->decompressor && fill(copy, count);
    libdeflate_free_decompressor(copy->decompressor);
    return done;
}

bool inflated_open(struct inflated *inflated, const char *path) {
    struct copy copy = {.to = inflated};
    *inflated = (struct inflated){0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    elf_version(EV_CURRENT);
    copy.elf = elf_begin(file, ELF_C_READ_MMAP, NULL);
    bool done = copy.elf && copy_file(&copy);
    if (!done)
        inflated_close(inflated);
    elf_end(copy.elf);
    close(file);
    return done;
}

void inflated_close(struct inflated *inflated) {
    if (inflated->bytes)
        munmap(inflated->bytes, inflated->size);
    *inflated = (struct inflated){0};
}
