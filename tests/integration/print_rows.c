/* print_rows.c - what cfi.c makes of the unwind tables of a library, at each address that is read from standard input:
 * the caller's stack pointer, and where its return address and frame pointer are kept, as readelf writes them.
 *
 * usage: print_rows LIBRARY [on] <ADDRESSES (hexadecimal, from the library's start)
 * on: each step may go on where the last one was */
#include "preload/cfi_cache.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>

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

int main(int count, char **words) {
    step_by_tables *step = count == 3 ? cfi_cache_step : cfi_step;
    struct link_map *map = count >= 2 ? dlopen(words[1], RTLD_LAZY | RTLD_LOCAL) : NULL;
    uintptr_t at;
    if (!map)
        return 2;
    while (scanf("%lx", &at) == 1)
        print_row(step, map->l_addr, at);
    return 0;
}
