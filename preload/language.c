/* language.c - which interpreter is there, which libraries that count references? Their symbols say.
 *
 * Owns:    nothing.
 * Never:   calls the loader: the program may hold its lock.
 * Runs in: snapshot child.
 * Start:   language_read(). */
#include "language.h"

#include <dlfcn.h>
#include <errno.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "analysis/cxx.h"
#include "analysis/encoded.h"
#include "analysis/gobject.h"
#include "analysis/python.h"
#include "init.h"
#include "loaded.h"
#include "module.h"
#include "site.h"
#include "symbol.h"

/* ---- CPython ---- */

static const char *const PYTHON_SYMBOLS[PYTHON_TYPE_COUNT] = {
#define X(name, symbol) symbol,
    PYTHON_TYPES(X)
#undef X
};

/* The first module that is an interpreter.
 * returns  its version as in Py_Version without the last two bytes; 0: a version that does not say; -1: there is none */
static long find_python(struct python *python) {
    for (const struct link_map *module = _r_debug.r_map; module; module = module->l_next) {
        struct symbols symbols;
        if (!symbols_of(module, &symbols) || !symbols_find(&symbols, PYTHON_SYMBOLS[PYTHON_TYPE]))
            continue;
        for (size_t i = 0; i < PYTHON_TYPE_COUNT; i++)
            python->types[i] = symbols_find(&symbols, PYTHON_SYMBOLS[i]);
        const unsigned long *version = (const void *)symbols_find(&symbols, "Py_Version");
        return version ? (long)(*version >> 16) : 0;
    }
    return -1;
}

static int read_python(const struct heap *heap, struct counts *counts, struct language_notes *notes) {
    struct python python = {0};
    size_t found = 0;
    long version = find_python(&python);
    if (version < 0)
        return 0;
    if (version != PYTHON_VERSION) {
        notes->python = REASON_PYTHON_UNKNOWN;
        return 0;
    }
    int error = python_read(&python, heap, counts, &found);
    const char *allocator = init_environment("PYTHONMALLOC");
    int is_malloc =
        allocator && strncmp(allocator, "malloc", 6) == 0; /* an interpreter that has ended has no objects */
    if (!heap->subset && found < PYTHON_OBJECTS_MIN && !is_malloc)
        notes->python = REASON_PYTHON_ARENAS;
    return error;
}

/* ---- C++ ---- */

/* A module has the type information that every class's refers to: a C++ library. One that is a part of the executable need
 * not show it. */
static int has_cxx_library(void) {
    return symbol_find("_ZTVN10__cxxabiv117__class_type_infoE") != 0;
}

/* ---- GLib, fontconfig ---- */

int language_encoded(struct heap *heap, struct arena *arena) {
    unsigned libraries = 0;
    if (encoded_halves_are_possible(heap) && symbol_find("g_hash_table_insert"))
        libraries |= ENCODED_GLIB;
    if (symbol_find("FcPatternCreate"))
        libraries |= ENCODED_FONTCONFIG;
    return encoded_find(heap, libraries, arena);
}

/* ---- GObject ---- */

/* All segments of a module that may be written, or executed, from the first to the last.
 * address: anywhere in the module */
static struct range segments(uintptr_t address, unsigned flag) {
    struct dl_find_object object;
    struct range all = {UINTPTR_MAX, 0};
    if (loaded_find((void *)address, &object) != 0)
        return (struct range){0, 0};
    uintptr_t header = (uintptr_t)object.dlfo_map_start, bias = object.dlfo_link_map->l_addr;
    const ElfW(Ehdr) *elf = (const void *)header;
    if (memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0)
        return (struct range){0, 0};
    const ElfW(Phdr) *segment = (const void *)(header + elf->e_phoff);
    for (unsigned i = 0; i < elf->e_phnum; i++) {
        uintptr_t lo = bias + segment[i].p_vaddr, hi = lo + segment[i].p_memsz;
        if (segment[i].p_type != PT_LOAD || !(segment[i].p_flags & flag))
            continue;
        all = (struct range){lo < all.lo ? lo : all.lo, hi > all.hi ? hi : all.hi};
    }
    all.lo = (all.lo + sizeof(uintptr_t) - 1) & ~(sizeof(uintptr_t) - 1);
    return all.lo < all.hi ? all : (struct range){0, 0};
}

static int read_gobject(const struct heap *heap, struct counts *counts, struct language_notes *notes) {
    uintptr_t object = symbol_find("g_object_ref"), quark = symbol_find("g_quark_to_string");
    int fits = 1;
    if (!object || !quark)
        return 0;
    struct gobject gobject = {
        .types = segments(object, PF_W),
        .code = segments(object, PF_X),
        .quarks = segments(quark, PF_W),
        .nullify = symbol_find("g_nullify_pointer"),
    };
    int error = gobject_read(&gobject, heap, counts, &fits);
    if (!fits)
        notes->gobject = REASON_GOBJECT_UNKNOWN;
    return error;
}

/* ---- the loader ---- */

/* What it makes may come to lie where a Python object was, and look like one; but it is the loader's alone. */
static int find_loader(struct counts *counts) {
    struct range loader;
    uint32_t sites = site_count();
    uint8_t *foreign = arena_alloc(counts->arena, (size_t)sites + 1, 1);
    if (!foreign)
        return -ENOMEM;
    module_span((const void *)_r_debug.r_ldbase, &loader.lo, &loader.hi);
    for (uint32_t id = 1; id <= sites; id++) {
        const struct site *site = site_get(id);
        uintptr_t maker = site->count ? (uintptr_t)(site_frame(site, 0) & ~FRAME_EXACT) : 0;
        foreign[id] = maker >= loader.lo && maker < loader.hi;
    }
    counts->foreign = foreign;
    return 0;
}

int language_read(const struct heap *heap, int is_quiet, struct counts *counts, struct language_notes *notes) {
    *notes = (struct language_notes){0};
    int error = read_python(heap, counts, notes);
    if (!error)
        error = read_gobject(heap, counts, notes);
    if (!error)
        error = cxx_read(heap, has_cxx_library(), is_quiet, counts);
    return error || (!counts->count && !counts->entry_count && !counts->link_count) ? error : find_loader(counts);
}
