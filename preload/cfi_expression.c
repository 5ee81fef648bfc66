/* cfi_expression.c - run an expression of an unwind table.
 *
 * Source: DWARF 5, 2.5 and 7.7.1.
 *
 * Owns:    nothing.
 * Never:   takes a lock, asks for memory, touches errno; believes that the code ends where it should.
 * Runs in: anywhere.
 * Start:   cfi_evaluate(), then evaluate_one(). */
#include "cfi_expression.h"

enum { STACK_MAX = 16 };

struct evaluation {
    const struct cfi_source *of;
    uint64_t stack[STACK_MAX];
    unsigned depth;
    struct bytes code;
};

static void push(struct evaluation *e, uint64_t value) {
    if (e->depth == STACK_MAX)
        e->code.failed = 1;
    else
        e->stack[e->depth++] = value;
}

static uint64_t pop(struct evaluation *e) {
    if (!e->depth) {
        e->code.failed = 1;
        return 0;
    }
    return e->stack[--e->depth];
}

static uint64_t value_of(struct evaluation *e, uint64_t number) {
    uintptr_t value;
    if (cfi_register(e->of, number, &value) == 0)
        return value;
    e->code.failed = 1;
    return 0;
}

static void dereference(struct evaluation *e, size_t size) {
    uintptr_t word = 0;
    if (size == 0 || size > sizeof word || e->of->read(e->of->context, pop(e), &word) != 0)
        e->code.failed = 1;
    push(e, size < sizeof word ? word & ((1ull << 8 * size) - 1) : word);
}

/* Two operands, of which `b` was on top. Numbers: DWARF 5, table 7.9 */
static uint64_t combine(struct evaluation *e, unsigned code, uint64_t a, uint64_t b) {
    switch (code) {
    case 0x1a:
        return a & b;
    case 0x1c:
        return a - b;
    case 0x1e:
        return a * b;
    case 0x21:
        return a | b;
    case 0x22:
        return a + b;
    case 0x24:
        return b < 64 ? a << b : 0;
    case 0x25:
        return b < 64 ? a >> b : 0;
    case 0x26:
        // cppcheck-suppress shiftTooManyBitsSigned; gcc and clang keep the sign
        return (uint64_t)((int64_t)a >> (b < 64 ? b : 63));
    case 0x27:
        return a ^ b;
    case 0x29:
        return a == b;
    case 0x2a:
        return (int64_t)a >= (int64_t)b;
    case 0x2b:
        return (int64_t)a > (int64_t)b;
    case 0x2c:
        return (int64_t)a <= (int64_t)b;
    case 0x2d:
        return (int64_t)a < (int64_t)b;
    case 0x2e:
        return a != b;
    default: /* among them jumps: no table has them */
        e->code.failed = 1;
        return 0;
    }
}

static void push_constant(struct evaluation *e, unsigned code) {
    unsigned kind = code - 0x08; /* const1u, const1s, const2u, ... const8s, constu, consts */
    size_t size = (size_t)1 << kind / 2;
    if (kind < 8)
        push(e, kind % 2 ? (uint64_t)read_signed(&e->code, size) : read_fixed(&e->code, size));
    else
        push(e, kind == 8 ? read_uleb(&e->code) : (uint64_t)read_sleb(&e->code));
}

static void evaluate_one(struct evaluation *e, unsigned code) {
    uint64_t top;
    if (code >= 0x30 && code < 0x50) /* lit */
        push(e, code - 0x30);
    else if (code >= 0x70 && code < 0x90) { /* breg */
        top = value_of(e, code - 0x70);
        push(e, top + (uint64_t)read_sleb(&e->code));
    } else if (code == 0x92) { /* bregx */
        top = value_of(e, read_uleb(&e->code));
        push(e, top + (uint64_t)read_sleb(&e->code));
    } else if (code >= 0x08 && code <= 0x11)
        push_constant(e, code);
    else if (code == 0x03) /* addr */
        push(e, read_fixed(&e->code, sizeof(uintptr_t)));
    else if (code == 0x06) /* deref */
        dereference(e, sizeof(uintptr_t));
    else if (code == 0x94) /* deref_size */
        dereference(e, read_fixed(&e->code, 1));
    else if (code == 0x12) { /* dup */
        top = pop(e);
        push(e, top);
        push(e, top);
    } else if (code == 0x13) /* drop */
        pop(e);
    else if (code == 0x1f) /* neg */
        push(e, 0 - pop(e));
    else if (code == 0x20) /* not */
        push(e, ~pop(e));
    else if (code == 0x23) /* plus_uconst */
        push(e, pop(e) + read_uleb(&e->code));
    else if (code != 0x96) { /* nop */
        top = pop(e);
        push(e, combine(e, code, pop(e), top));
    }
}

int cfi_evaluate(const struct cfi_source *source, struct bytes code, uint64_t first, uintptr_t *out) {
    struct evaluation e;
    e.of = source;
    e.code = code;
    e.depth = 0;
    push(&e, first);
    while (e.code.at < e.code.end && !e.code.failed)
        evaluate_one(&e, (unsigned)read_fixed(&e.code, 1));
    *out = pop(&e);
    return e.code.failed ? -1 : 0;
}
