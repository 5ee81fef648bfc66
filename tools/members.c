/* members.c - from the function that allocates to a struct, from an offset to a member.
 *
 * Never: guesses: two structs of one size are none.
 * Start: members_at(). */
#include "members.h"

#include "hash.h"
#include "label.h"
#include "recording.h"

#include <dwarf.h>
#include <inttypes.h>
#include <string.h>

enum { NESTING_MAX = 16, CALLS_MAX = 6 };

/* Something whose value points at a struct. */
struct holder {
    uint64_t size_bytes;
    Dwarf_Die type;
    const char *name; /* of the struct */
};
struct holders {
    const void *key; /* libdw's, of the function's entry */
    struct holder *list;
    size_t count, capacity;
    UT_hash_handle hh;
};

struct search {
    struct symbols *symbols;
    uint64_t size_bytes;
    Dwarf_Die found;
    const char *name; /* of the struct; NULL: none yet */
    bool is_ambiguous;
    size_t calls;
};

/* ---- types ---- */

/* What `die` is of, without names and qualifiers that mean the same. returns false: of nothing, as void */
static bool type_of(Dwarf_Die *die, Dwarf_Die *type) {
    Dwarf_Attribute attribute;
    Dwarf_Die next;
    return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attribute), &next) &&
           dwarf_peel_type(&next, type) == 0;
}

static bool is_struct(Dwarf_Die *type) {
    int tag = dwarf_tag(type);
    return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

/* The struct that `die`'s value points at. */
static bool pointed_struct(Dwarf_Die *die, Dwarf_Die *type) {
    Dwarf_Die pointer;
    return type_of(die, &pointer) && dwarf_tag(&pointer) == DW_TAG_pointer_type && type_of(&pointer, type) &&
           is_struct(type);
}

static bool returns_untyped(Dwarf_Die *function) {
    Dwarf_Die pointer, type;
    return type_of(function, &pointer) && dwarf_tag(&pointer) == DW_TAG_pointer_type && !type_of(&pointer, &type);
}

/* Of a typedef of a struct without a name, the typedef's. */
static const char *struct_name(Dwarf_Die *holder, Dwarf_Die *type) {
    Dwarf_Attribute attribute;
    Dwarf_Die pointer, named;
    const char *name = dwarf_diename(type);
    if (name || !type_of(holder, &pointer))
        return name;
    return dwarf_formref_die(dwarf_attr(&pointer, DW_AT_type, &attribute), &named) ? dwarf_diename(&named) : NULL;
}

/* ---- candidates ---- */

static void add(struct pool *pool, struct holders *holders, Dwarf_Die *holder) {
    Dwarf_Die type;
    const char *name = pointed_struct(holder, &type) && dwarf_bytesize(&type) >= 0 ? struct_name(holder, &type) : NULL;
    if (!name)
        return;
    holders->list = pool_grow(pool, holders->list, holders->count, &holders->capacity, sizeof *holders->list);
    holders->list[holders->count++] = (struct holder){(uint64_t)dwarf_bytesize(&type), type, name};
}

static void add_variables(struct pool *pool, struct holders *holders, Dwarf_Die *scope, int nesting) {
    Dwarf_Die child;
    if (nesting > NESTING_MAX || dwarf_child(scope, &child))
        return;
    do {
        int tag = dwarf_tag(&child);
        if (tag == DW_TAG_variable)
            add(pool, holders, &child);
        else if (tag == DW_TAG_lexical_block)
            add_variables(pool, holders, &child, nesting + 1);
    } while (dwarf_siblingof(&child, &child) == 0);
}

/* Of a function: what it returns, and its variables. */
static const struct holders *holders_of(struct symbols *symbols, Dwarf_Die *function) {
    struct holders **all = symbols_holders(symbols), *holders = NULL;
    HASH_FIND_PTR(*all, &function->addr, holders);
    if (holders)
        return holders;
    holders = pool_alloc(symbols_pool(symbols), sizeof *holders);
    holders->key = function->addr;
    add(symbols_pool(symbols), holders, function);
    add_variables(symbols_pool(symbols), holders, function, 0);
    HASH_ADD_PTR(*all, key, holders);
    return holders;
}

void members_forget(struct holders **all) {
    HASH_CLEAR(hh, *all);
}

static void propose(struct search *search, const struct holder *holder) {
    if (holder->size_bytes != search->size_bytes)
        return;
    search->is_ambiguous |= search->name && strcmp(search->name, holder->name) != 0;
    search->name = holder->name;
    search->found = holder->type;
}

static bool visit(void *context, Dwarf_Die *function) {
    struct search *search = context;
    const char *name = dwarf_diename(function);
    bool is_wrapper = returns_untyped(function) || (name && label_is_plumbing(symbols_pool(search->symbols), name));
    const struct holders *holders = holders_of(search->symbols, function);
    for (size_t i = 0; i < holders->count; i++)
        propose(search, &holders->list[i]);
    return !search->name && is_wrapper && ++search->calls < CALLS_MAX;
}

/* ---- members ---- */

/* The member of `type` that contains `offset`, which becomes the offset in it. */
static bool member_around(Dwarf_Die *type, uint64_t *offset, Dwarf_Die *member) {
    if (dwarf_child(type, member))
        return false;
    do {
        Dwarf_Attribute attribute;
        Dwarf_Word begins = 0, bytes;
        Dwarf_Die of;
        if (dwarf_tag(member) != DW_TAG_member || !type_of(member, &of) || dwarf_aggregate_size(&of, &bytes))
            continue;
        dwarf_formudata(dwarf_attr(member, DW_AT_data_member_location, &attribute), &begins);
        if (*offset < begins || *offset - begins >= bytes)
            continue;
        *offset -= begins;
        return true;
    } while (dwarf_siblingof(member, member) == 0);
    return false;
}

/* In an array, the place; `type` becomes that of its elements. */
static const char *enter_array(struct pool *pool, const char *path, Dwarf_Die *type, uint64_t *offset) {
    Dwarf_Die element;
    Dwarf_Word bytes;
    if (!type_of(type, &element) || dwarf_aggregate_size(&element, &bytes) || !bytes)
        return NULL;
    path = pool_printf(pool, "%s[%" PRIu64 "]", path, *offset / bytes);
    *offset %= bytes;
    *type = element;
    return path;
}

/* Down to the pointer; what ends elsewhere is no member that holds one. */
static const char *member_path(struct pool *pool, Dwarf_Die type, uint64_t offset) {
    const char *path = "";
    for (int nesting = 0; path && nesting < NESTING_MAX; nesting++) {
        Dwarf_Die member;
        if (dwarf_tag(&type) == DW_TAG_array_type) {
            path = enter_array(pool, path, &type, &offset);
            continue;
        }
        if (!is_struct(&type))
            return dwarf_tag(&type) == DW_TAG_pointer_type && !offset && *path ? path : NULL;
        if (!member_around(&type, &offset, &member))
            return NULL;
        const char *name = dwarf_diename(&member);
        if (name)
            path = *path ? pool_printf(pool, "%s.%s", path, name) : pool_strdup(pool, name);
        if (!type_of(&member, &type))
            return NULL;
    }
    return NULL;
}

/* ---- allocations ---- */

struct known_struct {
    uint64_t size_bytes;
    const char *name; /* NULL: none, or more than one */
    Dwarf_Die type;
    struct known_struct *next;
};

/* Recordings of one program ask for the same ones again and again. */
static const struct known_struct *struct_of(struct symbols *symbols, struct rec_site *site, uint64_t size_bytes) {
    struct stack_memo *memo = symbols_stack(symbols, site)->memo;
    struct pool *pool = symbols_pool(symbols);
    for (struct known_struct *known = memo->structs; known; known = known->next)
        if (known->size_bytes == size_bytes)
            return known;
    struct search search = {.symbols = symbols, .size_bytes = size_bytes};
    struct known_struct *known = pool_alloc(pool, sizeof *known);
    symbols_each_call(symbols, site, visit, &search);
    *known = (struct known_struct){.size_bytes = size_bytes, .type = search.found, .next = memo->structs};
    if (search.name && !search.is_ambiguous)
        known->name = pool_strdup(pool, search.name);
    return memo->structs = known;
}

struct members members_at(struct symbols *symbols, struct rec_site *site, uint64_t size_bytes, uint64_t offset,
                          struct pool *pool) {
    const struct known_struct *known =
        site && site->frame_count && size_bytes ? struct_of(symbols, site, size_bytes) : NULL;
    if (!known || !known->name)
        return (struct members){0};
    return (struct members){pool_strdup(pool, known->name), member_path(pool, known->type, offset)};
}
