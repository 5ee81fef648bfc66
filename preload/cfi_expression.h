/* cfi_expression.h - what the expressions of unwind tables say of a frame. */
#ifndef CASTAWAY_PRELOAD_CFI_EXPRESSION_H
#define CASTAWAY_PRELOAD_CFI_EXPRESSION_H

#include "cfi.h"
#include "cfi_bytes.h"

/* Where values come from. */
struct cfi_source {
    const struct cfi_frame *frame;
    cfi_read_cb *read;
    void *context;
};

/* returns 0, or -1: it is not known in this frame */
static inline int cfi_register(const struct cfi_source *source, uint64_t number, uintptr_t *value) {
    if (number >= CFI_REGISTERS || source->frame->unknown >> number & 1)
        return -1;
    *value = source->frame->reg[number];
    return 0;
}

/* The value of an expression that begins with `first` on its stack. returns 0, or -1: it can't be told */
int cfi_evaluate(const struct cfi_source *source, struct bytes code, uint64_t first, uintptr_t *out);

#endif
