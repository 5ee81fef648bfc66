/* lsan.c - see the header.
 *
 * An executable that is not linked for LeakSanitizer does not export its functions: then they are looked up where a
 * debugger would, in its symbol table.
 *
 * Owns:    struct lsan, where the program's functions are.
 * Never:   trusts an offset in the executable's file; refuses a word that it does not know.
 * Start:   lsan_start(). Source of names and meanings: LeakSanitizer, lsan_flags.inc and lsan_interface.h */
#include "lsan.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "roots.h"
#include "sys.h"

enum { NAMES_BYTES_MAX = 4 << 20 /* of an executable whose symbols are worth a look at every start */ };

struct lsan lsan;

typedef const char *text_function(void);
typedef int question_function(void);

/* Weak: bound by the loader where somebody exports them. (dlsym would allocate a message where nobody does.) */
text_function __lsan_default_options __attribute__((weak)), __lsan_default_suppressions __attribute__((weak));
question_function __lsan_is_turned_off __attribute__((weak));

enum function { OPTIONS, SUPPRESSIONS, TURNED_OFF, FUNCTIONS };
static const char *const names[FUNCTIONS] = {
    [OPTIONS] = "__lsan_default_options",
    [SUPPRESSIONS] = "__lsan_default_suppressions",
    [TURNED_OFF] = "__lsan_is_turned_off",
};
static void *functions[FUNCTIONS];

/* ---- where they are ---- */

static int executable_bias(struct dl_phdr_info *info, size_t bytes, void *bias) {
    (void)bytes;
    *(uintptr_t *)bias = info->dlpi_addr;
    return 1; /* the executable is the first */
}

static void take_symbol(const char *name, uintptr_t address) {
    for (int i = 0; i < FUNCTIONS; i++)
        if (!functions[i] && strcmp(name, names[i]) == 0)
            functions[i] = (void *)address;
}

/* image, bytes: the executable's file. Every offset in it is checked: it may have been changed since it was started. */
static void search_table(const char *image, size_t bytes, const ElfW(Shdr) * table, const ElfW(Shdr) * text) {
    uintptr_t bias = 0;
    if (table->sh_offset > bytes || table->sh_size > bytes - table->sh_offset || text->sh_offset > bytes ||
        text->sh_size > bytes - text->sh_offset || !text->sh_size || text->sh_size > NAMES_BYTES_MAX)
        return;
    const char *strings = image + text->sh_offset;
    if (strings[text->sh_size - 1] || !memmem(strings, text->sh_size, "\0__lsan_", 8))
        return;
    dl_iterate_phdr(executable_bias, &bias);
    const ElfW(Sym) *symbol = (const void *)(image + table->sh_offset);
    for (size_t i = 0; i < table->sh_size / sizeof *symbol; i++)
        if (symbol[i].st_name < text->sh_size && symbol[i].st_shndx != SHN_UNDEF &&
            (symbol[i].st_info & 15) == STT_FUNC)
            take_symbol(strings + symbol[i].st_name, bias + symbol[i].st_value);
}

static void search_image(const char *image, size_t bytes) {
    const ElfW(Ehdr) *header = (const void *)image;
    if (bytes < sizeof *header || memcmp(image, ELFMAG, SELFMAG) != 0 || header->e_shentsize != sizeof(ElfW(Shdr)) ||
        header->e_shoff % 8 || header->e_shoff > bytes ||
        header->e_shnum > (bytes - header->e_shoff) / sizeof(ElfW(Shdr)))
        return;
    const ElfW(Shdr) *sections = (const void *)(image + header->e_shoff);
    for (size_t i = 0; i < header->e_shnum; i++)
        if (sections[i].sh_type == SHT_SYMTAB && sections[i].sh_link < header->e_shnum &&
            sections[i].sh_offset % 8 == 0)
            search_table(image, bytes, &sections[i], &sections[sections[i].sh_link]);
}

/* Most are stripped: two small reads tell so, and spare the mapping. */
static int is_stripped(long file) {
    ElfW(Ehdr) header = {.e_shnum = 0};
    ElfW(Shdr) sections[64] = {{0}};
    if (sys(SYS_pread64, file, &header, sizeof header, 0) != sizeof header || header.e_shentsize != sizeof *sections ||
        header.e_shnum > sizeof sections / sizeof *sections)
        return 0;
    long bytes = (long)(header.e_shnum * sizeof *sections);
    if (sys(SYS_pread64, file, sections, bytes, header.e_shoff) != bytes)
        return 0;
    for (size_t i = 0; i < header.e_shnum; i++)
        if (sections[i].sh_type == SHT_SYMTAB)
            return 0;
    return 1;
}

static void search_executable(void) {
    struct stat status = {0};
    long file = sys(SYS_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC, 0);
    if (sys_failed(file))
        return;
    long image = !is_stripped(file) && sys(SYS_fstat, file, &status) == 0 && status.st_size > 0
                     ? sys(SYS_mmap, 0, status.st_size, PROT_READ, MAP_PRIVATE, file, 0)
                     : -1;
    sys(SYS_close, file);
    if (sys_failed(image))
        return;
    search_image((const char *)image, (size_t)status.st_size);
    sys(SYS_munmap, image, status.st_size);
}

/* ---- options ---- */

static const struct {
    const char *name;
    unsigned left_out; /* when it is 0 */
    int *flag;         /* receives `value` when the option has that value */
    int value;
} keys[] = {
    {"use_globals", ROOTS_GLOBALS, NULL, 0},
    {"use_stacks", ROOTS_STACKS, NULL, 0},
    {"use_registers", ROOTS_REGISTERS, NULL, 0},
    {"use_tls", ROOTS_TLS, NULL, 0},
    {"use_root_regions", ROOTS_DECLARED, NULL, 0},
    {"use_unaligned", 0, &lsan.unaligned, 1},
    {"leak_check_at_exit", 0, &lsan.off_at_exit, 0},
    {"detect_leaks", 0, &lsan.off_at_exit, 0},
    {"detect_leaks", 0, &lsan.off, 0},
};

static int is_word(const char *word, const char *text, size_t bytes) {
    return strlen(word) == bytes && strncmp(word, text, bytes) == 0;
}

/* Other words than yes and no leave things as they are: the sanitizer would refuse to start, we must not. */
static int truth(const char *text, size_t bytes) {
    if (is_word("1", text, bytes) || is_word("yes", text, bytes) || is_word("true", text, bytes))
        return 1;
    return is_word("0", text, bytes) || is_word("no", text, bytes) || is_word("false", text, bytes) ? 0 : -1;
}

static void set(const char *name, size_t name_bytes, int value) {
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!is_word(keys[i].name, name, name_bytes))
            continue;
        lsan.left_out = value ? lsan.left_out & ~keys[i].left_out : lsan.left_out | keys[i].left_out;
        if (keys[i].flag)
            *keys[i].flag = value == keys[i].value;
    }
}

static void parse(const char *text) {
    static const char separators[] = ":, \t\r\n";
    while (text && *text) {
        size_t word_bytes = strcspn(text, separators), name_bytes = strcspn(text, "=");
        if (name_bytes < word_bytes) {
            int value = truth(text + name_bytes + 1, word_bytes - name_bytes - 1);
            if (value >= 0)
                set(text, name_bytes, value);
        }
        text += word_bytes;
        text += *text != 0;
    }
}

void lsan_start(const char *environment_options) {
    functions[OPTIONS] = (void *)__lsan_default_options;
    functions[SUPPRESSIONS] = (void *)__lsan_default_suppressions;
    functions[TURNED_OFF] = (void *)__lsan_is_turned_off;
    search_executable();
    if (functions[OPTIONS])
        lsan.default_options = ((text_function *)functions[OPTIONS])();
    if (functions[SUPPRESSIONS])
        lsan.default_suppressions = ((text_function *)functions[SUPPRESSIONS])();
    parse(lsan.default_options);
    parse(environment_options);
}

int lsan_is_turned_off(void) {
    return functions[TURNED_OFF] && ((question_function *)functions[TURNED_OFF])() != 0;
}
