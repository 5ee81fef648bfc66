/* broken_tables.c - what cfi.c makes of unwind tables that are broken: a library's own ones, spoilt in memory, one way after
 * the other, then byte by byte at random. Prints each answer that is not the right one.
 *
 * usage: broken_tables LIBRARY FUNCTION   exit status 1: a wrong answer; a signal: it believed the table */
#include "preload/cfi.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    PAGE = 4096,
    FAR = 1 << 30, /* from a table, beyond its module */
    ROUNDS = 20000,
    HEADER_COUNT = 8,
    HEADER_ENTRIES = 12,
    PROGRAM = 17, /* in a description: length, distance, code from, code bytes, no augmentation */
};

/* The segment with the tables, as it is mapped and as it was; what is said of FUNCTION. */
static unsigned char *lo, *hi, *whole;
static unsigned char *header, *entry, *own, *common;
static uintptr_t function;

static uint32_t word_at(const unsigned char *place) {
    uint32_t word;
    memcpy(&word, place, sizeof word);
    return word;
}
static void put(unsigned char *place, uint32_t word) {
    memcpy(place, &word, sizeof word);
}

/* ---- ways to break them ---- */

static void break_nothing(void) {
}
static void break_version(void) {
    header[0] = 2;
}
static void count_too_many(void) {
    put(header + HEADER_COUNT, UINT32_MAX);
}
static void describe_far_behind(void) {
    put(entry + 4, word_at(entry + 4) + FAR);
}
static void describe_far_before(void) {
    put(entry + 4, word_at(entry + 4) - FAR);
}
static void describe_at_last_byte(void) {
    put(entry + 4, (uint32_t)(hi - 1 - header));
}
static void lengthen_description(void) {
    put(own, FAR);
}
static void shorten_description(void) {
    put(own, 2);
}
static void share_far_before(void) {
    put(own + 4, FAR);
}
static void share_behind(void) {
    put(own + 4, (uint32_t)-FAR);
}
static void lengthen_common(void) {
    put(common, 0xfffffff0);
}
static void augment_without_end(void) {
    memset(common + 9, 'z', word_at(common) - 5);
}

static const struct {
    const char *name;
    void (*spoil)(void);
    enum cfi_step step;
} ways[] = {
    {"nothing", break_nothing, CFI_CALLER},
    {"a version that is not known", break_version, CFI_NO_TABLE},
    {"more entries than there is room for", count_too_many, CFI_NO_TABLE},
    {"a description far behind the module", describe_far_behind, CFI_FAILED},
    {"a description far before the module", describe_far_before, CFI_FAILED},
    {"a description in the segment's last byte", describe_at_last_byte, CFI_FAILED},
    {"a description that is longer than the segment", lengthen_description, CFI_FAILED},
    {"a description that ends too early", shorten_description, CFI_FAILED},
    {"a common description far before the module", share_far_before, CFI_FAILED},
    {"a common description behind the module", share_behind, CFI_FAILED},
    {"a common description that is longer than the segment", lengthen_common, CFI_FAILED},
    {"an augmentation without an end", augment_without_end, CFI_FAILED},
};

/* Instructions in the place of the function's own, padded with `nop`s. Numbers: DWARF 5, 7.24 and 7.7.1 */
static const struct {
    const char *name;
    enum cfi_step step;
    unsigned char bytes, code[24];
} programs[] = {
    {"no instruction", CFI_CALLER, 1, {0x00}},
    {"a call frame that is a multiple too far", CFI_CALLER, 11, "\x13\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00"},
    {"an offset that is a multiple too far", CFI_CALLER, 12, "\x11\x03\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x01"},
    {"an instruction that is not known", CFI_FAILED, 1, {0x3f}},
    {"a register that there is not", CFI_FAILED, 4, {0x05, 0xc8, 0x01, 0x01}},
    {"a call frame by a register that there is not", CFI_FAILED, 4, {0x0c, 0xc8, 0x01, 0x08}},
    {"a state that was not kept", CFI_FAILED, 1, {0x0b}},
    {"states without end", CFI_FAILED, 6, {0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a}},
    {"an expression that is longer than its program", CFI_FAILED, 2, {0x0f, 0x7f}},
    {"an expression that takes what is not there", CFI_FAILED, 4, {0x0f, 2, 0x13, 0x13}},
    {"an expression that jumps back", CFI_FAILED, 5, {0x0f, 3, 0x2f, 0xfd, 0xff}},
    {"an expression that keeps too much", CFI_FAILED, 20,
     "\x0f\x12"
     "000000000000000000"},
    {"an expression that reads nine bytes", CFI_FAILED, 4, {0x0f, 2, 0x94, 9}},
};

/* ---- the library ---- */

static unsigned char *copy_of(const unsigned char *from, size_t bytes) {
    unsigned char *copy = malloc(bytes);
    return copy ? memcpy(copy, from, bytes) : NULL;
}

/* Finds the segment that the header lies in, and makes it writable. returns 0, or -1 */
static int open_segment(const struct dl_find_object *module) {
    const char *start = module->dlfo_map_start;
    const ElfW(Ehdr) *elf = module->dlfo_map_start;
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(start + elf->e_phoff);
    for (unsigned i = 0; i < elf->e_phnum; i++, segment++) {
        lo = (unsigned char *)module->dlfo_link_map->l_addr + segment->p_vaddr;
        hi = lo + segment->p_filesz;
        if (segment->p_type == PT_LOAD && header >= lo && header < hi) {
            whole = copy_of(lo, (size_t)(hi - lo));
            uintptr_t page = (uintptr_t)lo / PAGE * PAGE;
            return whole ? mprotect((void *)page, (uintptr_t)hi - page, PROT_READ | PROT_WRITE) : -1;
        }
    }
    return -1;
}

static int open_tables(const char *path, const char *name) {
    struct dl_find_object module;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    function = library ? (uintptr_t)dlsym(library, name) : 0;
    if (!function || _dl_find_object((void *)function, &module) != 0)
        return -1;
    header = module.dlfo_eh_frame;
    entry = header + HEADER_ENTRIES;
    while ((uintptr_t)header + (uintptr_t)(int32_t)word_at(entry) != function)
        if ((entry += 8) >= header + HEADER_ENTRIES + 8 * word_at(header + HEADER_COUNT))
            return -1;
    own = header + (int32_t)word_at(entry + 4);
    common = own + 4 - word_at(own + 4);
    return open_segment(&module);
}

/* ---- answers ---- */

static int read_anything(void *unused, uintptr_t address, uintptr_t *word) {
    (void)unused;
    *word = address * 5 + 1;
    return 0;
}

static enum cfi_step step_from(uintptr_t pc) {
    struct cfi_frame frame = {.pc = pc, .exact = 1};
    for (unsigned i = 0; i < CFI_REGISTERS; i++)
        frame.reg[i] = 0x7f0000000000 + i * 0x1000;
    return cfi_step(&frame, read_anything, NULL);
}

static int answer(const char *name, enum cfi_step expected) {
    enum cfi_step step = step_from(function);
    memcpy(lo, whole, (size_t)(hi - lo));
    if (step != expected)
        printf("%s: %d, not %d\n", name, step, expected);
    return step != expected;
}

/* In the seeds' order, so that every run is the same. returns how many steps found a caller all the same */
static int spoil_at_random(void) {
    uint64_t seed = 1;
    size_t bytes = (size_t)(hi - header);
    int callers = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i <= round % 3; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            header[(seed >> 33) % bytes] = (unsigned char)(seed >> 24);
        }
        for (uintptr_t pc = function; pc < function + 64; pc += 8)
            callers += step_from(pc) == CFI_CALLER;
        if (round % 8 == 7)
            memcpy(lo, whole, (size_t)(hi - lo));
    }
    return callers;
}

int main(int count, char **words) {
    int wrong = 0;
    if (count != 3 || open_tables(words[1], words[2]) != 0)
        return 2;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        ways[i].spoil();
        wrong += answer(ways[i].name, ways[i].step);
    }
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        memset(own + PROGRAM, 0, word_at(own) + 4 - PROGRAM);
        memcpy(own + PROGRAM, programs[i].code, programs[i].bytes);
        wrong += answer(programs[i].name, programs[i].step);
    }
    int callers = spoil_at_random();
    if (callers < ROUNDS || callers >= ROUNDS * 8) {
        printf("at random: %d callers\n", callers);
        wrong++;
    }
    return wrong ? 1 : 0;
}
