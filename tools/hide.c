/* hide.c - which frames say only "memory was allocated", or that castaway was told of something.
 *
 * Never: hides a whole stack: of one that is all allocator the outermost frame stays.
 * Start: hide_count(). */
#include "hide.h"

#include "list.h"

#include <string.h>

/* Everything in these is the allocator's. */
static const char *const hidden_modules[] = {"libcastaway.so", "libjemalloc.so", "libtcmalloc", "libmimalloc"};

/* Of these only the allocation functions are. */
static const char *const libraries[] = {"libc.so", "libc-", "libstdc++.so", "libc++.so", "libc++abi.so", "ld-linux"};
static const char *const functions[] = {
    "malloc",          "calloc",        "realloc",        "reallocarray",     "posix_memalign", "aligned_alloc",
    "memalign",        "valloc",        "pvalloc",        "__libc_malloc",    "__libc_calloc",  "__libc_realloc",
    "__libc_memalign", "__libc_valloc", "__libc_pvalloc", "__posix_memalign", "_int_malloc",    "_int_realloc",
};

/* Hidden wherever they are: a program can hold them itself, linked in from libstdc++. */
static const char *const operators[] = {"operator new", "operator new[]"};

/* The inline functions of castaway.h, wherever they are: they stand for the call that they are in. */
static const char *const announcements[] = {"castaway_ref", "castaway_unref", "castaway_weak", "castaway_pool_alloc"};

static bool starts_one_of(const char *name, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!strncmp(name, list[i], strlen(list[i])))
            return true;
    return false;
}

static bool is_operator_new(const char *function) {
    size_t length = strcspn(function, "(");
    for (size_t i = 0; i < COUNT(operators); i++)
        if (strlen(operators[i]) == length && !strncmp(function, operators[i], length))
            return true;
    return false;
}

static bool is_hidden(const struct stack_frame *frame) {
    const char *module = frame->module ? path_base(frame->module) : "";
    if (starts_one_of(module, hidden_modules, COUNT(hidden_modules)))
        return true;
    if (!frame->function)
        return false;
    if (is_operator_new(frame->function) || list_has(announcements, COUNT(announcements), frame->function))
        return true;
    return starts_one_of(module, libraries, COUNT(libraries)) && list_has(functions, COUNT(functions), frame->function);
}

size_t hide_count(const struct stack_frame *frames, size_t count) {
    size_t hidden = 0;
    while (hidden + 1 < count && is_hidden(&frames[hidden]))
        hidden++;
    return hidden;
}

/* A counted function that returns a reference is called through one of ours. */
size_t hide_stubs(struct stack_frame *frames, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!frames[i].function || strcmp(frames[i].function, "castaway_stub_enter") != 0)
            frames[kept++] = frames[i];
    return kept;
}

/* Where libc calls main: the frame itself, and without libc's debug info the nameless one of its helper before it. */
size_t hide_above_main(const struct stack_frame *frames, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *module = frames[i].module ? path_base(frames[i].module) : "";
        if (!frames[i].function || strncmp(module, "libc.so", 7) != 0)
            continue;
        if (!strcmp(frames[i].function, "__libc_start_call_main"))
            return i ? i : count;
        if (strncmp(frames[i].function, "__libc_start_main", 17) != 0)
            continue;
        int helper =
            i > 1 && !frames[i - 1].function && frames[i - 1].module && !strcmp(frames[i - 1].module, frames[i].module);
        return i > (size_t)helper ? i - (size_t)helper : count;
    }
    return count;
}
