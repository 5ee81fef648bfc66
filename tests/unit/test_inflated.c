/* test_inflated.c - a file with compressed sections in memory as it would be without, and files that lie.
 *
 * Linked with tools/inflated.c and -lcheck. */
#include "tools/inflated.h"
#include "tests/unit/draw.h"
#include "tests/unit/suite.h"

#include <elf.h>
#include <libdeflate.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NULL_SECTION, INFO_SECTION, ABBREV_SECTION, NAMES_SECTION, FIRST_MORE, SECTIONS = 64 };
enum { SEGMENTS = 1, BYTES_MAX = 1 << 16, INFO_BYTES = 5000, ABBREV_BYTES = 100 };

/* The offsets in `names` stand in the headers. */
static const char names[] = "\0.debug_info\0.debug_abbrev\0.shstrtab\0.anything";
enum { NAME_INFO = 1, NAME_ABBREV = 13, NAME_NAMES = 27, NAME_ANYTHING = 37 };

/* A file in the making. */
struct sample {
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    Elf64_Shdr section[SECTIONS];
    char bytes[BYTES_MAX];
    size_t fill;
};

static char info[INFO_BYTES], abbrev[ABBREV_BYTES];

static void set_section(struct sample *sample, size_t number, unsigned name, const void *bytes, size_t count) {
    ck_assert_uint_le(sample->fill + count, sizeof sample->bytes);
    memcpy(sample->bytes + sample->fill, bytes, count);
    sample->section[number] = (Elf64_Shdr){.sh_name = name,
                                           .sh_type = SHT_PROGBITS,
                                           .sh_offset = offsetof(struct sample, bytes) + sample->fill,
                                           .sh_size = count,
                                           .sh_addralign = 8};
    sample->fill += (count + 7) & ~(size_t)7;
}

/* claimed: how large it says that it is */
static void set_compressed(struct sample *sample, size_t number, unsigned name, const void *bytes, size_t count,
                           size_t claimed) {
    static char packed[BYTES_MAX];
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
    Elf64_Chdr compression = {.ch_type = ELFCOMPRESS_ZLIB, .ch_size = claimed, .ch_addralign = 1};
    memcpy(packed, &compression, sizeof compression);
    size_t size = libdeflate_zlib_compress(compressor, bytes, count, packed + sizeof compression,
                                           sizeof packed - sizeof compression);
    ck_assert_uint_gt(size, 0);
    set_section(sample, number, name, packed, sizeof compression + size);
    sample->section[number].sh_flags = SHF_COMPRESSED;
    libdeflate_free_compressor(compressor);
}

static void set_headers(struct sample *sample, size_t sections) {
    sample->header = (Elf64_Ehdr){.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                                  .e_type = ET_EXEC,
                                  .e_machine = EM_X86_64,
                                  .e_version = EV_CURRENT,
                                  .e_phoff = offsetof(struct sample, segment),
                                  .e_shoff = offsetof(struct sample, section),
                                  .e_ehsize = sizeof(Elf64_Ehdr),
                                  .e_phentsize = sizeof(Elf64_Phdr),
                                  .e_phnum = SEGMENTS,
                                  .e_shentsize = sizeof(Elf64_Shdr),
                                  .e_shnum = (Elf64_Half)sections,
                                  .e_shstrndx = NAMES_SECTION};
    sample->segment = (Elf64_Phdr){.p_type = PT_LOAD, .p_vaddr = 0x400000, .p_memsz = 4096};
}

static struct sample *make_sample(void) {
    struct sample *sample = calloc(1, sizeof *sample);
    draw_from(1);
    for (size_t i = 0; i < sizeof info; i++)
        info[i] = (char)draw(16);
    for (size_t i = 0; i < sizeof abbrev; i++)
        abbrev[i] = (char)draw(256);
    set_compressed(sample, INFO_SECTION, NAME_INFO, info, sizeof info, sizeof info);
    set_section(sample, ABBREV_SECTION, NAME_ABBREV, abbrev, sizeof abbrev);
    set_section(sample, NAMES_SECTION, NAME_NAMES, names, sizeof names);
    sample->section[NAMES_SECTION].sh_type = SHT_STRTAB;
    set_headers(sample, FIRST_MORE);
    return sample;
}

/* size: of the file; 0: whole */
static bool open_sample(const struct sample *sample, size_t size, struct inflated *inflated) {
    char path[64];
    int file = memfd_create("sample", MFD_CLOEXEC);
    size = size ? size : offsetof(struct sample, bytes) + sample->fill;
    ck_assert_int_eq(write(file, sample, size), (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    bool done = inflated_open(inflated, path);
    close(file);
    return done;
}

static void expect_refused(struct sample *sample) {
    struct inflated inflated;
    ck_assert(!open_sample(sample, 0, &inflated));
    ck_assert_ptr_null(inflated.bytes);
    free(sample);
}

static const Elf64_Shdr *sections_of(const struct inflated *inflated) {
    return (const Elf64_Shdr *)(inflated->bytes + ((const Elf64_Ehdr *)inflated->bytes)->e_shoff);
}

static void expect_whole(struct sample *sample) {
    struct inflated inflated;
    ck_assert(open_sample(sample, 0, &inflated));
    const Elf64_Shdr *section = sections_of(&inflated);
    ck_assert_uint_eq(section[NULL_SECTION].sh_type, SHT_NULL);
    ck_assert_uint_eq(section[INFO_SECTION].sh_size, sizeof info);
    ck_assert_uint_eq(section[INFO_SECTION].sh_flags & SHF_COMPRESSED, 0);
    ck_assert_mem_eq(inflated.bytes + section[INFO_SECTION].sh_offset, info, sizeof info);
    ck_assert_mem_eq(inflated.bytes + section[ABBREV_SECTION].sh_offset, abbrev, sizeof abbrev);
    ck_assert_mem_eq(inflated.bytes + section[NAMES_SECTION].sh_offset, names, sizeof names);
    inflated_close(&inflated);
    free(sample);
}

/* ---- what it is for ---- */

START_TEST (sections_are_as_before_the_compression) {
    expect_whole(make_sample());
}
END_TEST

START_TEST (names_of_sections_are_read_whatever_theirs_is) {
    struct sample *sample = make_sample();
    sample->section[NAMES_SECTION].sh_name = NAME_ANYTHING;
    expect_whole(sample);
}
END_TEST

START_TEST (other_sections_are_left_out) {
    struct sample *sample = make_sample();
    struct inflated inflated;
    sample->section[ABBREV_SECTION].sh_name = NAME_ANYTHING;
    ck_assert(open_sample(sample, 0, &inflated));
    ck_assert_uint_eq(sections_of(&inflated)[ABBREV_SECTION].sh_type, SHT_NOBITS);
    inflated_close(&inflated);
    free(sample);
}
END_TEST

START_TEST (without_compression_there_is_nothing_to_do) {
    struct sample *sample = make_sample();
    set_section(sample, INFO_SECTION, NAME_INFO, info, sizeof info);
    expect_refused(sample);
}
END_TEST

/* ---- lies ---- */

START_TEST (less_than_was_packed) {
    struct sample *sample = make_sample();
    set_compressed(sample, INFO_SECTION, NAME_INFO, info, sizeof info, sizeof info - 1);
    expect_refused(sample);
}
END_TEST

START_TEST (more_than_was_packed) {
    struct sample *sample = make_sample();
    set_compressed(sample, INFO_SECTION, NAME_INFO, info, sizeof info, sizeof info + 1);
    expect_refused(sample);
}
END_TEST

START_TEST (sizes_that_wrap) {
    static const uint64_t sizes[] = {UINT64_MAX, UINT64_MAX - 15, UINT64_MAX / 2, INT64_MAX - 14};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct sample *sample = make_sample();
        set_compressed(sample, INFO_SECTION, NAME_INFO, info, sizeof info, sizes[i]);
        expect_refused(sample);
        sample = make_sample();
        sample->section[ABBREV_SECTION].sh_size = sizes[i];
        expect_refused(sample);
    }
}
END_TEST

/* Section 0 is none, but may be written as one: it would stand where the headers are, and behind the end. */
START_TEST (section_zero_is_no_section) {
    static char zeros[BYTES_MAX / 4];
    struct sample *sample = make_sample();
    set_section(sample, NULL_SECTION, NAME_INFO, zeros, sizeof zeros);
    expect_whole(sample);
}
END_TEST

START_TEST (more_segments_than_there_are) {
    struct sample *sample = make_sample();
    sample->header.e_phnum = PN_XNUM;
    sample->section[NULL_SECTION].sh_info = SEGMENTS;
    expect_refused(sample);
}
END_TEST

/* A bomb: sections that are all the same few bytes of the file, each a thousand times as large in memory. */
START_TEST (sections_that_fill_the_memory) {
    static char zeros[BYTES_MAX * 16];
    struct sample *sample = make_sample();
    set_headers(sample, SECTIONS);
    set_compressed(sample, FIRST_MORE, NAME_INFO, zeros, sizeof zeros, sizeof zeros);
    for (size_t i = FIRST_MORE + 1; i < SECTIONS; i++)
        sample->section[i] = sample->section[FIRST_MORE];
    expect_refused(sample);
}
END_TEST

/* ---- all other lies ---- */

static void break_something(struct sample *sample, size_t size) {
    static const uint64_t words[] = {0, 1, 0x7f, 0xffff, UINT32_MAX, INT64_MAX, UINT64_MAX};
    for (unsigned i = draw(4) + 1; i > 0; i--) {
        size_t headers = offsetof(struct sample, bytes), packed = sizeof(Elf64_Chdr);
        size_t at = draw(3)
                        ? draw(sizeof sample->header + SEGMENTS * sizeof(Elf64_Phdr) + FIRST_MORE * sizeof(Elf64_Shdr))
                        : headers + draw(draw(2) ? (unsigned)packed : (unsigned)(size - headers));
        uint64_t word = draw(2) ? words[draw(sizeof words / sizeof *words)] : draw(1 << 16);
        size_t bytes = (size_t)1 << draw(4);
        memcpy((char *)sample + at, &word, at + bytes <= size ? bytes : 1);
    }
}

static void expect_within(const struct inflated *inflated) {
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)inflated->bytes;
    size_t count = (inflated->size - header->e_shoff) / sizeof(Elf64_Shdr);
    const Elf64_Shdr *section = sections_of(inflated);
    ck_assert_uint_le(header->e_shoff, inflated->size);
    for (size_t i = 0; i < count; i++)
        if (section[i].sh_type != SHT_NOBITS && section[i].sh_type != SHT_NULL)
            ck_assert(section[i].sh_offset <= header->e_shoff &&
                      section[i].sh_size <= header->e_shoff - section[i].sh_offset);
}

START_TEST (nothing_lies_outside_of_what_was_taken) {
    struct sample *whole = make_sample(), *sample = malloc(sizeof *sample);
    size_t size = offsetof(struct sample, bytes) + whole->fill, opened = 0;
    for (uint64_t seed = 1; seed <= draw_seeds(4000); seed++) {
        struct inflated inflated;
        draw_from(seed);
        *sample = *whole;
        break_something(sample, size);
        if (!open_sample(sample, draw(8) ? size : 1 + draw((unsigned)size), &inflated))
            continue;
        expect_within(&inflated);
        inflated_close(&inflated);
        opened++;
    }
    ck_assert_uint_gt(opened, 100); /* else it was no test */
    free(sample);
    free(whole);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("inflated");
    TCase *plain = tcase_create("what it is for"), *lies = tcase_create("lies");
    tcase_add_test(plain, sections_are_as_before_the_compression);
    tcase_add_test(plain, names_of_sections_are_read_whatever_theirs_is);
    tcase_add_test(plain, other_sections_are_left_out);
    tcase_add_test(plain, without_compression_there_is_nothing_to_do);
    tcase_add_test(lies, less_than_was_packed);
    tcase_add_test(lies, more_than_was_packed);
    tcase_add_test(lies, sizes_that_wrap);
    tcase_add_test(lies, section_zero_is_no_section);
    tcase_add_test(lies, more_segments_than_there_are);
    tcase_add_test(lies, sections_that_fill_the_memory);
    tcase_add_test(lies, nothing_lies_outside_of_what_was_taken);
    suite_add_tcase(suite, plain);
    suite_add_tcase(suite, lies);
    return suite_run(suite);
}
