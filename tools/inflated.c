/* inflated.c - the headers of a file, and those of its sections that debug information is read from.
 *
 * Never: believes a length: what does not fit ends it, and libdw is left to say what is wrong with the file.
 * Start: inflated_open(); fill_section() is one section. */
#include "inflated.h"

#include "list.h"
#include "memory_limit.h"

#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libdeflate.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

/* Debug information is three to thirteen times what it is packed into. What claims to be so much more may have been made to fill
 * the memory, and zlib could: libdw, which takes no section twice, may have it. */
enum { GROWTH_MAX = 64, ALIGNMENT = 16, ZSTD = 2 /* ELFCOMPRESS_ZSTD, which not every elf.h has */ };

/* Where variables are, and what only a debugger asks for: a fifth of what libc's takes. */
static const char *const unread[] = {".debug_loc",   ".debug_loclists", ".debug_frame",
                                     ".debug_macro", ".debug_pubnames", ".debug_pubtypes"};
static const char *const needed[] = {".gnu_debugaltlink", ".note.gnu.build-id"};

struct copy {
    Elf *elf;
    size_t names; /* number of the section that names the sections */
    const Elf64_Ehdr *header;
    const Elf64_Phdr *segments;
    size_t segment_count, section_count;
    struct inflated *to;
    size_t end;   /* of what is laid out */
    size_t limit; /* of what may be; both are multiples of ALIGNMENT */
    uint64_t debug_bytes;
    bool is_compressed;
    struct libdeflate_decompressor *decompressor;
};

static bool is_debug_info(const char *name) {
    return !strncmp(name, ".debug_", 7) && !list_has(unread, COUNT(unread), name);
}

static bool is_wanted(const struct copy *copy, size_t number, const Elf64_Shdr *section, const char *name) {
    if (!name || !number || section->sh_type == SHT_NOBITS)
        return false;
    return number == copy->names || list_has(needed, COUNT(needed), name) || is_debug_info(name);
}

static const char *name_of(const struct copy *copy, const Elf64_Shdr *section) {
    return elf_strptr(copy->elf, copy->names, section->sh_name);
}

/* How large a section says that it will be. returns false when that can't be told */
static bool read_compression(Elf_Scn *section, const Elf64_Shdr *header, Elf64_Chdr *compression) {
    *compression = (Elf64_Chdr){.ch_type = 0, .ch_size = header->sh_size, .ch_addralign = header->sh_addralign};
    if (!(header->sh_flags & SHF_COMPRESSED))
        return true;
    const Elf64_Chdr *read = elf64_getchdr(section);
    if (!read || (read->ch_type != ELFCOMPRESS_ZLIB && read->ch_type != ZSTD))
        return false;
    *compression = *read;
    return true;
}

/* ---- laying out ---- */

/* Room behind what is laid out. returns false: there is not so much */
static bool take_room(struct copy *copy, uint64_t bytes) {
    if (bytes > copy->limit - copy->end)
        return false;
    copy->end += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return true;
}

static bool take_room_for_headers(struct copy *copy) {
    copy->end = 0;
    return take_room(copy, sizeof *copy->header + copy->segment_count * sizeof *copy->segments);
}

static bool measure(struct copy *copy, uint64_t file_bytes) {
    bool is_compressed = false;
    copy->limit = file_bytes * GROWTH_MAX / ALIGNMENT * ALIGNMENT;
    if (file_bytes > SIZE_MAX / GROWTH_MAX || !take_room_for_headers(copy))
        return false;
    for (size_t i = 1; i < copy->section_count; i++) {
        Elf_Scn *section = elf_getscn(copy->elf, i);
        const Elf64_Shdr *header = section ? elf64_getshdr(section) : NULL;
        Elf64_Chdr compression;
        if (!header)
            return false;
        const char *name = name_of(copy, header);
        if (!is_wanted(copy, i, header, name))
            continue;
        if (!read_compression(section, header, &compression) || !take_room(copy, compression.ch_size))
            return false;
        copy->debug_bytes += is_debug_info(name) ? compression.ch_size : 0;
        is_compressed |= compression.ch_type != 0;
    }
    return is_compressed;
}

/* ---- filling ---- */

static bool fill_bytes(struct copy *copy, const Elf_Data *data, const Elf64_Chdr *compression, char *to) {
    if (!compression->ch_type) {
        if (data->d_size)
            memcpy(to, data->d_buf, data->d_size);
        return true;
    }
    const char *from = (const char *)data->d_buf + sizeof *compression;
    size_t packed = data->d_size - sizeof *compression;
    if (compression->ch_type == ZSTD)
        return ZSTD_decompress(to, compression->ch_size, from, packed) == compression->ch_size;
    return libdeflate_zlib_decompress(copy->decompressor, from, packed, to, compression->ch_size, NULL) ==
           LIBDEFLATE_SUCCESS;
}

static bool fill_section(struct copy *copy, Elf_Scn *section, Elf64_Shdr *header) {
    Elf64_Chdr compression;
    const Elf_Data *data = elf_rawdata(section, NULL);
    size_t at = copy->end;
    if (!data || !read_compression(section, header, &compression) || data->d_size != header->sh_size ||
        !take_room(copy, compression.ch_size) || !fill_bytes(copy, data, &compression, copy->to->bytes + at))
        return false;
    header->sh_flags &= ~(Elf64_Xword)SHF_COMPRESSED;
    header->sh_addralign = compression.ch_addralign;
    header->sh_size = compression.ch_size;
    header->sh_offset = at;
    return true;
}

static bool fill_sections(struct copy *copy, Elf64_Shdr *headers) {
    for (size_t i = 0; i < copy->section_count; i++) {
        Elf_Scn *section = elf_getscn(copy->elf, i);
        const Elf64_Shdr *read = section ? elf64_getshdr(section) : NULL;
        if (!read)
            return false;
        headers[i] = *read;
        if (!is_wanted(copy, i, read, name_of(copy, read)))
            headers[i].sh_type = i ? SHT_NOBITS : SHT_NULL;
        else if (!fill_section(copy, section, &headers[i]))
            return false;
    }
    return true;
}

/* The file may change while it is read: what does not fit into what was measured ends it, too. */
static bool fill(struct copy *copy) {
    Elf64_Ehdr *header = memcpy(copy->to->bytes, copy->header, sizeof *header);
    header->e_phoff = sizeof *header;
    header->e_shoff = copy->limit;
    if (copy->segment_count)
        memcpy(copy->to->bytes + sizeof *header, copy->segments, copy->segment_count * sizeof *copy->segments);
    return take_room_for_headers(copy) && fill_sections(copy, (Elf64_Shdr *)(copy->to->bytes + copy->limit));
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

static bool read_headers(struct copy *copy) {
    copy->header = elf64_getehdr(copy->elf);
    copy->segments = elf64_getphdr(copy->elf);
    if (!copy->header || copy->header->e_ident[EI_DATA] != ELFDATA2LSB ||
        elf_getphdrnum(copy->elf, &copy->segment_count) || elf_getshdrnum(copy->elf, &copy->section_count) ||
        elf_getshdrstrndx(copy->elf, &copy->names))
        return false;
    /* a number that is too large for the header stands in section 0, where nothing but a core has it */
    return copy->segment_count == copy->header->e_phnum && (copy->segments || !copy->segment_count);
}

static bool measure_file(struct copy *copy, uint64_t file_bytes) {
    copy->is_compressed = read_headers(copy) && measure(copy, file_bytes);
    copy->limit = copy->end;
    copy->to->size = copy->limit + copy->section_count * sizeof(Elf64_Shdr);
    return true;
}

static bool copy_file(struct copy *copy, uint64_t file_bytes) {
    size_t sections = copy->section_count; /* the file may be another by now */
    (void)file_bytes;
    copy->to->bytes = take_memory(copy->to->size);
    copy->to->lacks_room = !copy->to->bytes;
    copy->decompressor = libdeflate_alloc_decompressor();
    bool done =
        copy->to->bytes && copy->decompressor && read_headers(copy) && copy->section_count == sections && fill(copy);
    libdeflate_free_decompressor(copy->decompressor);
    return done;
}

static bool with_file(struct copy *copy, const char *path, bool (*step)(struct copy *, uint64_t file_bytes)) {
    struct stat status = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    elf_version(EV_CURRENT);
    copy->elf = elf_begin(file, ELF_C_READ_MMAP, NULL);
    bool done = copy->elf && !fstat(file, &status) && step(copy, (uint64_t)status.st_size);
    elf_end(copy->elf);
    close(file);
    return done;
}

/* Besides the copy, if there is to be one: libdw's tables of units and of what they abbreviate, and all else that a report
 * takes after it. Asked while the file is not mapped here. */
static bool has_room(const struct copy *copy) {
    enum { TABLES_PART = 4, REST_BYTES = 4 << 20 };
    size_t copy_bytes = copy->is_compressed ? copy->to->size : 0;
    return !copy->debug_bytes || memory_limit_leaves(copy_bytes + copy->debug_bytes / TABLES_PART + REST_BYTES);
}

bool inflated_open(struct inflated *inflated, const char *path) {
    struct copy copy = {.to = inflated};
    *inflated = (struct inflated){0};
    bool done = with_file(&copy, path, measure_file);
    inflated->lacks_room = done && !has_room(&copy);
    done = done && copy.is_compressed && !inflated->lacks_room && with_file(&copy, path, copy_file);
    bool lacks_room = inflated->lacks_room;
    if (!done)
        inflated_close(inflated);
    inflated->lacks_room = lacks_room;
    return done;
}

void inflated_close(struct inflated *inflated) {
    if (inflated->bytes)
        munmap(inflated->bytes, inflated->size);
    *inflated = (struct inflated){0};
}
