/* bind.c - rebinds imports.
 *
 * The loader has written the addresses of imported functions where each module looks for them: one slot for calls through
 * its linkage table, others for pointers to functions. In slots of functions that have a rule we put the address of a
 * stub that stands before the same function. All modules get the same stub, so that pointers to it stay equal.
 *
 * A new module is noticed by the loader's list having grown. It may stand there before its relocations are done, which
 * would undo ours: the loader makes it known to _dl_find_object() only after them. Its list is read without the loader's
 * lock (whose holder may wait for us); nothing leaves the list while LOCK_BIND is held, because dlclose passes by here.
 *
 * A module that was opened with RTLD_DEEPBIND has libc's functions where others have ours: its slots of those get ours too.
 * (Modules that the program was started with have ours already.)
 *
 * Owns:    the table of names, the list of modules looked at.
 * Never:   takes the loader's lock, calls the loader's functions but for _dl_find_object().
 * Start:   bind_look(). Source: the System V ABI, chapters 4 and 5, and its x86-64 supplement. */
#include "bind.h"

#include <dlfcn.h>
#include <elf.h>
#include <string.h>
#include <sys/mman.h>

#include "init.h"
#include "loaded.h"
#include "lock.h"
#include "patch.h"
#include "stub.h"
#include "table.h"

enum { PAGE = 4096, SEEN_MAX = 4096 };

/* Relocations of slots that hold an address: of calls, of variables, of words in data. */
#if defined(__x86_64__)
enum { OF_CALL = R_X86_64_JUMP_SLOT, OF_ADDRESS = R_X86_64_GLOB_DAT, OF_WORD = R_X86_64_64 };
#else
enum { OF_CALL = R_AARCH64_JUMP_SLOT, OF_ADDRESS = R_AARCH64_GLOB_DAT, OF_WORD = R_AARCH64_ABS64 };
#endif

struct name {
    const char *text;
    uintptr_t ours, real; /* of a function that ours stands in front of; else 0 */
    struct bind_rule rule;
    enum bind_state state;
    enum reason not_patched; /* why */
    UT_hash_handle hh;
};
static struct name *names;

static const struct link_map nothing; /* its l_next is NULL: nothing is ever due */
const struct link_map *bind_last = &nothing;
static const struct link_map *seen[SEEN_MAX]; /* in the order of the list */
static size_t seen_count;                     /* more than SEEN_MAX: not all are in `seen` */
static int closing;                           /* calls of dlclose under way */
static __thread int own_closing;              /* of this thread */

/* ---- a module's tables ---- */

struct tables {
    const struct link_map *map;
    uintptr_t lo, hi;      /* span */
    struct range constant; /* pages that are read-only once relocated */
    const ElfW(Phdr) * segments;
    unsigned segment_count;
    const ElfW(Sym) * symbols;
    const char *strings;
    const ElfW(Half) * versions;     /* may be NULL */
    const uint32_t *hash_gnu, *hash; /* may be NULL */
    const ElfW(Rela) * relocations[2];
    size_t relocation_count[2];
};

/* glibc has added the module's bias to these, but not where the table itself is read-only. */
static const void *pointer(const struct link_map *map, ElfW(Addr) value) {
    return (const void *)(value < map->l_addr ? value + map->l_addr : value);
}

static void read_dynamic(struct tables *tables) {
    const struct link_map *map = tables->map;
    for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
        const void *value = pointer(map, entry->d_un.d_ptr);
        switch (entry->d_tag) {
        case DT_SYMTAB:
            tables->symbols = value;
            break;
        case DT_STRTAB:
            tables->strings = value;
            break;
        case DT_VERSYM:
            tables->versions = value;
            break;
        case DT_GNU_HASH:
            tables->hash_gnu = value;
            break;
        case DT_HASH:
            tables->hash = value;
            break;
        case DT_RELA:
            tables->relocations[0] = value;
            break;
        case DT_RELASZ:
            tables->relocation_count[0] = entry->d_un.d_val / sizeof(ElfW(Rela));
            break;
        case DT_JMPREL:
            tables->relocations[1] = value;
            break;
        case DT_PLTRELSZ:
            tables->relocation_count[1] = entry->d_un.d_val / sizeof(ElfW(Rela));
            break;
        default:
            break;
        }
    }
}

/* Source: module.c, read_build_id(): the header is mapped where the span begins. */
static void read_segments(struct tables *tables) {
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)tables->lo;
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_phoff > PAGE - sizeof(ElfW(Phdr)))
        return;
    tables->segments = (const ElfW(Phdr) *)(tables->lo + header->e_phoff);
    tables->segment_count = header->e_phnum;
    for (unsigned i = 0; i < tables->segment_count; i++)
        if (tables->segments[i].p_type == PT_GNU_RELRO) {
            /* Whole pages, as the loader does it. Source: glibc, elf/dl-reloc.c, _dl_protect_relro() */
            uintptr_t lo = tables->map->l_addr + tables->segments[i].p_vaddr, hi = lo + tables->segments[i].p_memsz;
            tables->constant = (struct range){lo & ~(uintptr_t)(PAGE - 1), hi & ~(uintptr_t)(PAGE - 1)};
        }
}

/* returns 0, or -1: the loader has not finished with it, or it is none of the loader's (the vdso). */
static int tables_read(struct tables *tables, const struct link_map *map) {
    struct dl_find_object found;
    *tables = (struct tables){.map = map};
    if (!map->l_ld || loaded_find(map->l_ld, &found) != 0 || found.dlfo_link_map != map)
        return -1;
    tables->lo = (uintptr_t)found.dlfo_map_start;
    tables->hi = (uintptr_t)found.dlfo_map_end;
    read_dynamic(tables);
    read_segments(tables);
    return 0;
}

/* ---- definitions ---- */

/* Symbol number `at` of this name: a definition that others may use? */
static const ElfW(Sym) * definition(const struct tables *tables, uint32_t at, const char *name) {
    const ElfW(Sym) *symbol = &tables->symbols[at];
    int is_old_version = tables->versions && tables->versions[at] >> 15;
    if (symbol->st_shndx == SHN_UNDEF || is_old_version || ELF64_ST_BIND(symbol->st_info) == STB_LOCAL)
        return NULL;
    return strcmp(tables->strings + symbol->st_name, name) == 0 ? symbol : NULL;
}

/* Source: Oracle, Linker and Libraries Guide; glibc, elf/dl-lookup.c: buckets, then chains that end with a low bit set */
static const ElfW(Sym) * find_gnu(const struct tables *tables, const char *name) {
    const uint32_t *table = tables->hash_gnu;
    uint32_t bucket_count = table[0], first = table[1], bloom_words = table[2], hash = 5381;
    const uint32_t *buckets = table + 4 + bloom_words * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
    const uint32_t *chain = buckets + bucket_count;
    for (const unsigned char *at = (const unsigned char *)name; *at; at++)
        hash = hash * 33 + *at;
    if (!bucket_count)
        return NULL;
    for (uint32_t at = buckets[hash % bucket_count]; at >= first && at; at++) {
        const ElfW(Sym) *symbol = (chain[at - first] | 1) == (hash | 1) ? definition(tables, at, name) : NULL;
        if (symbol || chain[at - first] & 1)
            return symbol;
    }
    return NULL;
}

static const ElfW(Sym) * find_symbol(const struct tables *tables, const char *name) {
    if (!tables->symbols || !tables->strings)
        return NULL;
    if (tables->hash_gnu)
        return find_gnu(tables, name);
    for (uint32_t at = 1; tables->hash && at < tables->hash[1]; at++) {
        const ElfW(Sym) *symbol = definition(tables, at, name);
        if (symbol)
            return symbol;
    }
    return NULL;
}

struct target {
    uintptr_t address;
    size_t bytes;
    int is_function;
};

static struct target target_in(const struct tables *tables, const char *name) {
    const ElfW(Sym) *symbol = find_symbol(tables, name);
    if (!symbol)
        return (struct target){0};
    int type = ELF64_ST_TYPE(symbol->st_info);
    return (struct target){tables->map->l_addr + symbol->st_value, symbol->st_size,
                           type == STT_FUNC || type == STT_NOTYPE};
}

/* The first definition in the order of loading, which is the order in which the loader looks. */
static struct target target_anywhere(const char *name) {
    for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next) {
        struct tables tables;
        if (tables_read(&tables, map) != 0)
            continue;
        struct target target = target_in(&tables, name);
        if (target.address)
            return target;
    }
    return (struct target){0};
}

/* What a slot leads to in the end. It can hold the definition's address; or, until the first call, one in the module's
 * own linkage table; or one in the program's, which stands for the function in programs that are not
 * position-independent. */
static struct target target_of(uintptr_t value, const char *name) {
    struct dl_find_object found;
    struct tables tables;
    if (value && _dl_find_object((void *)value, &found) == 0 && tables_read(&tables, found.dlfo_link_map) == 0) {
        struct target target = target_in(&tables, name);
        if (target.address == value)
            return target;
    }
    return target_anywhere(name);
}

/* ---- slots ---- */

static int is_writable(const struct tables *tables, uintptr_t at) {
    for (unsigned i = 0; i < tables->segment_count; i++) {
        const ElfW(Phdr) *segment = &tables->segments[i];
        if (segment->p_type == PT_LOAD && segment->p_flags & PF_W &&
            at - tables->map->l_addr - segment->p_vaddr < segment->p_memsz)
            return 1;
    }
    return 0;
}

/* returns 0, or -1: it can't be written to */
static int write_slot(const struct tables *tables, uintptr_t *slot, uintptr_t value) {
    uintptr_t at = (uintptr_t)slot, page = at & ~(uintptr_t)(PAGE - 1);
    int is_constant = page >= tables->constant.lo && page < tables->constant.hi;
    if (!is_writable(tables, at) || at % sizeof at)
        return -1;
    if (is_constant && sys(SYS_mprotect, page, PAGE, PROT_READ | PROT_WRITE) != 0)
        return -1;
    __atomic_store_n(slot, value, __ATOMIC_RELEASE);
    if (is_constant)
        sys(SYS_mprotect, page, PAGE, PROT_READ);
    return 0;
}

/* The executable segment of the module that `address` lies in. */
static struct range code_around(const struct tables *tables, uintptr_t address) {
    for (unsigned i = 0; i < tables->segment_count; i++) {
        const ElfW(Phdr) *segment = &tables->segments[i];
        uintptr_t lo = tables->map->l_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && segment->p_flags & PF_X && address - lo < segment->p_memsz)
            return (struct range){lo, lo + segment->p_memsz};
    }
    return (struct range){0};
}

/* Have the function itself lead to a stub. returns whether it does: then no import must lead there as well. */
static int is_patched(struct name *name, struct target target) {
    struct dl_find_object found;
    struct tables tables;
    if (!name->rule.patch || !target.is_function)
        return 0;
    if (patch_is_done(target.address))
        return 1;
    if (_dl_find_object((void *)target.address, &found) != 0 || tables_read(&tables, found.dlfo_link_map) != 0)
        return 0;
    struct patch patch = {
        .function = target.address,
        .bytes = target.bytes,
        .code = code_around(&tables, target.address),
        .rule = name->rule.rule,
        .wants_result = name->rule.wants_result,
    };
    enum reason why = patch_entry(&patch);
    if (why)
        name->not_patched = why;
    else
        name->state = BIND_BOUND;
    return !why;
}

/* Functions that are to be patched where they are defined: perhaps nobody imports them. */
static void patch_module(const struct tables *tables) {
    for (struct name *name = names; name; name = name->hh.next)
        if (name->rule.patch)
            is_patched(name, target_in(tables, name->text));
}

static void bind_slot(const struct tables *tables, uintptr_t *slot, struct name *name) {
    if (stub_is(*slot))
        return;
    struct target target = target_of(*slot, name->text);
    if (!target.address) /* weak, and there is none */
        return;
    if (is_patched(name, target))
        return;
    void *stub = target.is_function ? stub_for((void *)target.address, name->rule.rule, name->rule.wants_result) : NULL;
    if (!target.is_function)
        name->state = BIND_NO_FUNCTION;
    else if (!stub)
        name->state = BIND_NO_ROOM;
    else
        name->state = write_slot(tables, slot, (uintptr_t)stub) == 0 ? BIND_BOUND : BIND_READ_ONLY;
}

/* The loader has found libc's function; or it has not looked yet, and the slot leads into the module's own linkage table. */
static void replace_slot(const struct tables *tables, uintptr_t *slot, const struct name *name) {
    int is_open = *slot - tables->lo < tables->hi - tables->lo && !target_in(tables, name->text).address;
    if (*slot == name->real || is_open)
        write_slot(tables, slot, name->ours);
}

static int is_import(unsigned type, int64_t addend) {
    return type == OF_CALL || type == OF_ADDRESS || (type == OF_WORD && addend == 0);
}

static void bind_relocations(const struct tables *tables, const ElfW(Rela) * relocation, size_t count) {
    for (size_t i = 0; relocation && i < count; i++) {
        uint32_t symbol = ELF64_R_SYM(relocation[i].r_info);
        if (!symbol || !is_import(ELF64_R_TYPE(relocation[i].r_info), relocation[i].r_addend))
            continue;
        const char *text = tables->strings + tables->symbols[symbol].st_name;
        struct name *name;
        HASH_FIND_STR(names, text, name);
        if (name && name->ours)
            replace_slot(tables, (uintptr_t *)(tables->map->l_addr + relocation[i].r_offset), name);
        else if (name)
            bind_slot(tables, (uintptr_t *)(tables->map->l_addr + relocation[i].r_offset), name);
    }
}

/* ---- modules ---- */

static int is_ours(const struct tables *tables) {
    const struct process_facts *facts = &process.facts;
    return tables->lo == facts->castaway.lo;
}

static void bind_module(const struct tables *tables) {
    if (is_ours(tables) || !tables->symbols || !tables->strings)
        return;
    patch_module(tables);
    for (int i = 0; i < 2; i++)
        bind_relocations(tables, tables->relocations[i], tables->relocation_count[i]);
}

/* Behind it stand all. */
static struct link_map before;

static void note_seen(const struct link_map *map) {
    bind_last = map;
    if (seen_count < SEEN_MAX)
        seen[seen_count] = map;
    seen_count++;
}

static void look_locked(void) {
    for (const struct link_map *map; (map = bind_last->l_next); note_seen(map)) {
        struct tables tables;
        if (tables_read(&tables, map) == 0)
            bind_module(&tables);
        else if (map->l_ld) /* the loader is busy with it */
            return;
    }
}

void bind_look(void) {
    lock_take(LOCK_BIND);
    if (!closing)
        look_locked();
    lock_release(LOCK_BIND);
}

void bind_start(void) {
    if (!names)
        return;
    stub_init();
    for (const struct name *name = names; name; name = name->hh.next)
        if (name->rule.patch) {
            patch_init();
            break;
        }
    before.l_next = _r_debug.r_map;
    bind_last = &before;
    bind_look();
}

void bind_start_later(void) {
    if (!names || bind_last != &nothing)
        return;
    before.l_next = _r_debug.r_map;
    for (const struct link_map *map = before.l_next; map; map = map->l_next)
        note_seen(map);
}

/* New modules stand behind old ones: what was seen and is still there is the beginning of the list. */
static void forget_closed_locked(void) {
    size_t known = seen_count <= SEEN_MAX ? seen_count : 0, kept = 0, at = 0;
    if (bind_last == &nothing)
        return;
    bind_last = &before;
    for (const struct link_map *map = before.l_next; map; map = map->l_next) {
        while (at < known && seen[at] != map)
            at++;
        if (at == known)
            break;
        seen[kept++] = bind_last = map;
    }
    seen_count = kept;
}

void bind_close_begins(void) {
    lock_take(LOCK_BIND);
    closing++;
    own_closing++;
    lock_release(LOCK_BIND);
}

void bind_close_ends(void) {
    lock_take(LOCK_BIND);
    closing--;
    own_closing--;
    forget_closed_locked();
    lock_release(LOCK_BIND);
}

void bind_after_fork(void) {
    if (closing == own_closing)
        return;
    closing = own_closing;
    forget_closed_locked();
}

/* ---- names ---- */

int bind_name(const char *text, struct bind_rule rule) {
    struct name *name;
    HASH_FIND_STR(names, text, name);
    if (name || !(name = pages_alloc(sizeof *name)))
        return -1;
    *name = (struct name){.text = text, .rule = rule};
    HASH_ADD_KEYPTR(hh, names, name->text, strlen(name->text), name);
    return name->hh.tbl ? 0 : -1;
}

void bind_replace(const char *text, void *ours, void *real) {
    struct name *name;
    HASH_FIND_STR(names, text, name);
    if (name || !real || !(name = pages_alloc(sizeof *name)))
        return;
    *name = (struct name){.text = text, .ours = (uintptr_t)ours, .real = (uintptr_t)real};
    HASH_ADD_KEYPTR(hh, names, name->text, strlen(name->text), name);
}

enum bind_state bind_state(const char *text) {
    struct name *name;
    HASH_FIND_STR(names, text, name);
    return name ? name->state : BIND_UNKNOWN;
}

enum reason bind_not_patched(const char *text) {
    struct name *name;
    HASH_FIND_STR(names, text, name);
    return name ? name->not_patched : REASON_NONE;
}

int bind_is_defined(const char *name) {
    return target_anywhere(name).address != 0;
}
