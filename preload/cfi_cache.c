/* cfi_cache.c - the last few programs of unwind tables, to go on with.
 *
 * Owns:    the programs that were begun.
 * Never:   as cfi.c.
 * Runs in: anywhere, one caller at a time.
 * Start:   cfi_cache_row(). */
#include "cfi_cache.h"

enum { BEGUN_MAX = 8 };

static struct {
    struct begun {
        struct tables tables; /* from equal to first_behind: it stands for no code */
        uintptr_t pc;         /* the program was run for; UINTPTR_MAX: for none */
        struct machine machine;
    } begun[BEGUN_MAX];
    unsigned next;                          /* how many there ever were */
    struct row kept[BEGUN_MAX][STATES_MAX]; /* apart: few programs need it, and its pages */
} learning;

/* libc closes some modules without our hearing of it, and others come to lie there. */
static int are_same(const struct dl_find_object *a, const struct dl_find_object *b) {
    return a->dlfo_map_start == b->dlfo_map_start && a->dlfo_map_end == b->dlfo_map_end &&
           a->dlfo_link_map == b->dlfo_link_map && a->dlfo_eh_frame == b->dlfo_eh_frame;
}

/* The program that was begun for this code, or NULL. What was never used is not looked at: no page may be there yet. */
static struct begun *begun_for(const struct tables *tables, uintptr_t pc) {
    unsigned count = learning.next < BEGUN_MAX ? learning.next : BEGUN_MAX;
    for (struct begun *begun = learning.begun; begun < learning.begun + count; begun++)
        if (pc - begun->tables.from < begun->tables.first_behind - begun->tables.from &&
            are_same(&begun->tables.module, &tables->module))
            return begun;
    return NULL;
}

/* In the place of the one that was begun first. returns CFI_CALLER when *out is what describes the code */
static enum cfi_step begin_for(const struct tables *tables, uintptr_t pc, struct begun **out) {
    unsigned place = learning.next++ % BEGUN_MAX;
    struct begun *begun = *out = &learning.begun[place];
    begun->machine.kept = learning.kept[place];
    begun->tables = *tables;
    begun->pc = UINTPTR_MAX;
    enum cfi_step found = cfi_describe(&begun->tables, pc, &begun->machine.description);
    if (found != CFI_CALLER)
        begun->tables.first_behind = begun->tables.from;
    return found;
}

enum cfi_step cfi_cache_row(uintptr_t pc, const struct machine **out) {
    struct tables tables;
    if (!cfi_find_module(&tables, pc))
        return CFI_NO_TABLE;
    struct begun *begun = begun_for(&tables, pc);
    enum cfi_step found = begun ? CFI_CALLER : begin_for(&tables, pc, &begun);
    if (found != CFI_CALLER)
        return found;
    const struct description *description = &begun->machine.description;
    if (pc - description->lo >= description->hi - description->lo)
        return CFI_NO_TABLE;
    uintptr_t before = begun->pc;
    begun->pc = UINTPTR_MAX;
    if ((pc < before && cfi_begin(&begun->machine) != 0) || cfi_run(&begun->machine, pc) != 0)
        return CFI_FAILED;
    begun->pc = pc;
    *out = &begun->machine;
    return CFI_CALLER;
}

void cfi_cache_forget(void) {
    for (unsigned i = 0; i < BEGUN_MAX; i++)
        learning.begun[i].tables.first_behind = learning.begun[i].tables.from;
}
