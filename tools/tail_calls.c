/* tail_calls.c - a search over functions that end in a jump.
 *
 * Owns:  the index of a module's functions, by name.
 * Start: tail_calls_missing(), then follow(). */
#include "tail_calls.h"

#include "hash.h"
#include "list.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 64, NESTING_MAX = 64 };

struct tail_function {
    const char *name; /* without the compiler's suffixes */
    Dwarf_Addr address;
    struct tail_function *next; /* of the same name: static ones of other files, clones */
    UT_hash_handle hh;
};

/* A call by jump, in the function that is being looked at. */
struct jump {
    Dwarf_Addr address;
    bool exact;
    Dwarf_Die callee;
};
struct jumps {
    struct jump list[16];
    size_t count;
    Dwarf_Addr bias;
};

/* A call that returns. */
struct call {
    Dwarf_Addr returns_to; /* as the function's entry counts */
    size_t number;         /* in the debug information */
    bool has_callee;       /* else it is called through a pointer */
    Dwarf_Die callee;
};
/* Of a function that was asked about before. */
struct calls {
    const void *key;   /* of its entry */
    struct call *list; /* by `returns_to` */
    size_t count, capacity;
    struct jumps jumps;
    UT_hash_handle hh;
};

struct search {
    struct tail_module *modules[2]; /* where functions may be */
    const char *target;
    struct tail_frame path[TAIL_FRAMES_MAX]; /* outermost first */
    size_t depth, steps;
    struct tail_frame found[TAIL_FRAMES_MAX];
    size_t found_depth, ways;
};

/* ---- names ---- */

const char *tail_calls_symbol(Dwarf_Die *die) {
    static const unsigned attributes[] = {DW_AT_linkage_name, DW_AT_MIPS_linkage_name};
    Dwarf_Attribute attribute;
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        const char *name = dwarf_formstring(dwarf_attr_integrate(die, attributes[i], &attribute));
        if (name)
            return name;
    }
    return dwarf_diename(die);
}

/* `node.constprop.0` is a clone of `node`. */
static size_t base_length(const char *name) {
    return strcspn(name, ".@");
}

static bool same_function(const char *a, const char *b) {
    size_t length = base_length(a);
    return length == base_length(b) && !strncmp(a, b, length);
}

static bool is_allocator(const char *name) {
    static const char *const names[] = {"malloc",
                                        "calloc",
                                        "realloc",
                                        "reallocarray",
                                        "memalign",
                                        "valloc",
                                        "aligned_alloc",
                                        "posix_memalign",
                                        "pvalloc",
                                        "_Znwm",
                                        "_Znam",
                                        "_ZnwmRKSt9nothrow_t",
                                        "_ZnamRKSt9nothrow_t",
                                        "_ZnwmSt11align_val_t",
                                        "_ZnamSt11align_val_t"};
    return list_has(names, COUNT(names), name);
}

static bool is_target(const struct search *search, const char *name) {
    return search->target ? same_function(name, search->target) : is_allocator(name);
}

/* ---- functions of a module ---- */

static void add_function(struct tail_module *module, const char *symbol, Dwarf_Addr address) {
    size_t length = base_length(symbol);
    struct tail_function *function = pool_alloc(module->units->pool, sizeof *function), *known = NULL;
    function->address = address;
    HASH_FIND(hh, module->functions, symbol, length, known);
    if (known) {
        function->next = known->next;
        known->next = function;
        return;
    }
    function->name = pool_strndup(module->units->pool, symbol, length);
    HASH_ADD_KEYPTR(hh, module->functions, function->name, length, function);
}

static void index_functions(struct tail_module *module) {
    int count = module->is_indexed || !module->units->module ? 0 : dwfl_module_getsymtab(module->units->module);
    module->is_indexed = true;
    for (int i = 0; i < count; i++) {
        GElf_Sym symbol;
        GElf_Addr address;
        const char *name = dwfl_module_getsym_info(module->units->module, i, &symbol, &address, NULL, NULL, NULL);
        bool is_cold = name && strstr(name, ".cold");
        if (name && *name && !is_cold && GELF_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_shndx != SHN_UNDEF)
            add_function(module, name, address);
    }
}

void tail_calls_close(struct tail_module *module) {
    HASH_CLEAR(hh, module->functions);
    HASH_CLEAR(hh, module->calls);
}

/* The function whose code is at `address`, not what is inlined there. `*bias`: libdwfl's address minus the entry's. */
static bool function_at(struct unit_index *units, Dwarf_Addr address, Dwarf_Die *function, Dwarf_Addr *bias) {
    Dwarf_Die *unit = unit_at(units, address, bias);
    const struct scope *scope = unit ? unit_scopes_at(units, unit, address - *bias) : NULL;
    bool found = false;
    for (; scope && !found; scope = scope->outer) {
        *function = scope->die;
        found = dwarf_tag(function) == DW_TAG_subprogram;
    }
    return found;
}

static bool same_unit(Dwarf_Die *a, Dwarf_Die *b) {
    Dwarf_Die left, right;
    return dwarf_diecu(a, &left, NULL, NULL) && dwarf_diecu(b, &right, NULL, NULL) &&
           dwarf_dieoffset(&left) == dwarf_dieoffset(&right);
}

/* ---- call sites, of DWARF 5 and of GNU before it ---- */

static bool is_call_site(Dwarf_Die *die) {
    int tag = dwarf_tag(die);
    return tag == DW_TAG_call_site || tag == DW_TAG_GNU_call_site;
}

static bool has_flag(Dwarf_Die *die, unsigned name) {
    Dwarf_Attribute attribute;
    bool flag = false;
    return !dwarf_formflag(dwarf_attr(die, name, &attribute), &flag) && flag;
}

static bool get_address(Dwarf_Die *die, unsigned name, Dwarf_Addr *address) {
    Dwarf_Attribute attribute;
    return !dwarf_formaddr(dwarf_attr(die, name, &attribute), address);
}

static bool get_return_address(Dwarf_Die *site, Dwarf_Addr *address) {
    return get_address(site, DW_AT_call_return_pc, address) || get_address(site, DW_AT_low_pc, address);
}

/* false: called through a pointer. */
static bool get_callee(Dwarf_Die *site, Dwarf_Die *callee) {
    Dwarf_Attribute attribute;
    return dwarf_formref_die(dwarf_attr(site, DW_AT_call_origin, &attribute), callee) ||
           dwarf_formref_die(dwarf_attr(site, DW_AT_abstract_origin, &attribute), callee);
}

static void take_jump(struct jumps *jumps, Dwarf_Die *site) {
    struct jump jump = {0};
    if (jumps->count == COUNT(jumps->list) ||
        (!has_flag(site, DW_AT_call_tail_call) && !has_flag(site, DW_AT_GNU_tail_call)))
        return;
    jump.exact = !get_return_address(site, &jump.address);
    if ((jump.exact && !get_address(site, DW_AT_call_pc, &jump.address)) || !get_callee(site, &jump.callee))
        return;
    jump.address += jumps->bias;
    jumps->list[jumps->count++] = jump;
}

static int by_return(const void *a, const void *b) {
    const struct call *left = a, *right = b;
    if (left->returns_to != right->returns_to)
        return left->returns_to > right->returns_to ? 1 : -1;
    return (left->number > right->number) - (left->number < right->number);
}

/* Those of a function, those of what is inlined into it too. */
static void take_calls(struct pool *pool, struct calls *calls, Dwarf_Die *parent, int nesting) {
    Dwarf_Die child;
    if (nesting > NESTING_MAX || dwarf_child(parent, &child))
        return;
    do {
        struct call call = {.number = calls->count};
        if (!is_call_site(&child)) {
            take_calls(pool, calls, &child, nesting + 1);
            continue;
        }
        take_jump(&calls->jumps, &child);
        if (!get_return_address(&child, &call.returns_to))
            continue;
        call.has_callee = get_callee(&child, &call.callee);
        calls->list = pool_grow(pool, calls->list, calls->count, &calls->capacity, sizeof *calls->list);
        calls->list[calls->count++] = call;
    } while (!dwarf_siblingof(&child, &child));
}

/* bias: libdwfl's addresses minus those of the function's entry */
static struct calls *calls_of(struct tail_module *module, Dwarf_Die *function, Dwarf_Addr bias) {
    struct calls *calls = NULL;
    HASH_FIND_PTR(module->calls, &function->addr, calls);
    if (calls)
        return calls;
    calls = pool_alloc(module->units->pool, sizeof *calls);
    calls->key = function->addr;
    calls->jumps.bias = bias;
    take_calls(module->units->pool, calls, function, 0);
    if (calls->count)
        qsort(calls->list, calls->count, sizeof *calls->list, by_return);
    HASH_ADD_PTR(module->calls, key, calls);
    return calls;
}

/* The first one that returns there; NULL: none. */
static struct call *find_call(const struct calls *calls, Dwarf_Addr returns_to) {
    size_t lo = 0, hi = calls->count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (calls->list[middle].returns_to < returns_to)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo < calls->count && calls->list[lo].returns_to == returns_to ? &calls->list[lo] : NULL;
}

/* ---- the search ---- */

static void found_way(struct search *search) {
    if (search->ways++)
        return;
    search->found_depth = search->depth;
    memcpy(search->found, search->path, search->depth * sizeof *search->path);
}

static void follow(struct search *search, Dwarf_Die *callee);

/* Jumps of one function to one other are one way: but then nobody knows which of them it was, and the function's first
 * address stands for all. */
static void follow_jumps(struct search *search, const struct tail_module *in, Dwarf_Addr entry, struct jumps *jumps) {
    for (size_t i = 0; i < jumps->count; i++) {
        struct jump *jump = &jumps->list[i];
        const char *name = tail_calls_symbol(&jump->callee);
        bool seen = false, again = false;
        for (size_t j = 0; name && j < jumps->count; j++) {
            const char *other = j == i ? NULL : tail_calls_symbol(&jumps->list[j].callee);
            bool same = other && same_function(name, other);
            seen |= same && j < i;
            again |= same;
        }
        if (!name || seen)
            continue;
        search->path[search->depth++] =
            (struct tail_frame){.in = in, .address = again ? entry : jump->address, .exact = again || jump->exact};
        if (is_target(search, name))
            found_way(search);
        else
            follow(search, &jump->callee);
        search->depth--;
    }
}

/* The jumps of the function at `entry`. false: it is not the one that `callee` means, or not known. */
static bool jumps_of(struct tail_module *in, Dwarf_Addr entry, Dwarf_Die *callee, struct jumps *jumps) {
    Dwarf_Die function;
    *jumps = (struct jumps){0};
    if (!function_at(in->units, entry, &function, &jumps->bias))
        return false;
    if (!has_flag(callee, DW_AT_external) && !same_unit(&function, callee))
        return false; /* a static function of another file */
    *jumps = calls_of(in, &function, jumps->bias)->jumps;
    return true;
}

static void follow(struct search *search, Dwarf_Die *callee) {
    const char *name = tail_calls_symbol(callee);
    struct tail_function *function = NULL;
    if (!name || search->depth == TAIL_FRAMES_MAX || ++search->steps > STEPS_MAX)
        return;
    for (size_t i = 0; i < 2 && !function; i++) {
        struct tail_module *in = search->modules[i];
        if (!in)
            continue;
        index_functions(in);
        HASH_FIND(hh, in->functions, name, base_length(name), function);
        for (struct tail_function *each = function; each; each = each->next) {
            struct jumps jumps;
            if (jumps_of(in, each->address, callee, &jumps))
                follow_jumps(search, in, each->address, &jumps);
        }
    }
}

/* The only function that `callee` can mean; 0: none, or several. */
static Dwarf_Addr only_function(struct tail_module *in, Dwarf_Die *callee, struct jumps *jumps) {
    const char *name = tail_calls_symbol(callee);
    struct tail_function *function = NULL;
    Dwarf_Addr entry = 0;
    index_functions(in);
    if (name)
        HASH_FIND(hh, in->functions, name, base_length(name), function);
    for (; function; function = function->next) {
        struct jumps own;
        if (!jumps_of(in, function->address, callee, &own))
            continue;
        if (entry)
            return 0;
        entry = function->address;
        *jumps = own;
    }
    return entry;
}

/* clang does not describe calls of malloc. But what was called, and is not on the stack, has jumped; and if it can have
 * jumped to one function only, then that has, too. */
static void follow_certain(struct search *search, struct tail_module *in, Dwarf_Die callee) {
    while (search->found_depth < TAIL_FRAMES_MAX) {
        struct jumps jumps;
        Dwarf_Addr entry = only_function(in, &callee, &jumps);
        if (!entry)
            return;
        bool is_one = jumps.count == 1;
        search->found[search->found_depth++] = (struct tail_frame){
            .in = in, .address = is_one ? jumps.list[0].address : entry, .exact = !is_one || jumps.list[0].exact};
        if (!is_one)
            return;
        callee = jumps.list[0].callee;
    }
}

size_t tail_calls_missing(struct tail_module *outer, Dwarf_Addr returns_to, struct tail_module *inner,
                          const char *target, struct tail_frame missing[TAIL_FRAMES_MAX]) {
    struct search search = {.modules = {outer, inner == outer ? NULL : inner}, .target = target};
    Dwarf_Die function;
    Dwarf_Addr bias;
    if (!function_at(outer->units, returns_to - 1, &function, &bias))
        return 0;
    struct call *call = find_call(calls_of(outer, &function, bias), returns_to - bias);
    if (!call || !call->has_callee)
        return 0;
    const char *called = tail_calls_symbol(&call->callee);
    if (!called || is_target(&search, called))
        return 0;
    follow(&search, &call->callee);
    if (search.ways > 1)
        return 0;
    if (!search.ways && (!target || is_allocator(target)))
        follow_certain(&search, outer, call->callee);
    for (size_t i = 0; i < search.found_depth; i++)
        missing[i] = search.found[search.found_depth - 1 - i];
    return search.found_depth;
}
