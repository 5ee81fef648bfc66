/* label.c - a name for an object, from the name of its maker.
 *
 * Start: label_cycle(). */
#include "label.h"

#include "demangle.h"
#include "hash.h"
#include "list.h"

#include <string.h>
#include <strings.h>

static const char *const prefixes[] = {"new_", "create_", "make_", "alloc_", "init_", "build_", "add_", "open_"};
static const char *const suffixes[] = {"_new", "_create", "_alloc", "_make", "_init",     "_build", "_open",  "_ctor",
                                       "_dup", "_clone",  "_copy",  "_add",  "_new_full", "New",    "Create", "Alloc"};
/* Of a method these say nothing about the object; its class does. */
static const char *const makers[] = {"new", "create", "make", "alloc", "init", "build", "open", "clone", "copy"};

static bool is_maker(const char *name) {
    for (size_t i = 0; i < COUNT(makers); i++)
        if (!strcasecmp(name, makers[i]))
            return true;
    return false;
}

static bool ends_with(const char *name, const char *end) {
    size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && !strcasecmp(name + length - end_length, end);
}

/* Frames between an object's maker and the allocator: xmalloc and its kin, and C++'s and Rust's own containers. */
static bool is_plumbing(const char *bare) {
    static const char *const scopes[] = {"std::", "__gnu_cxx::", "boost::", "alloc::", "core::", "hashbrown::"};
    static const char *const ends[] = {"malloc", "calloc", "realloc", "zalloc", "malloc0", "strdup", "memdup"};
    for (size_t i = 0; i < COUNT(scopes); i++)
        if (!strncmp(bare, scopes[i], strlen(scopes[i])))
            return true;
    for (size_t i = 0; i < COUNT(ends); i++)
        if (ends_with(bare, ends[i]))
            return true;
    return false;
}

bool label_is_plumbing(struct pool *pool, const char *function) {
    return is_plumbing(demangle_bare(pool, function));
}

static const char *without_affixes(struct pool *pool, const char *name) {
    for (size_t i = 0; i < COUNT(suffixes); i++) {
        size_t length = strlen(name), suffix = strlen(suffixes[i]);
        if (length > suffix && !strcmp(name + length - suffix, suffixes[i]))
            return pool_strndup(pool, name, length - suffix);
    }
    for (size_t i = 0; i < COUNT(prefixes); i++) {
        size_t prefix = strlen(prefixes[i]);
        if (!strncmp(name, prefixes[i], prefix) && name[prefix])
            return name + prefix;
    }
    return name;
}

/* `a::Node::create` is a Node, `a::node_new` a node. */
static const char *from_function(struct pool *pool, const char *bare) {
    char *path = pool_strdup(pool, bare), *last = path, *before = NULL;
    for (char *at = path; (at = strstr(at, "::"));) {
        *at = '\0';
        before = last;
        last = at += 2;
    }
    return before && *before && is_maker(last) ? before : without_affixes(pool, last);
}

/* `std::make_shared<app::Node, int>` makes a Node. NULL: not a template that names what it makes. */
static const char *from_template(struct pool *pool, const char *function, const char *bare) {
    static const char *const templates[] = {"make_shared", "make_unique", "allocate_shared"};
    const char *name = demangle_short(pool, function), *open = strchr(name, '<');
    const char *colon = strrchr(bare, ':'), *last = colon ? colon + 1 : bare;
    bool names_it = is_maker(last);
    for (size_t i = 0; i < COUNT(templates); i++)
        names_it |= !strcmp(last, templates[i]);
    if (!names_it || !open || name[strlen(name) - 1] != '>')
        return NULL;
    open++;
    if (strlen(bare) != (size_t)(open - name - 1) || strncmp(name, bare, strlen(bare)) != 0)
        return NULL; /* the arguments of a class further out */
    char *type = pool_strndup(pool, open, strcspn(open, "<,>"));
    return *type ? from_function(pool, type) : NULL;
}

/* The maker is the first function that has a frame of its own, or an inlined one before it that is named like a maker:
 * helpers that only wrap malloc() get inlined. */
const char *label_stack(struct pool *pool, const struct stack *stack) {
    const char *fallback = NULL;
    for (size_t i = 0; i < stack->named_count; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        if (!frame->function)
            continue;
        const char *bare = demangle_bare(pool, frame->function);
        const char *label = from_template(pool, frame->function, bare);
        if (label)
            return label;
        label = from_function(pool, bare);
        if (!is_plumbing(bare) && (!frame->inlined || strcmp(label, bare) != 0))
            return label;
        if (!fallback || !is_plumbing(bare))
            fallback = label;
    }
    return fallback ? fallback : "object";
}

struct label_use {
    const char *label;
    size_t uses;
    UT_hash_handle hh;
};

const char **label_cycle(struct pool *pool, const struct report_finding *finding) {
    struct label_use *uses = NULL;
    const char **labels = pool_array(pool, finding->cycle_listed, sizeof *labels);
    for (size_t i = 0; i < finding->cycle_listed; i++) {
        const struct report_entry *entry = &finding->cycle[i];
        const char *label = entry->type ? entry->type : label_stack(pool, entry->stack);
        struct label_use *use = NULL;
        HASH_FIND_STR(uses, label, use);
        if (!use) {
            use = pool_alloc(pool, sizeof *use);
            use->label = label;
            HASH_ADD_KEYPTR(hh, uses, use->label, strlen(use->label), use);
        }
        labels[i] = ++use->uses == 1 ? label : pool_printf(pool, "%s#%zu", label, use->uses);
    }
    HASH_CLEAR(hh, uses);
    return labels;
}
