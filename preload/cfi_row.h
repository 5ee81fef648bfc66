/* cfi_row.h - from a code address to the row that is said of it, one part after another: for those who keep what they found. */
#ifndef CASTAWAY_PRELOAD_CFI_ROW_H
#define CASTAWAY_PRELOAD_CFI_ROW_H

#include <dlfcn.h>

#include "cfi.h"
#include "cfi_bytes.h"

enum { STATES_MAX = 4 }; /* assemblers nest states twice, compilers once */

/* What a table says of some code. */
struct description {
    uintptr_t lo, hi; /* of code */
    uint64_t code_align;
    int64_t data_align;
    unsigned return_column, encoding;
    int is_signal, is_augmented;
    struct bytes common, own; /* programs */
};

/* The tables of a module. */
struct tables {
    struct dl_find_object module;
    uintptr_t lo, hi;             /* the segment that was read last, for the next is nearly always the same */
    uintptr_t from, first_behind; /* code for which look_up() leads to the same description; equal: none */
};

enum where {
    SAME,     /* as in this frame */
    UNKNOWN,  /* not kept */
    AT,       /* stored at cfa + value; row.elsewhere is of all below */
    IS,       /* cfa + value */
    REGISTER, /* what register number `value` is in this frame */
    STORED,   /* where the expression says */
    COMPUTED, /* what the expression says */
};
struct place {
    uint8_t where; /* enum where */
    uint32_t expression_bytes;
    union {
        int64_t value;
        const unsigned char *expression;
    };
};

/* Where the caller's registers are. */
struct row {
    struct place cfa; /* REGISTER + offset, or COMPUTED */
    int64_t cfa_offset;
    int is_signed; /* the return address is */
    struct place reg[CFI_REGISTERS];
    uint64_t elsewhere; /* a bit for each register that is neither SAME nor UNKNOWN nor AT */
};

/* What makes the rows of some code. */
struct machine {
    struct description description;
    struct bytes program;    /* what is left of it */
    uintptr_t at;            /* the row is that of the code before; what is left makes those from here on */
    struct row row, initial; /* initial: after the common program */
    struct row *kept;        /* room for STATES_MAX, of whoever has the machine */
    unsigned kept_count;
};

/* returns whether there is one that this code lies in. tables: of the module */
int cfi_find_module(struct tables *tables, uintptr_t pc);

/* returns CFI_CALLER when it was found */
enum cfi_step cfi_describe(struct tables *tables, uintptr_t pc, struct description *out);

/* To the start of what is described. returns 0, or -1 */
int cfi_begin(struct machine *machine);

/* Run the program until it is done or speaks of code behind `pc`. It may be taken up again for code further on.
 * returns 0, or -1 */
int cfi_run(struct machine *machine, uintptr_t pc);

/* From the frame to its caller by the row. returns CFI_NO_TABLE never */
enum cfi_step cfi_apply(const struct machine *machine, struct cfi_frame *frame, cfi_read_cb *read, void *context);

#endif
