/* root_name.c - see the header.
 *
 * Owns:    nothing.
 * Never:   resolves a symbol: a variable is told by its module and offset, and named by the tool.
 * Runs in: snapshot child.
 * Start:   root_name(). */
#include "root_name.h"

#include <errno.h>
#include <string.h>

#include "lock.h"
#include "module.h"
#include "pages.h"
#include "proc.h"

enum { NAME_BYTES = 64 };

/* The thread's name, as the program (not the child) has it. */
static int thread_name(struct cast_root *out, const struct scan_input *in, struct arena *arena) {
    char path[64] = "/proc/", *end = path + 6;
    struct proc_reader *reader = arena_alloc(arena, 1, sizeof *reader);
    char *name = arena_alloc(arena, 1, NAME_BYTES);
    if (!reader || !name)
        return -ENOMEM;
    end += proc_decimal(in->pid, end);
    memcpy(end, "/task/", 6);
    end += 6;
    end += proc_decimal(out->tid, end);
    memcpy(end, "/comm", 6);
    if (proc_open(reader, path) == 0) {
        if (proc_line(reader, name, NAME_BYTES))
            out->name = name;
        proc_close(reader);
    }
    return 0;
}

/* The thread on whose stack the word stands: the one whose stack pointer is the nearest below it in the same mapping. */
static int name_stack(struct cast_root *out, const struct scan_input *in, const struct mapping *mapping,
                      uintptr_t word) {
    uintptr_t nearest = in->here && in->here->sp >= mapping->lo && in->here->sp <= word ? in->here->sp : 0;
    if (nearest)
        out->tid = in->pid;
    for (size_t i = 0; i < in->stopped->count; i++) {
        const struct stopped_thread *thread = &in->stopped->threads[i];
        if (thread->state != STOP_HELD)
            continue;
        uintptr_t sp = arch_context_sp(thread->context) - ARCH_RED_ZONE_BYTES;
        if (sp < mapping->lo || sp > word || sp < nearest)
            continue;
        nearest = sp;
        out->tid = thread->tid;
    }
    if (!nearest)
        return 0;
    out->kind = "stack";
    out->offset = word - nearest;
    return 1;
}

static int name_module(struct cast_root *out, uintptr_t word) {
    lock_take(LOCK_SITE);
    unsigned module = module_of_locked(word);
    lock_release(LOCK_SITE);
    if (module == MODULE_NONE)
        return 0;
    size_t count;
    const struct module *table = module_table(&count);
    out->kind = "module";
    out->module = module;
    out->offset = word - table[module].bias;
    return 1;
}

int root_name(struct cast_root *out, const struct scan_input *in, struct search *search, const struct path *path) {
    *out = (struct cast_root){.kind = "registers", .module = UINT32_MAX};
    if (path->step_count == 0)
        return 0;
    if (path->root == search->roots.count) {
        out->kind = "ignored";
        return 0;
    }
    uintptr_t word = path->root_word;
    if (name_module(out, word))
        return 0;
    const struct mapping *mapping = maps_find(&search->maps, word);
    if (!mapping)
        return 0;
    if (name_stack(out, in, mapping, word))
        return thread_name(out, in, search->arena);
    if (!pages_are_ours(word)) {
        out->kind = "mapping";
        out->name = mapping->path;
        out->offset = word - mapping->lo;
    }
    return 0;
}
