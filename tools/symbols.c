/* symbols.c - functions, files, lines and inlined calls, by elfutils.
 *
 * Owns:  one libdwfl session for each module (so that two programs of one report cannot overlap).
 * Never: trusts that the file at a path is still the one that ran: its build-id must be the recorded one.
 * Start: symbols_stack(); resolve_frame() is one recorded address, which inlined calls make several frames of. */
#include "symbols.h"

#include "demangle.h"
#include "escape.h"
#include "hide.h"
#include "members.h"
#include "recording.h"
#include "symbol_table.h"
#include "tail_calls.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct symbol_file {
    const char *key; /* build-id and path */
    const char *path, *build_id;
    bool is_program;
    Dwfl *dwfl;
    Dwfl_Module *module; /* NULL: no symbols */
    Dwarf_Addr bias;     /* libdwfl's address minus link-time address */
    struct symbol_table symbols;
    struct unit_index units;
    struct tail_module tail;
    UT_hash_handle hh;
};
/* Frames of one stack while it is resolved. */
struct frames {
    struct stack_frame *list;
    size_t count, capacity;
};

struct symbols {
    struct pool cache;               /* all that was resolved, dropped as a whole */
    struct symbol_file *files;       /* by key */
    struct resolved_frame *resolved; /* by address: the outer frames of stacks are the same again and again */
    struct resolved_call *calls;     /* by the addresses on both sides */
    struct resolved_stack *stacks;   /* by addresses: so are the stacks of processes that run the same program */
    struct holders *holders;         /* by function */
    struct known_name *names;        /* of functions */
    const struct stack *empty;
    struct frames scratch; /* of the stack at hand */
    size_t unread;         /* files whose debug information was not read, before the cache was dropped */
};

/* What is resolved may grow to this; a recording of a large program needs a tenth. */
enum { CACHE_BYTES_MAX = 48 << 20, FILES_MAX = 256 };

struct known_name {
    const char *symbol, *function; /* as in a frame */
    UT_hash_handle hh;
};

struct address {
    struct symbol_file *file; /* NULL: in no module */
    uint64_t offset;
    uint32_t exact;
    uint32_t name_only; /* its symbol will do: see names_suffice() */
};
struct resolved_frame {
    struct address address;
    struct frames frames;
    UT_hash_handle hh;
};
struct resolved_call { /* what is missing between two frames of a stack */
    struct address between[2];
    struct frames frames;
    UT_hash_handle hh;
};
struct resolved_stack {
    const struct address *addresses;
    struct stack stack;
    UT_hash_handle hh;
};

const char *path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool string_equal(const char *a, const char *b) {
    return a && b ? !strcmp(a, b) : a == b;
}

static bool frame_equal(const struct stack_frame *a, const struct stack_frame *b) {
    return string_equal(a->function, b->function) && string_equal(a->file, b->file) && a->line == b->line &&
           string_equal(a->module, b->module) && a->inlined == b->inlined && (a->line || a->offset == b->offset);
}

bool stack_equal(const struct stack *a, const struct stack *b) {
    if (a == b)
        return true;
    if (a->frame_count != b->frame_count)
        return false;
    for (size_t i = 0; i < a->frame_count; i++)
        if (!frame_equal(&a->frames[i], &b->frames[i]))
            return false;
    return true;
}

/* ---- modules ---- */

static bool build_id_matches(Dwfl_Module *module, const char *recorded) {
    const unsigned char *bits;
    GElf_Addr address;
    int length = dwfl_module_build_id(module, &bits, &address);
    if (!*recorded)
        return true; /* nothing to compare with */
    if (length <= 0 || strlen(recorded) != (size_t)length * 2)
        return false;
    for (int i = 0; i < length; i++) {
        char byte[3];
        snprintf(byte, sizeof byte, "%02x", bits[i]);
        if (strncmp(byte, recorded + (size_t)i * 2, 2) != 0)
            return false;
    }
    return true;
}

static void file_load(struct symbol_file *file) {
    struct stat status;
    if (stat(file->path, &status) || !S_ISREG(status.st_mode))
        return;
    file->dwfl = dwfl_begin(&debug_info_callbacks);
    if (!file->dwfl)
        return;
    dwfl_report_begin(file->dwfl);
    Dwfl_Module *module = dwfl_report_offline(file->dwfl, path_base(file->path), file->path, -1);
    dwfl_report_end(file->dwfl, NULL, NULL);
    if (module && dwfl_module_getelf(module, &file->bias) && build_id_matches(module, file->build_id))
        file->module = module;
}

static struct symbol_file *file_open(struct symbols *symbols, const char *key, const struct rec_module *module) {
    struct symbol_file *file = pool_alloc(&symbols->cache, sizeof *file);
    file->key = key;
    file->path = pool_strdup(&symbols->cache, module->path);
    file->build_id = pool_strdup(&symbols->cache, module->build_id);
    file->is_program = module->is_program;
    file_load(file);
    file->symbols = (struct symbol_table){.module = file->module};
    file->units = (struct unit_index){.module = file->module, .pool = &symbols->cache};
    file->tail = (struct tail_module){.units = &file->units};
    HASH_ADD_KEYPTR(hh, symbols->files, file->key, strlen(file->key), file);
    return file;
}

static struct symbol_file *file_of(struct symbols *symbols, struct rec_module *module) {
    if (!module || module->file)
        return module ? module->file : NULL;
    const char *key = pool_printf(&symbols->cache, "%s %d %s", module->build_id, module->is_program, module->path);
    HASH_FIND_STR(symbols->files, key, module->file);
    if (!module->file)
        module->file = file_open(symbols, key, module);
    return module->file;
}

/* ---- source files ---- */

/* Take `.` and `..` out of a path; as elsewhere in debuggers, symbolic links are not looked at. */
static char *path_clean(struct pool *pool, const char *path) {
    char *clean = pool_alloc(pool, strlen(path) + 2), *to = clean;
    if (*path == '/')
        *to++ = '/';
    char *floor = to;
    while (*path) {
        size_t length = strcspn(path, "/");
        bool up = length == 2 && !strncmp(path, "..", 2);
        if (up && to > floor && strcmp(to - (to - floor >= 3 ? 3 : 1), "../") != 0) {
            for (to--; to > floor && to[-1] != '/'; to--)
                ;
            *to = '\0';
        } else if (length && !(length == 1 && *path == '.')) {
            to = mempcpy(to, path, length);
            *to++ = '/';
            *to = '\0';
        }
        path += length + (path[length] == '/');
    }
    if (to > floor)
        to--;
    *to = '\0';
    return clean;
}

/* Below the compilation's folder: relative to it. Else, as for a header of the system, the last two parts. */
static const char *path_short(const char *path, const char *folder) {
    size_t length = strlen(folder);
    if (length > 1 && !strncmp(path, folder, length) && path[length] == '/')
        return path + length + 1;
    if (*path != '/')
        return path;
    const char *start = path + strlen(path);
    for (int slashes = 0; start > path && slashes < 2; slashes += *start == '/')
        start--;
    return start > path ? start + 1 : path;
}

static void set_source(struct symbols *symbols, struct stack_frame *frame, const char *path, const char *folder,
                       int line) {
    struct pool *pool = &symbols->cache;
    if (!path || !*path)
        return;
    folder = folder ? path_clean(pool, folder) : "";
    if (*path != '/' && *folder)
        path = pool_printf(pool, "%s/%s", folder, path);
    frame->file = escape_to_utf8(pool, path_clean(pool, path));
    frame->file_short = path_short(frame->file, folder);
    frame->line = line;
}

/* ---- inlined calls ---- */

static bool is_call(Dwarf_Die *die) {
    int tag = dwarf_tag(die);
    return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram || tag == DW_TAG_entry_point;
}

/* A function is called from many places, and templates have names of any length: each is kept once.
 *
 * name  lives as long as the file that it is of */
static const struct known_name *name_of(struct symbols *symbols, const char *name) {
    struct pool *pool = &symbols->cache;
    struct known_name *known = NULL;
    size_t length = strlen(name);
    HASH_FIND(hh, symbols->names, name, length, known);
    if (!known) {
        known = pool_alloc(pool, sizeof *known);
        known->symbol = escape_to_utf8(pool, name);
        known->function = escape_to_utf8(pool, demangle(pool, name));
        HASH_ADD_KEYPTR(hh, symbols->names, name, length, known);
    }
    return known;
}

static void set_function(struct symbols *symbols, struct stack_frame *frame, const char *name) {
    const struct known_name *known = name ? name_of(symbols, name) : NULL;
    frame->symbol = known ? known->symbol : NULL;
    frame->function = known ? known->function : NULL;
}

static bool has_linkage_name(Dwarf_Die *die) {
    Dwarf_Attribute attribute;
    return dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
           dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute);
}

/* What `die` is an instance or the definition of: that stands where the function was declared. */
static Dwarf_Die declaration_of(Dwarf_Die *die) {
    static const unsigned links[] = {DW_AT_abstract_origin, DW_AT_specification};
    Dwarf_Die declared = *die, next;
    Dwarf_Attribute attribute;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (dwarf_formref_die(dwarf_attr(&declared, links[i], &attribute), &next))
            declared = next;
    return declared;
}

/* What stands before the `::` for a scope; NULL: it has no name of its own. A class without a name that has an
 * operator() is a lambda's. */
static const char *scope_name(Dwarf_Die *scope, const char *inner) {
    const char *name = dwarf_diename(scope);
    switch (dwarf_tag(scope)) {
    case DW_TAG_namespace:
        return name ? name : "(anonymous namespace)";
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
        return name || strcmp(inner, "operator()") != 0 ? name : "{lambda()}";
    case DW_TAG_union_type:
    case DW_TAG_subprogram:
        return name;
    default:
        return NULL;
    }
}

/* gcc gives static functions of C++ no linkage name: namespaces and classes around them say what it would. */
static const char *qualified_name(struct symbol_file *file, Dwarf_Die *die, const char *name) {
    Dwarf_Die declared = declaration_of(die);
    for (const struct nest *nest = unit_nesting_of(&file->units, &declared); nest; nest = nest->outer) {
        Dwarf_Die around = nest->die;
        const char *scope = scope_name(&around, name);
        if (scope)
            name = pool_printf(file->units.pool, "%s::%s", scope, name);
    }
    return name;
}

static const char *die_function(struct symbol_file *file, Dwarf_Die *die) {
    const char *name = tail_calls_symbol(die);
    return !name || has_linkage_name(die) ? name : qualified_name(file, die, name);
}

static struct stack_frame *frame_push(struct symbols *symbols, struct frames *frames, const struct stack_frame *frame) {
    frames->list = pool_grow(&symbols->cache, frames->list, frames->count, &frames->capacity, sizeof *frame);
    frames->list[frames->count] = *frame;
    return &frames->list[frames->count++];
}

/* Where an inlined call stands: the place of the next frame outwards. */
static void set_call_site(struct symbols *symbols, struct stack_frame *frame, Dwarf_Die *call, Dwarf_Die *unit,
                          const char *folder) {
    Dwarf_Die content = unit_content(unit);
    Dwarf_Attribute attribute;
    Dwarf_Word file = 0, line = 0;
    Dwarf_Files *files;
    size_t file_count;
    frame->file = frame->file_short = NULL;
    frame->line = 0;
    if (dwarf_formudata(dwarf_attr(call, DW_AT_call_file, &attribute), &file) ||
        dwarf_getsrcfiles(&content, &files, &file_count) || file >= file_count)
        return;
    dwarf_formudata(dwarf_attr(call, DW_AT_call_line, &attribute), &line);
    set_source(symbols, frame, dwarf_filesrc(files, file, NULL, NULL), folder, (int)line);
}

/* From the innermost scope at `address` outwards: a frame for every inlined call, then the function that has the code.
 *
 * returns  false if there is no such function in the debug information: nothing was added */
static bool push_scopes(struct symbols *symbols, struct symbol_file *file, Dwarf_Addr address, struct stack_frame frame,
                        struct frames *frames) {
    Dwarf_Addr bias;
    Dwarf_Die *unit = unit_at(&file->units, address, &bias);
    Dwarf_Attribute attribute;
    if (!unit)
        return false;
    const char *folder = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
    bool found = false;
    for (const struct scope *scope = unit_scopes_at(&file->units, unit, address - bias); scope && !found;
         scope = scope->outer) {
        Dwarf_Die call = scope->die;
        if (!is_call(&call))
            continue;
        found = dwarf_tag(&call) != DW_TAG_inlined_subroutine;
        frame.inlined = !found;
        set_function(symbols, &frame, die_function(file, &call));
        frame_push(symbols, frames, &frame);
        if (!found)
            set_call_site(symbols, &frame, &call, unit, folder);
    }
    return found;
}

/* ---- one address ---- */

static void symbol_function(struct symbols *symbols, struct symbol_file *file, Dwarf_Addr address,
                            struct stack_frame *frame) {
    set_function(symbols, frame, symbol_table_find(&file->symbols, address).name);
}

static void set_line(struct symbols *symbols, struct symbol_file *file, Dwarf_Addr address, struct stack_frame *frame) {
    Dwarf_Addr bias;
    Dwarf_Attribute attribute;
    Dwarf_Die *unit = unit_at(&file->units, address, &bias);
    Dwarf_Line *line = unit ? dwarf_getsrc_die(unit, address - bias) : NULL;
    int number = 0;
    if (!line)
        return;
    dwarf_lineno(line, &number);
    set_source(symbols, frame, dwarf_linesrc(line, NULL, NULL),
               dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute)), number);
}

static void resolve_frame(struct symbols *symbols, const struct address *recorded, struct frames *frames) {
    struct symbol_file *file = recorded->file;
    struct stack_frame frame = {.offset = recorded->offset};
    if (!file) {
        frame_push(symbols, frames, &frame);
        return;
    }
    frame.module = file->path;
    frame.build_id = *file->build_id ? file->build_id : NULL;
    frame.in_program = file->is_program;
    if (!file->module) {
        frame_push(symbols, frames, &frame);
        return;
    }
    Dwarf_Addr address = recorded->offset + file->bias - !recorded->exact;
    size_t before = frames->count;
    if (!recorded->name_only)
        set_line(symbols, file, address, &frame);
    if (!recorded->name_only && push_scopes(symbols, file, address, frame, frames)) {
        struct stack_frame *outermost = &frames->list[frames->count - 1];
        if (!outermost->function)
            symbol_function(symbols, file, address, outermost);
    } else {
        frames->count = before;
        symbol_function(symbols, file, address, &frame);
        frame_push(symbols, frames, &frame);
    }
}

static const struct frames *resolved(struct symbols *symbols, const struct address *address) {
    struct resolved_frame *known = NULL;
    HASH_FIND(hh, symbols->resolved, address, sizeof *address, known);
    if (!known) {
        known = pool_alloc(&symbols->cache, sizeof *known);
        known->address = *address;
        resolve_frame(symbols, address, &known->frames);
        HASH_ADD(hh, symbols->resolved, address, sizeof *address, known);
    }
    return &known->frames;
}

/* ---- stacks ---- */

static void push_resolved(struct symbols *symbols, struct frames *frames, const struct address *address) {
    const struct frames *known = resolved(symbols, address);
    for (size_t i = 0; i < known->count; i++)
        frame_push(symbols, frames, &known->list[i]);
}

/* Frames between the one at `outer` and the one that was called from there. */
static void resolve_call(struct symbols *symbols, const struct address *inner, const struct address *outer,
                         struct frames *frames) {
    struct tail_frame missing[TAIL_FRAMES_MAX];
    const struct frames *called = inner ? resolved(symbols, inner) : NULL;
    const char *target = called ? called->list[called->count - 1].symbol : NULL;
    struct symbol_file *called_in = inner ? inner->file : NULL;
    if (!outer->file || !outer->file->module || outer->exact || outer->name_only || (inner && !target))
        return;
    size_t count = tail_calls_missing(&outer->file->tail, outer->offset + outer->file->bias,
                                      called_in ? &called_in->tail : NULL, target, missing);
    for (size_t i = 0; i < count; i++) {
        struct symbol_file *file = missing[i].in == &outer->file->tail ? outer->file : called_in;
        if (!file)
            return;
        struct address address = {.file = file, .offset = missing[i].address - file->bias, .exact = missing[i].exact};
        size_t before = frames->count;
        push_resolved(symbols, frames, &address);
        for (size_t j = before; j < frames->count; j++)
            frames->list[j].put_back = true;
    }
}

/* What starts a program or a thread stands in libc at the end of most stacks, and is shown to nobody. libc's debug
 * information, where it is installed, is compressed: to open it takes longer than all the rest of a small report. */
static void names_suffice(struct address *addresses, size_t count) {
    size_t last = count;
    if (last > 1 && addresses[last - 1].file && addresses[last - 1].file->is_program)
        last--; /* _start */
    size_t own = last;
    while (own > 0 && addresses[own - 1].file && !strncmp(path_base(addresses[own - 1].file->path), "libc.so", 7))
        own--;
    for (size_t i = own; i < last && own > 0; i++)
        addresses[i].name_only = 1;
}

static void push_missing(struct symbols *symbols, struct frames *frames, const struct address *inner,
                         const struct address *outer) {
    struct address between[2] = {inner ? *inner : (struct address){0}, *outer};
    struct resolved_call *known = NULL;
    HASH_FIND(hh, symbols->calls, between, sizeof between, known);
    if (!known) {
        known = pool_alloc(&symbols->cache, sizeof *known);
        memcpy(known->between, between, sizeof between);
        resolve_call(symbols, inner, outer, &known->frames);
        HASH_ADD(hh, symbols->calls, between, sizeof between, known);
    }
    for (size_t i = 0; i < known->frames.count; i++)
        frame_push(symbols, frames, &known->frames.list[i]);
}

/* Many stacks are kept: none with room to grow. */
static struct frames without_room(struct symbols *symbols, const struct frames *frames) {
    struct frames copy = {pool_array(&symbols->cache, frames->count, sizeof *copy.list), frames->count, frames->count};
    if (frames->count)
        memcpy(copy.list, frames->list, frames->count * sizeof *copy.list);
    return copy;
}

static void resolve_stack(struct symbols *symbols, const struct address *addresses, size_t count, struct stack *stack) {
    symbols->scratch.count = 0;
    for (size_t i = 0; i < count; i++) {
        push_missing(symbols, &symbols->scratch, i ? &addresses[i - 1] : NULL, &addresses[i]);
        push_resolved(symbols, &symbols->scratch, &addresses[i]);
    }
    struct frames frames = without_room(symbols, &symbols->scratch);
    frames.count = hide_stubs(frames.list, frames.count);
    size_t hidden = hide_count(frames.list, frames.count);
    stack->frames = frames.list + hidden;
    stack->frame_count = frames.count - hidden;
    stack->named_count = hide_above_main(stack->frames, stack->frame_count);
    stack->allocator = hidden ? &frames.list[hidden - 1] : NULL;
    stack->memo = pool_alloc(&symbols->cache, sizeof *stack->memo);
}

static void addresses_of(struct symbols *symbols, const struct rec_site *site, struct address *addresses) {
    for (size_t i = 0; i < site->frame_count; i++)
        addresses[i] = (struct address){.file = file_of(symbols, site->frames[i].module),
                                        .offset = site->frames[i].offset,
                                        .exact = site->frames[i].exact};
    names_suffice(addresses, site->frame_count);
}

const struct stack *symbols_stack(struct symbols *symbols, struct rec_site *site) {
    struct address addresses[CAST_FRAMES_MAX];
    struct resolved_stack *known = NULL;
    if (!site || !site->frame_count)
        return symbols->empty;
    if (site->stack)
        return site->stack;
    addresses_of(symbols, site, addresses);
    size_t key_bytes = site->frame_count * sizeof *addresses;
    HASH_FIND(hh, symbols->stacks, addresses, key_bytes, known);
    if (!known) {
        known = pool_alloc(&symbols->cache, sizeof *known);
        known->addresses = memcpy(pool_alloc(&symbols->cache, key_bytes), addresses, key_bytes);
        resolve_stack(symbols, addresses, site->frame_count, &known->stack);
        HASH_ADD_KEYPTR(hh, symbols->stacks, known->addresses, key_bytes, known);
    }
    return site->stack = &known->stack;
}

/* ---- calls ---- */

struct pool *symbols_pool(struct symbols *symbols) {
    return &symbols->cache;
}

struct holders **symbols_holders(struct symbols *symbols) {
    return &symbols->holders;
}

/* The calls that have the code at an address. returns false when visit did */
static bool each_call(struct symbol_file *file, Dwarf_Addr address, members_visit *visit, void *context) {
    Dwarf_Addr bias;
    Dwarf_Die *unit = unit_at(&file->units, address, &bias);
    const struct scope *scope = unit ? unit_scopes_at(&file->units, unit, address - bias) : NULL;
    bool goes_on = true, is_function = false;
    for (; scope && goes_on && !is_function; scope = scope->outer) {
        Dwarf_Die call = scope->die;
        if (!is_call(&call))
            continue;
        is_function = dwarf_tag(&call) != DW_TAG_inlined_subroutine;
        goes_on = visit(context, &call);
    }
    return goes_on;
}

void symbols_each_call(struct symbols *symbols, struct rec_site *site, members_visit *visit, void *context) {
    struct address addresses[CAST_FRAMES_MAX];
    bool goes_on = true;
    addresses_of(symbols, site, addresses);
    for (size_t i = 0; i < site->frame_count && goes_on && !addresses[i].name_only; i++) {
        struct symbol_file *file = addresses[i].file;
        if (file && file->module)
            goes_on = each_call(file, addresses[i].offset + file->bias - !addresses[i].exact, visit, context);
    }
}

/* ---- the whole ---- */

static void start(struct symbols *symbols) {
    struct stack *empty = pool_alloc(&symbols->cache, sizeof *empty);
    empty->memo = pool_alloc(&symbols->cache, sizeof *empty->memo);
    symbols->empty = empty;
    symbols->scratch = (struct frames){0};
}

/* A symbol before the address that does not reach it is another variable, or a mark of the linker's. */
const char *symbols_variable(struct symbols *symbols, struct rec_module *module, uint64_t offset, uint64_t *inside) {
    struct symbol_file *file = file_of(symbols, module);
    if (!file->module)
        return NULL;
    struct symbol_at variable = symbol_table_find(&file->symbols, offset + file->bias);
    if (!variable.name || variable.from_start >= variable.size_bytes)
        return NULL;
    *inside = variable.from_start;
    return escape_to_utf8(&symbols->cache, demangle(&symbols->cache, variable.name));
}

struct symbols *symbols_open(struct pool *pool) {
    struct symbols *symbols = pool_alloc(pool, sizeof *symbols);
    start(symbols);
    return symbols;
}

size_t symbols_unread(const struct symbols *symbols) {
    size_t unread = symbols->unread;
    for (const struct symbol_file *file = symbols->files; file; file = file->hh.next)
        unread += file->units.debug.file.lacks_room;
    return unread;
}

void symbols_close(struct symbols *symbols) {
    struct symbol_file *file = NULL, *next = NULL;
    HASH_ITER (hh, symbols->files, file, next) {
        tail_calls_close(&file->tail);
        unit_close(&file->units);
        symbol_table_close(&file->symbols);
        if (file->dwfl)
            dwfl_end(file->dwfl);
    }
    HASH_CLEAR(hh, symbols->files);
    HASH_CLEAR(hh, symbols->resolved);
    HASH_CLEAR(hh, symbols->calls);
    HASH_CLEAR(hh, symbols->stacks);
    HASH_CLEAR(hh, symbols->names);
    members_forget(&symbols->holders);
    pool_free(&symbols->cache);
}

void symbols_trim(struct symbols *symbols) {
    if (symbols->cache.held_bytes < CACHE_BYTES_MAX && HASH_COUNT(symbols->files) < FILES_MAX)
        return;
    symbols->unread = symbols_unread(symbols);
    symbols_close(symbols);
    start(symbols);
}
