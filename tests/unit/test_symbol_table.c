/* test_symbol_table.c - a sorted table gives libdwfl's own answer: in this program, which has symbols within symbols, many
 * names of one place, and labels, and in the libraries that it runs with.
 *
 * Linked with tools/symbol_table.c, tools/pool.c and what they need, and -lcheck. */
#include "tools/symbol_table.h"
#include "tests/unit/suite.h"

#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

/* Each is a stretch of `nop`s, and what the table says of it. */
__asm__(".pushsection .text\n"
        ".macro place name, binding, type, bytes\n"
        "\\binding \\name\n .type \\name, @\\type\n .size \\name, \\bytes\n"
        "\\name:\n .endm\n"
        "place outer, .globl, function, 64\n .skip 16, 0x90\n"
        "place inner, .local, function, 16\n .skip 8, 0x90\n"
        "place innermost, .weak, function, 4\n place innermost_too, .globl, function, 8\n .skip 40, 0x90\n"
        "place first_local, .local, function, 16\n place second_local, .local, function, 8\n .skip 16, 0x90\n"
        "place weak_name, .weak, function, 16\n place strong_name, .globl, function, 16\n"
        "place short_name, .globl, function, 8\n .skip 16, 0x90\n"
        "place gap_label, .local, notype, 0\n .skip 16, 0x90\n place global_label, .globl, notype, 0\n"
        "place under_label, .local, function, 16\n .skip 32, 0x90\n"
        ".altmacro\n .macro alias number\n place alias_\\number, .globl, function, 32\n .endm\n"
        ".set number, 0\n .rept 80\n alias %number\n .set number, number + 1\n .endr\n .skip 32, 0x90\n"
        ".popsection\n");

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_build_id_find_debuginfo,
    .section_address = dwfl_offline_section_address,
};

struct file {
    Dwfl *session;
    struct symbol_table table;
};

static bool open_file(struct file *file, const char *path) {
    *file = (struct file){.session = dwfl_begin(&callbacks)};
    dwfl_report_begin(file->session);
    file->table.module = dwfl_report_offline(file->session, path, path, -1);
    dwfl_report_end(file->session, NULL, NULL);
    return file->table.module && dwfl_module_getsymtab(file->table.module) > 0;
}

static void close_file(struct file *file) {
    symbol_table_close(&file->table);
    dwfl_end(file->session);
}

static void assert_alike(struct symbol_table *table, Dwarf_Addr address) {
    GElf_Off offset = 0;
    GElf_Sym symbol = {0};
    const char *name = dwfl_module_addrinfo(table->module, address, &offset, &symbol, NULL, NULL, NULL);
    struct symbol_at found = symbol_table_find(table, address);
    ck_assert_msg(!name == !found.name && (!name || !strcmp(name, found.name)), "%#lx: %s, not %s", (long)address,
                  found.name ? found.name : "nothing", name ? name : "nothing");
    if (name)
        ck_assert_msg(offset == found.from_start && symbol.st_size == found.size_bytes, "%#lx: %s", (long)address,
                      name);
}

/* Where an answer can change: at the ends of every `step`th symbol, and within it. */
static int compare_file(const char *path, int step) {
    struct file file;
    ck_assert_msg(open_file(&file, path), "%s", path);
    int count = dwfl_module_getsymtab(file.table.module);
    for (int i = 1; i < count; i += step) {
        GElf_Sym symbol;
        GElf_Addr address;
        if (!dwfl_module_getsym_info(file.table.module, i, &symbol, &address, NULL, NULL, NULL))
            continue;
        const Dwarf_Addr places[] = {address - 1, address, address + symbol.st_size / 2, address + symbol.st_size - 1,
                                     address + symbol.st_size};
        for (size_t j = 0; j < sizeof places / sizeof *places; j++)
            assert_alike(&file.table, places[j]);
    }
    ck_assert(file.table.is_made);
    close_file(&file);
    return count;
}

START_TEST (of_this_program) {
    ck_assert_int_gt(compare_file("/proc/self/exe", 1), 100);
}
END_TEST

static int compare_library(struct dl_phdr_info *info, size_t size, void *context) {
    int *compared = context;
    (void)size;
    if (*info->dlpi_name != '/')
        return 0;
    compare_file(info->dlpi_name, 37);
    ++*compared;
    return 0;
}

START_TEST (of_its_libraries) {
    int compared = 0;
    dl_iterate_phdr(compare_library, &compared);
    ck_assert_int_ge(compared, 2);
}
END_TEST

/* The rules themselves, so that a libdwfl that changes them is seen: where two symbols of the program begin alike. */
static const struct {
    const char *at;
    int offset;
    const char *found;
} rules[] = {
    {"outer", 0, "outer"},
    {"outer", 20, "outer"},
    {"outer", 25, "innermost_too"},
    {"outer", 40, "outer"},
    {"first_local", 4, "second_local"},
    {"first_local", 12, "first_local"},
    {"weak_name", 4, "short_name"},
    {"weak_name", 12, "strong_name"},
    {"gap_label", 4, "gap_label"},
    {"global_label", 0, "global_label"},
    {"global_label", 4, "under_label"},
};

static Dwarf_Addr address_of(Dwfl_Module *module, const char *wanted) {
    int count = dwfl_module_getsymtab(module);
    for (int i = 1; i < count; i++) {
        GElf_Sym symbol;
        GElf_Addr address;
        const char *name = dwfl_module_getsym_info(module, i, &symbol, &address, NULL, NULL, NULL);
        if (name && !strcmp(name, wanted))
            return address;
    }
    ck_abort_msg("%s is not in the table", wanted);
}

START_TEST (of_symbols_within_symbols) {
    struct file file;
    ck_assert(open_file(&file, "/proc/self/exe"));
    while (!file.table.is_made)
        symbol_table_find(&file.table, 0);
    Dwarf_Addr address = address_of(file.table.module, rules[_i].at) + (Dwarf_Addr)rules[_i].offset;
    assert_alike(&file.table, address);
    ck_assert_str_eq(symbol_table_find(&file.table, address).name, rules[_i].found);
    close_file(&file);
}
END_TEST

START_TEST (of_addresses_in_nothing) {
    struct file file;
    ck_assert(open_file(&file, "/proc/self/exe"));
    for (Dwarf_Addr address = 0; address < 16; address++) {
        ck_assert_ptr_null(symbol_table_find(&file.table, address).name);
        ck_assert_ptr_null(symbol_table_find(&file.table, UINT64_MAX - address).name);
    }
    close_file(&file);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("symbol table");
    TCase *tests = tcase_create("as libdwfl says");
    tcase_add_test(tests, of_this_program);
    tcase_add_test(tests, of_its_libraries);
    tcase_add_loop_test(tests, of_symbols_within_symbols, 0, sizeof rules / sizeof *rules);
    tcase_add_test(tests, of_addresses_in_nothing);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
