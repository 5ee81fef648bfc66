/* demangle.c - C++ and Rust's own scheme (by libiberty, which takes no time to load, as libstdc++ does), and Rust's older
 * one, which is C++'s with escapes and a hash.
 *
 * Start: demangle(). */
#include "demangle.h"

#include <ctype.h>
#include <libiberty/demangle.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A mangled name that expands beyond reason (names are hostile, and demanglers recurse). */
enum { MANGLED_MAX = 4096 };

static const struct {
    const char *escape, *meaning;
} rust_escapes[] = {
    {"$SP$", "@"},  {"$BP$", "*"},  {"$RF$", "&"},  {"$LT$", "<"},  {"$GT$", ">"},  {"$LP$", "("},
    {"$RP$", ")"},  {"$C$", ","},   {"..", "::"},   {"$u20$", " "}, {"$u27$", "'"}, {"$u5b$", "["},
    {"$u5d$", "]"}, {"$u7b$", "{"}, {"$u7d$", "}"}, {"$u7e$", "~"}, {"$u3b$", ";"}, {"$u2b$", "+"},
};

/* Rust ends each path with ::h and 16 hex digits of a hash. */
static size_t without_rust_hash(const char *name) {
    size_t length = strlen(name);
    if (length < 20 || strncmp(name + length - 19, "::h", 3) != 0)
        return 0;
    for (const char *digit = name + length - 16; *digit; digit++)
        if (!isxdigit((unsigned char)*digit))
            return 0;
    return length - 19;
}

static const char *rust_plain(struct pool *pool, const char *name, size_t length) {
    char *plain = pool_alloc(pool, length * 2 + 1), *to = plain;
    const char *from = name;
    while (from < name + length) {
        size_t i = 0, count = sizeof rust_escapes / sizeof *rust_escapes;
        if (*from == '_' && from[1] == '$' && (from == name || from[-1] == ':')) {
            from++; /* protects a $ at the start of a part */
            continue;
        }
        while (i < count && strncmp(from, rust_escapes[i].escape, strlen(rust_escapes[i].escape)) != 0)
            i++;
        if (i < count) {
            to = stpcpy(to, rust_escapes[i].meaning);
            from += strlen(rust_escapes[i].escape);
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return plain;
}

/* The length of `symbol` without version and without the suffixes of cloned or split functions. */
static size_t without_suffix(const char *symbol) {
    static const char *const suffixes[] = {".constprop.", ".isra.", ".part.", ".cold", ".lto_priv.", ".llvm.", "@"};
    size_t length = strlen(symbol);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        const char *at = *symbol ? strstr(symbol + 1, suffixes[i]) : NULL;
        if (at && (size_t)(at - symbol) < length)
            length = (size_t)(at - symbol);
    }
    return length;
}

const char *demangle(struct pool *pool, const char *symbol) {
    const char *plain = pool_strndup(pool, symbol, without_suffix(symbol));
    bool is_rust = !strncmp(plain, "_R", 2);
    if ((!is_rust && strncmp(plain, "_Z", 2) != 0) || strlen(plain) > MANGLED_MAX)
        return plain;
    char *name = is_rust ? rust_demangle(plain, 0) : cplus_demangle_v3(plain, DMGL_PARAMS | DMGL_TYPES);
    if (!name)
        return plain;
    size_t rust = without_rust_hash(name);
    const char *kept = rust ? rust_plain(pool, name, rust) : pool_strdup(pool, name);
    free(name);
    return kept;
}

/* ---- shorter forms ---- */

static bool starts_operator(const char *at, const char *name) {
    return !strncmp(at, "operator", 8) && (at == name || !(isalnum((unsigned char)at[-1]) || at[-1] == '_'));
}

/* The end of an operator's own name, which may be made of brackets: operator(), operator<<, operator->. */
static const char *after_operator(const char *at) {
    at += 8;
    if (!strncmp(at, "()", 2))
        return at + 2;
    return at + strspn(at, "<>=-!+*/%^&|~[],");
}

/* The end of a lambda's own name, {lambda(int)#1}; `at` where there is none. */
static const char *after_lambda(const char *at) {
    const char *end = strncmp(at, "{lambda(", 8) ? NULL : strchr(at, '}');
    return end ? end + 1 : at;
}

/* The parameters at `at` may be those of a function around a lambda: the name goes on behind them and their `const`.
 * returns  where, or NULL: it ends here */
static const char *after_parameters(const char *at) {
    for (int nesting = 0; *at && (nesting || *at == '('); at++) {
        nesting += *at == '(';
        nesting -= *at == ')';
    }
    const char *next = strstr(at, "::");
    bool goes_on = next && (!strncmp(next, "::{lambda(", 10) || !strncmp(next, "::$_", 4));
    return goes_on && strspn(at, " const&") >= (size_t)(next - at) ? next : NULL;
}

/* One walk over `name` that keeps track of brackets: start and end of the qualified name, and whether to keep what
 * stands in angle brackets. */
static const char *shorten(struct pool *pool, const char *name, bool keep_arguments) {
    char *shorter = pool_alloc(pool, strlen(name) + 1), *to = shorter, *start = shorter;
    int angle = 0;
    bool is_operator = false;
    for (const char *at = name; *at; at++) {
        static const char anonymous[] = "(anonymous namespace)";
        if (!angle && starts_operator(at, name)) {
            const char *end = after_operator(at);
            to = mempcpy(to, at, (size_t)(end - at));
            at = end - 1;
            is_operator = true;
        } else if (!strncmp(at, anonymous, sizeof anonymous - 1)) {
            if (!angle || keep_arguments)
                to = mempcpy(to, at, sizeof anonymous - 1);
            at += sizeof anonymous - 2;
        } else if (!angle && after_lambda(at) > at) {
            to = mempcpy(to, at, (size_t)(after_lambda(at) - at));
            at = after_lambda(at) - 1;
        } else if (*at == '(' && !angle && to > start && to[-1] != ':') {
            const char *next = after_parameters(at);
            if (!next)
                break;
            at = next - 1;
        } else if (*at == ' ' && !angle && !is_operator) {
            to = start; /* what came before was the return type */
        } else {
            angle -= *at == '>' && at > name && at[-1] != '-';
            if (!keep_arguments && !angle && *at == '<' && to > start + 2 && !strncmp(to - 2, "::", 2))
                to -= 2; /* Rust's lang_start::<()> */
            if (!angle || keep_arguments) {
                bool hidden = !keep_arguments && (*at == '<' || *at == '>');
                if (!hidden)
                    *to++ = *at;
            }
            angle += *at == '<';
            if (angle < 0)
                angle = 0;
        }
    }
    *to = '\0';
    return *start ? start : name;
}

const char *demangle_short(struct pool *pool, const char *name) {
    return strpbrk(name, "( ") ? shorten(pool, name, true) : name;
}

/* Rust's methods are named <Type>::method and <Type as Trait>::method: Type::method; Trait::method of a type like fn(). */
static const char *without_trait(struct pool *pool, const char *name) {
    size_t close = 1, type = 0;
    for (int angle = 1; name[close] && angle; close++) {
        angle += name[close] == '<';
        angle -= name[close] == '>' && name[close - 1] != '-';
        if (angle == 1 && !type && !strncmp(name + close, " as ", 4))
            type = close - 1;
    }
    if (strncmp(name + close, "::", 2) != 0)
        return name;
    size_t from = 1, to = type ? type + 1 : close - 1;
    if (type && memchr(name, '(', to))
        from = to + sizeof " as " - 1, to = close - 1;
    return pool_printf(pool, "%.*s%s", (int)(to - from), name + from, name + close);
}

const char *demangle_bare(struct pool *pool, const char *name) {
    if (*name == '<')
        name = without_trait(pool, name);
    return strpbrk(name, "( <") ? shorten(pool, name, false) : name;
}

const char *demangle_exported(const char *function) {
    if (!strncmp(function, "__GI_", 5))
        function += 5;
    while (*function == '_' && function[1] == '_')
        function += 2;
    return function;
}
