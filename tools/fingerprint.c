/* fingerprint.c - FNV-1a over what names a finding.
 *
 * What differs between two builds of one source is left out or made equal: see mix_frame() and is_counted().
 * Start: fingerprint_set(). */
#include "fingerprint.h"

#include "analysis/cycle.h"
#include "breaks.h"
#include "demangle.h"
#include "symbols.h"

#include <ctype.h>

#include <stdlib.h>
#include <string.h>

/* EXACT also tells two calls in one function apart: by line, or by offset where no line is known (one line can have
 * several offsets, as in an unrolled loop). */
enum detail { DETAIL_NAME, DETAIL_EXACT };

/* Frames that one compiler has and another has not: they only call the initialisers of global objects. */
static const char *const initialisers[] = {"__static_initialization_and_destruction_0", "_GLOBAL__sub_I_",
                                           "__cxx_global_var_init", "global constructors keyed to "};

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
#define FNV_START 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static uint64_t mix_bytes(uint64_t hash, const void *bytes, size_t count) {
    for (const unsigned char *at = bytes; count--; at++)
        hash = (hash ^ *at) * FNV_PRIME;
    return hash;
}

static uint64_t mix_string(uint64_t hash, const char *string) {
    return mix_bytes(hash, string ? string : "", string ? strlen(string) + 1 : 1);
}

static uint64_t mix_number(uint64_t hash, uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) {
        unsigned char byte = (unsigned char)(number >> shift);
        hash = mix_bytes(hash, &byte, 1);
    }
    return hash;
}

/* ---- frames ---- */

/* `libfoo.so.1.2` is `libfoo.so`. */
static uint64_t mix_library(uint64_t hash, const char *module) {
    const char *base = path_base(module), *version = strstr(base, ".so.");
    size_t length = version ? (size_t)(version - base) + 3 : strlen(base);
    return mix_bytes(mix_bytes(hash, base, length), "", 1);
}

/* The end of a lambda's name at `at`: gcc's `{lambda(int)#2}` or `<lambda(int)>`, clang's `$_1`; NULL: none is there. */
static const char *lambda_end(const char *at) {
    const char *end = at + 2;
    if (!strncmp(at, "{lambda(", 8))
        return (end = strchr(at, '}')) ? end + 1 : NULL;
    if (!strncmp(at, "<lambda(", 8))
        return (end = strstr(at, ")>")) ? end + 2 : NULL;
    if (strncmp(at, "$_", 2) != 0 || !isdigit((unsigned char)*end))
        return NULL;
    while (isdigit((unsigned char)*end))
        end++;
    return end;
}

/* A lambda has no name at all: a function of one is named by what follows, a type that has one by the rest. */
static const char *without_lambdas(struct pool *pool, const char *function) {
    if (!strstr(function, "lambda(") && !strstr(function, "$_"))
        return function;
    char *plain = pool_alloc(pool, strlen(function) + 1), *to = plain;
    int nesting = 0;
    for (const char *at = function; *at;) {
        const char *end = lambda_end(at);
        if (end) {
            to = nesting ? to : plain;
            at = end;
            continue;
        }
        nesting += *at == '<' || *at == '(';
        nesting -= (*at == '>' || *at == ')') && nesting;
        *to++ = *at++;
    }
    *to = '\0';
    return plain;
}

/* Compilers spell types in their own ways, and name static functions without any. */
static uint64_t mix_function(struct pool *pool, uint64_t hash, const char *function) {
    return mix_string(hash, demangle_bare(pool, without_lambdas(pool, function)));
}

/* The program may be built under another name, its code linked from an archive: its source files say where a frame is.
 * Libraries keep their names, and often have no debug information. */
static uint64_t mix_frame(struct pool *pool, uint64_t hash, const struct stack_frame *frame) {
    if (frame->module && frame->in_program)
        hash = mix_string(hash, path_base(frame->file ? frame->file : frame->module));
    else
        hash = frame->module ? mix_library(hash, frame->module) : mix_string(hash, NULL);
    if (!frame->function)
        return frame->module ? mix_number(hash, frame->offset) : hash;
    return mix_function(pool, hash, frame->in_program ? frame->function : demangle_exported(frame->function));
}

static uint64_t mix_place(uint64_t hash, const struct stack_frame *frame) {
    if (frame->line)
        return mix_number(mix_string(hash, path_base(frame->file)), (uint64_t)frame->line);
    return frame->module ? mix_number(hash, frame->offset) : hash;
}

static bool is_initialiser(const char *function) {
    for (size_t i = 0; i < sizeof initialisers / sizeof *initialisers; i++)
        if (!strncmp(function, initialisers[i], strlen(initialisers[i])))
            return true;
    return false;
}

/* A function that the compiler split shows twice: the part that was kept apart, and the rest, inlined into the caller. */
static bool is_split(const struct stack *stack, size_t index) {
    const struct stack_frame *frame = &stack->frames[index], *next = frame + 1;
    return index + 1 < stack->named_count && !frame->inlined && next->inlined && next->function &&
           !strcmp(frame->function, next->function);
}

/* That a library called by jumping is known only when the debug information of its caller tells calls, which it does not
 * without optimisation. */
static bool is_counted(const struct stack *stack, size_t index) {
    const char *function = stack->frames[index].function;
    if (stack->frames[index].put_back && !stack->frames[index].in_program)
        return false;
    return !function || (!is_initialiser(function) && !is_split(stack, index));
}

/* What called main, a thread's first function or an initialiser is libc's: it has names only with its debug information,
 * and other ones in another version. */
static bool is_starter(const struct stack_frame *frame) {
    const char *module = frame->module ? path_base(frame->module) : "";
    return !strncmp(module, "libc.so", 7) || !strncmp(module, "libc-", 5) || !strncmp(module, "libpthread", 10) ||
           !strncmp(module, "ld-linux", 8) || (frame->function && !strcmp(frame->function, "_start"));
}

static size_t frames_to_name(const struct stack *stack) {
    size_t count = stack->named_count;
    while (count > 1 && is_starter(&stack->frames[count - 1]))
        count--;
    return count;
}

static struct stack_memo hash_stack(struct pool *pool, const struct stack *stack) {
    struct stack_memo hashes = {.name = FNV_START, .exact = FNV_START};
    size_t count = frames_to_name(stack);
    for (size_t i = 0; i < count; i++) {
        if (is_counted(stack, i)) {
            hashes.name = mix_frame(pool, hashes.name, &stack->frames[i]);
            hashes.exact = mix_place(mix_frame(pool, hashes.exact, &stack->frames[i]), &stack->frames[i]);
        }
    }
    return hashes;
}

static uint64_t mix_stack(struct pool *pool, uint64_t hash, const struct stack *stack, enum detail detail) {
    if (!stack->memo->hashed) {
        struct stack_memo hashes = hash_stack(pool, stack);
        stack->memo->name = hashes.name;
        stack->memo->exact = hashes.exact;
        stack->memo->hashed = true;
    }
    return mix_number(hash, detail == DETAIL_EXACT ? stack->memo->exact : stack->memo->name);
}

/* ---- cycles ---- */

static uint64_t entry_hash(struct pool *pool, const struct report_entry *entry, enum detail detail) {
    uint64_t hash = mix_stack(pool, FNV_START, entry->stack, detail);
    hash = mix_number(hash, entry->offset);
    if (entry->type)
        hash = mix_string(hash, entry->type);
    return mix_number(hash, entry->target_offset);
}

/* What a cycle is turned by, to be shown: the largest object comes first, as its owner most likely does; then the least
 * offset. */
static uint64_t rotation_key(struct pool *pool, const struct report_entry *entry) {
    uint64_t size = entry->sizes.least < UINT16_MAX ? entry->sizes.least : UINT16_MAX;
    uint64_t offset = entry->offset < UINT16_MAX ? entry->offset : UINT16_MAX;
    return (UINT16_MAX - size) << 48 | offset << 32 | entry_hash(pool, entry, DETAIL_NAME) >> 32;
}

static int compare_parts(const void *a, const void *b) {
    uint64_t left = ((const struct report_part *)a)->name, right = ((const struct report_part *)b)->name;
    return (left > right) - (left < right);
}

/* Which references a cycle is made of, each once: neither their number nor their order counts, for what one place makes
 * may be of any length, and a long cycle is listed in part. `parts` has room for all. */
static size_t parts_of(struct pool *pool, const struct report_finding *finding, enum detail detail,
                       struct report_part *parts) {
    size_t kept = 0;
    for (size_t i = 0; i < finding->cycle_listed; i++) {
        const struct report_entry *entry = &finding->cycle[i];
        parts[i] = (struct report_part){entry_hash(pool, entry, detail), entry->sizes, entry->bytes};
    }
    qsort(parts, finding->cycle_listed, sizeof *parts, compare_parts);
    for (size_t i = 0; i < finding->cycle_listed; i++) {
        struct report_part *last = &parts[kept - (kept > 0)];
        if (kept && last->name == parts[i].name) {
            last->sizes = sizes_of_both(last->sizes, parts[i].sizes);
            last->bytes = count_add(last->bytes, parts[i].bytes);
        } else
            parts[kept++] = parts[i];
    }
    return kept;
}

static uint64_t mix_parts(uint64_t hash, const struct report_finding *finding, const struct report_part *parts,
                          size_t count) {
    for (size_t i = 0; i < count; i++)
        hash = mix_number(hash, parts[i].name);
    return mix_number(hash, finding->cycle_length == 1);
}

/* Each entry learns which part is its own. */
static void find_parts(struct pool *pool, struct report_finding *finding, struct report_entry *entries) {
    for (size_t i = 0; i < finding->cycle_listed; i++) {
        struct report_part key = {.name = entry_hash(pool, &entries[i], DETAIL_EXACT)};
        const struct report_part *part = bsearch(&key, finding->parts, finding->part_count, sizeof key, compare_parts);
        entries[i].part = (size_t)(part - finding->parts);
    }
}

static struct report_entry *copy_entries(struct pool *pool, const struct report_finding *finding, size_t start) {
    struct report_entry *copy = pool_array(pool, finding->cycle_listed, sizeof *copy);
    for (size_t i = 0; i < finding->cycle_listed; i++)
        copy[i] = finding->cycle[(start + i) % finding->cycle_listed];
    return copy;
}

static int compare_places(const void *keys, size_t a, size_t b) {
    const uint64_t *key = keys;
    return (key[a] > key[b]) - (key[a] < key[b]);
}

/* Where the cycle is shown to begin. One that is listed in part begins where its recording begins it. */
static size_t cycle_start(struct pool *pool, const struct report_finding *finding) {
    if (finding->cycle_length != finding->cycle_listed)
        return 0;
    uint64_t *keys = pool_array(pool, finding->cycle_listed, sizeof *keys);
    for (size_t i = 0; i < finding->cycle_listed; i++)
        keys[i] = rotation_key(pool, &finding->cycle[i]);
    return cycle_least_rotation(keys, finding->cycle_listed, compare_places);
}

static void name_cycle(struct pool *pool, struct report_finding *finding, uint64_t start) {
    struct report_part *parts = pool_array(pool, finding->cycle_listed, sizeof *parts);
    size_t begin = cycle_start(pool, finding);
    struct report_entry *entries = copy_entries(pool, finding, begin);
    size_t count = parts_of(pool, finding, DETAIL_NAME, parts);
    finding->fingerprint = mix_parts(start, finding, parts, count);
    finding->part_count = parts_of(pool, finding, DETAIL_EXACT, parts);
    finding->parts = parts;
    finding->identity = mix_parts(start, finding, parts, finding->part_count);
    find_parts(pool, finding, entries);
    finding->cycle = entries;
    breaks_turn(&finding->breaks, begin, finding->cycle_listed);
    finding->stack = entries[0].stack;
}

/* ---- the whole ---- */

void fingerprint_set(struct pool *pool, struct report_finding *finding) {
    uint64_t start = mix_string(FNV_START, kind_word(finding->kind));
    if (finding->kind != KIND_CYCLE) {
        if (finding->type)
            start = mix_string(start, finding->type);
        finding->fingerprint = mix_stack(pool, start, finding->stack, DETAIL_NAME);
        finding->identity = mix_stack(pool, start, finding->stack, DETAIL_EXACT);
        return;
    }
    name_cycle(pool, finding, start);
}

uint64_t fingerprint_again(uint64_t fingerprint, size_t n) {
    return mix_number(fingerprint, n);
}
