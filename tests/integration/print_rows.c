/* print_rows.c - what cfi.c makes of the unwind tables of a library, at each address that is read from standard input:
 * the caller's stack pointer, and where its return address and frame pointer are kept, as readelf writes them.
 *
 * usage: print_rows LIBRARY [on | rules | rules-anew] <ADDRESSES (hexadecimal, from the library's start)
 * on: each step may go on where the last one was
 * rules: the numbers of the rule instead; rules-anew: of one that is learnt by trying it out */
#include "preload/cfi_cache.h"
#include "preload/module.h"
#include "preload/thread.h"
#include "preload/unwind.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

/* learn.c asks these of stacks and of code without a table. */
_Thread_local struct thread_state *thread_self;
void module_span(const void *address, uintptr_t *lo, uintptr_t *hi) {
    (void)address;
    *lo = *hi = 0;
}

#define SP 0x100000000000ul
#define BP 0x200000000000ul
#define MARK (1ul << 62)

/* A word's value is its address, marked: so the step tells what it read. */
static int read_own_address(void *unused, uintptr_t address, uintptr_t *word) {
    (void)unused;
    *word = address + MARK;
    return 0;
}

typedef enum cfi_step step_by_tables(struct cfi_frame *frame, cfi_read_cb *read, void *context);

static enum cfi_step step_on(struct cfi_frame *frame, cfi_read_cb *read, void *context) {
    const struct machine *machine;
    enum cfi_step step = cfi_cache_row(frame->pc, &machine);
    return step == CFI_CALLER ? cfi_apply(machine, frame, read, context) : step;
}

static void print_row(step_by_tables *step, uintptr_t base, uintptr_t at) {
    struct cfi_frame frame = {.pc = base + at, .exact = 1};
    frame.reg[CFI_SP] = SP;
    frame.reg[CFI_BP] = BP;
    if (step(&frame, read_own_address, NULL) != CFI_CALLER) {
        printf("%lx none\n", at);
        return;
    }
    uintptr_t cfa = frame.reg[CFI_SP], bp = frame.reg[CFI_BP];
    int by_sp = cfa - SP + (1ul << 32) < 1ul << 33;
    printf("%lx %s%+ld ", at, by_sp ? "rsp" : "rbp", (long)(cfa - (by_sp ? SP : BP)));
    if (bp == BP)
        printf("u ");
    else
        printf("c%+ld ", (long)(bp - MARK - cfa));
    printf("c%+ld\n", (long)(frame.pc - MARK - cfa));
}

typedef void learn_cb(uintptr_t pc, int exact, struct rule *rule);

static void print_rule(learn_cb *learn, uintptr_t base, uintptr_t at) {
    struct rule rule;
    learn(base + at, 1, &rule);
    printf("%lx %d %d %d %d %d %d\n", at, rule.kind, rule.cfa_offset, rule.cfa_add, rule.ra_offset, rule.bp_offset,
           rule.flags);
}

int main(int count, char **words) {
    const char *mode = count == 3 ? words[2] : "";
    step_by_tables *step = strcmp(mode, "on") == 0 ? step_on : cfi_step;
    learn_cb *learn = strcmp(mode, "rules-anew") == 0 ? learn_rule_anew : learn_rule;
    struct link_map *map = count >= 2 ? dlopen(words[1], RTLD_LAZY | RTLD_LOCAL) : NULL;
    uintptr_t at;
    if (!map)
        return 2;
    while (scanf("%lx", &at) == 1)
        if (strncmp(mode, "rules", 5) == 0)
            print_rule(learn, map->l_addr, at);
        else
            print_row(step, map->l_addr, at);
    return 0;
}
