/* doctor_program.c - what a program's file tells of a run with castaway: can it be preloaded, whose allocator has it, what
 * will its stacks look like?
 *
 * Start: doctor_program(); what is known about runtimes and allocators is the table `signs`. */
#include "doctor.h"

#include "message.h"
#include "symbols.h"
#include "target.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is looked for in the file, and what it means. */
enum sign_kind { NEEDS, DEFINES, SECTION, NAMED };
static const struct sign {
    enum sign_kind kind;
    const char *name; /* a library's or the program's: how it begins */
    enum verdict verdict;
    const char *about, *found, *remedy;
} signs[] = {
    {DEFINES, "malloc", LIMITED, "allocator", "brings its own malloc: objects that it makes inside are not seen",
     "link the allocator as a shared library, or build without it"},
    {NEEDS, "libjemalloc", FINE, "allocator", "jemalloc, as a library: its objects are seen", NULL},
    {NEEDS, "libtcmalloc", FINE, "allocator", "tcmalloc, as a library: its objects are seen", NULL},
    {NEEDS, "libmimalloc", FINE, "allocator", "mimalloc, as a library: its objects are seen", NULL},
    {NEEDS, "libasan", LIMITED, "sanitizer",
     "built with AddressSanitizer, which replaces malloc and looks for leaks too",
     "build without -fsanitize=address to watch it with castaway"},
    {NEEDS, "libtsan", LIMITED, "sanitizer", "built with ThreadSanitizer, which replaces malloc",
     "build without -fsanitize=thread to watch it with castaway"},
    {DEFINES, "__asan_init", LIMITED, "sanitizer", "holds AddressSanitizer, which replaces malloc",
     "build without -fsanitize=address to watch it with castaway"},
    {SECTION, ".gopclntab", LIMITED, "runtime", "Go: its objects live in a heap of its own; only C's are seen", NULL},
    {NAMED, "python", FINE, "runtime", "Python: its pools are turned off for the run (unless --keep-pools)", NULL},
    {NAMED, "php", FINE, "runtime", "PHP: its pools are turned off for the run (unless --keep-pools)", NULL},
    {NAMED, "node", LIMITED, "runtime", "Node collects its own heap; only objects of C and C++ are seen",
     "its own heap snapshots show the rest"},
    {NAMED, "java", LIMITED, "runtime", "the JVM collects its own heap; only objects of C and C++ are seen",
     "its own heap dumps show the rest"},
    {NEEDS, "libapr-1", LIMITED, "pools", "uses APR's pools: a pool is few large objects here",
     "an APR built with --enable-pool-debug makes each an object"},
    {NEEDS, "libtalloc", FINE, "pools", "uses talloc: every object is one of malloc's and is seen", NULL},
};

struct program {
    const char *path;
    Elf *elf;
};

/* ---- reading ---- */

static Elf_Scn *section_named(const struct program *program, const char *name, GElf_Shdr *header) {
    size_t names;
    if (elf_getshdrstrndx(program->elf, &names))
        return NULL;
    for (Elf_Scn *section = NULL; (section = elf_nextscn(program->elf, section));) {
        const char *found = gelf_getshdr(section, header) ? elf_strptr(program->elf, names, header->sh_name) : NULL;
        if (found && !strcmp(found, name))
            return section;
    }
    return NULL;
}

static bool has_section(const struct program *program, const char *name) {
    GElf_Shdr header;
    return section_named(program, name, &header) && header.sh_type != SHT_NOBITS;
}

static bool needs(const struct program *program, const char *library) {
    GElf_Shdr header;
    Elf_Scn *section = section_named(program, ".dynamic", &header);
    Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
    GElf_Dyn entry;
    for (int i = 0; data && gelf_getdyn(data, i, &entry); i++) {
        const char *name = entry.d_tag == DT_NEEDED ? elf_strptr(program->elf, header.sh_link, entry.d_un.d_val) : NULL;
        if (name && !strncmp(name, library, strlen(library)))
            return true;
    }
    return false;
}

static bool table_defines(const struct program *program, const char *table, const char *symbol) {
    GElf_Shdr header;
    Elf_Scn *section = section_named(program, table, &header);
    Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
    GElf_Sym entry;
    for (int i = 0; data && gelf_getsym(data, i, &entry); i++) {
        const char *name = entry.st_shndx != SHN_UNDEF ? elf_strptr(program->elf, header.sh_link, entry.st_name) : NULL;
        if (name && !strcmp(name, symbol))
            return true;
    }
    return false;
}

static bool shows(const struct program *program, const struct sign *sign) {
    switch (sign->kind) {
    case NEEDS:
        return needs(program, sign->name);
    case DEFINES:
        return table_defines(program, ".dynsym", sign->name) || table_defines(program, ".symtab", sign->name);
    case SECTION:
        return has_section(program, sign->name);
    default:
        return !strncmp(path_base(program->path), sign->name, strlen(sign->name));
    }
}

/* ---- debug information ---- */

static const char *separate_by_build_id(struct doctor *doctor, const struct program *program) {
    GElf_Shdr header;
    Elf_Scn *section = section_named(program, ".note.gnu.build-id", &header);
    Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
    const size_t head = 16; /* sizes, type and "GNU" of the note */
    if (!data || data->d_size <= head + 1)
        return NULL;
    const unsigned char *bytes = (const unsigned char *)data->d_buf + head;
    const char *path = pool_printf(doctor->pool, "/usr/lib/debug/.build-id/%02x/", bytes[0]);
    for (size_t i = 1; i < data->d_size - head; i++)
        path = pool_printf(doctor->pool, "%s%02x", path, bytes[i]);
    path = pool_printf(doctor->pool, "%s.debug", path);
    return access(path, R_OK) ? NULL : path;
}

static const char *separate_by_link(struct doctor *doctor, const struct program *program) {
    GElf_Shdr header;
    struct pool *pool = doctor->pool;
    Elf_Scn *section = section_named(program, ".gnu_debuglink", &header);
    Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
    if (!data || !data->d_size || !memchr(data->d_buf, '\0', data->d_size))
        return NULL;
    const char *name = data->d_buf, *base = path_base(program->path);
    const char *folder = pool_strndup(pool, program->path, (size_t)(base - program->path));
    const char *places[] = {pool_printf(pool, "%s%s", folder, name), pool_printf(pool, "%s.debug/%s", folder, name),
                            pool_printf(pool, "/usr/lib/debug%s%s", folder, name)};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!access(places[i], R_OK))
            return places[i];
    return NULL;
}

static void say_debug_information(struct doctor *doctor, const struct program *program) {
    static const char remedy[] = "build it with -g, install its -dbgsym package, or set DEBUGINFOD_URLS";
    const char *servers = getenv("DEBUGINFOD_URLS"), *separate = separate_by_build_id(doctor, program);
    if (!separate)
        separate = separate_by_link(doctor, program);
    if (has_section(program, ".debug_line"))
        doctor_say(doctor, FINE, "debug info", "in the file: functions, files and lines", NULL);
    else if (separate)
        doctor_say(doctor, FINE, "debug info", pool_printf(doctor->pool, "in %s", separate), NULL);
    else if (servers && *servers)
        doctor_say(doctor, FINE, "debug info", pool_printf(doctor->pool, "none here; %s is asked", servers), NULL);
    else
        doctor_say(doctor, LIMITED, "debug info",
                   has_section(program, ".symtab") ? "none: stacks show functions, but no files and lines"
                                                   : "none: stacks show exported functions only",
                   remedy);
}

static void say_unwind(struct doctor *doctor, const struct program *program) {
    bool has = has_section(program, ".eh_frame") || has_section(program, ".debug_frame");
    doctor_say(doctor, has ? FINE : LIMITED, "stacks",
               has ? "unwind tables are there" : "no unwind tables: stacks follow frame pointers, and may be cut",
               has ? NULL : "build with -fasynchronous-unwind-tables");
}

/* ---- the whole ---- */

static void look_inside(struct doctor *doctor, struct program *program) {
    int descriptor = open(program->path, O_RDONLY | O_CLOEXEC);
    elf_version(EV_CURRENT);
    program->elf = descriptor < 0 ? NULL : elf_begin(descriptor, ELF_C_READ_MMAP, NULL);
    bool readable = program->elf && elf_kind(program->elf) == ELF_K_ELF;
    bool has_allocator = false;
    for (size_t i = 0; readable && i < sizeof signs / sizeof *signs; i++) {
        if (!shows(program, &signs[i]))
            continue;
        has_allocator |= !strcmp(signs[i].about, "allocator") || !strcmp(signs[i].about, "sanitizer");
        doctor_say(doctor, signs[i].verdict, signs[i].about, signs[i].found, signs[i].remedy);
    }
    if (readable && !has_allocator)
        doctor_say(doctor, FINE, "allocator", "the C library's", NULL);
    if (readable) {
        say_debug_information(doctor, program);
        say_unwind(doctor, program);
    } else {
        doctor_say(doctor, LIMITED, "program", "its file can't be read: nothing more is known", NULL);
    }
    elf_end(program->elf);
    if (descriptor >= 0)
        close(descriptor);
}

void doctor_program(struct doctor *doctor, const char *command) {
    const char *message = "", *path = NULL;
    struct program program = {0};
    message_divert(doctor->pool, &message);
    int status = target_check(doctor->pool, command, &path);
    message_divert(NULL, NULL);
    if (status) {
        doctor_say(doctor, FAILS, "program", message, NULL);
        return;
    }
    const char *executable = target_executable(doctor->pool, path);
    doctor_say(doctor, FINE, "program",
               strcmp(executable, path) != 0
                   ? pool_printf(doctor->pool, "%s, a script: %s is watched", path, executable)
                   : pool_printf(doctor->pool, "%s can be preloaded", path),
               NULL);
    char *real = realpath(executable, NULL); /* debug information stands beside the file itself */
    program.path = pool_strdup(doctor->pool, real ? real : executable);
    free(real);
    look_inside(doctor, &program);
}
