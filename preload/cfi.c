/* cfi.c - read .eh_frame: find what is said of an address, run its program up to there, apply the row that it makes.
 *
 * Source: LSB 5.0, "Exception Frames"; DWARF 5, 6.4 "Call Frame Information", 2.5 and 7.7.1 expressions.
 *
 * Owns:    the programs that cfi_step_on() has begun.
 * Never:   takes a lock, asks for memory, touches errno; believes a length, a distance or a count beyond the segment that
 *          it leads through.
 * Runs in: anywhere.
 * Start:   cfi_step(), then run(). */
#include "cfi.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "loaded.h"

enum { STATES_MAX = 4, STACK_MAX = 16 }; /* assemblers nest states twice, compilers once */

/* ---- bytes ---- */

struct bytes {
    const unsigned char *at, *end;
    int failed; /* something ended too early; what was read then is 0 */
};

static uint64_t read_fixed(struct bytes *bytes, size_t size) {
    uint64_t value = 0;
    if ((size_t)(bytes->end - bytes->at) < size) {
        bytes->failed = 1;
        return 0;
    }
    memcpy(&value, bytes->at, size); /* little-endian, as both machines are */
    bytes->at += size;
    return value;
}

static int64_t read_signed(struct bytes *bytes, size_t size) {
    unsigned unused = 64 - 8 * (unsigned)size;
    return (int64_t)(read_fixed(bytes, size) << unused) >> unused;
}

static uint64_t read_long_uleb(struct bytes *bytes) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint64_t byte = read_fixed(bytes, 1);
        value |= shift < 64 ? (byte & 0x7f) << shift : 0;
        if (!(byte & 0x80))
            return value;
    }
}

/* Nearly all are one byte. */
static inline uint64_t read_uleb(struct bytes *bytes) {
    if (bytes->at < bytes->end && !(*bytes->at & 0x80))
        return *bytes->at++;
    return read_long_uleb(bytes);
}

static int64_t read_sleb(struct bytes *bytes) {
    uint64_t value = 0;
    for (unsigned shift = 0;;) {
        uint64_t byte = read_fixed(bytes, 1);
        value |= shift < 64 ? (byte & 0x7f) << shift : 0;
        shift += 7;
        if (!(byte & 0x80))
            return (int64_t)(shift < 64 && byte & 0x40 ? value | ~0ull << shift : value);
    }
}

/* The next `size` bytes, on their own. */
static struct bytes read_part(struct bytes *bytes, uint64_t size) {
    if ((uint64_t)(bytes->end - bytes->at) < size) {
        bytes->failed = 1;
        size = 0;
    }
    struct bytes part = {.at = bytes->at, .end = bytes->at + size};
    bytes->at += size;
    return part;
}

/* How a pointer is written. */
enum { ENCODING_FORM = 0x0f, ENCODING_FROM = 0x70, ENCODING_PC_RELATIVE = 0x10, ENCODING_INDIRECT = 0x80 };

static uint64_t read_form(struct bytes *bytes, unsigned form) {
    switch (form) {
    case 0x00: /* absptr */
    case 0x04: /* udata8 */
    case 0x0c: /* sdata8 */
        return read_fixed(bytes, 8);
    case 0x01:
        return read_uleb(bytes);
    case 0x02:
        return read_fixed(bytes, 2);
    case 0x03:
        return read_fixed(bytes, 4);
    case 0x09:
        return (uint64_t)read_sleb(bytes);
    case 0x0a:
        return (uint64_t)read_signed(bytes, 2);
    case 0x0b:
        return (uint64_t)read_signed(bytes, 4);
    default:
        bytes->failed = 1;
        return 0;
    }
}

static uintptr_t read_pointer(struct bytes *bytes, unsigned encoding) {
    uintptr_t here = (uintptr_t)bytes->at, value = read_form(bytes, encoding & ENCODING_FORM);
    unsigned from = encoding & ENCODING_FROM;
    if (encoding & ENCODING_INDIRECT || (from && from != ENCODING_PC_RELATIVE))
        bytes->failed = 1; /* no compiler writes the addresses of code so */
    return from ? value + here : value;
}

/* ---- what is said of an address ---- */

struct description {
    uintptr_t lo, hi; /* of code */
    uint64_t code_align;
    int64_t data_align;
    unsigned return_column, encoding;
    int is_signal, is_augmented;
    struct bytes common, own; /* programs */
};

struct tables {
    struct dl_find_object module;
    uintptr_t lo, hi;             /* the segment that was read last, for the next is nearly always the same */
    uintptr_t from, first_behind; /* code for which look_up() leads to the same description; equal: none */
};

/* The segment of the module in which `address` can be read, into lo and hi: empty if there is none. A module whose program
 * headers don't stand behind its first bytes (a tool moved them) is taken as a whole. */
static void find_segment(struct tables *tables, uintptr_t address) {
    enum { HEADER_BYTES_MAX = 4096 };
    const char *start = tables->module.dlfo_map_start;
    const ElfW(Ehdr) *elf = tables->module.dlfo_map_start;
    const uintptr_t lo = (uintptr_t)start, hi = (uintptr_t)tables->module.dlfo_map_end;
    tables->lo = lo;
    tables->hi = address - lo < hi - lo ? hi : lo;
    if (tables->hi == lo || memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 || elf->e_phoff > HEADER_BYTES_MAX ||
        elf->e_phnum > (HEADER_BYTES_MAX - elf->e_phoff) / sizeof(ElfW(Phdr)))
        return;
    tables->hi = lo;
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(start + elf->e_phoff);
    for (unsigned i = 0; i < elf->e_phnum; i++, segment++) {
        uintptr_t from = tables->module.dlfo_link_map->l_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && segment->p_flags & PF_R && address - from < segment->p_filesz) {
            tables->lo = from;
            tables->hi = segment->p_filesz < hi - from ? from + segment->p_filesz : hi;
            return;
        }
    }
}

/* The rest of its segment from `address` on; failed if it lies in none. */
static struct bytes segment_from(struct tables *tables, uintptr_t address) {
    if (address - tables->lo >= tables->hi - tables->lo)
        find_segment(tables, address);
    if (tables->lo == tables->hi)
        return (struct bytes){.failed = 1};
    return (struct bytes){.at = (const unsigned char *)address, .end = (const unsigned char *)tables->hi};
}

static struct bytes read_entry(struct tables *tables, uintptr_t address) {
    struct bytes all = segment_from(tables, address);
    uint64_t size = read_fixed(&all, 4);
    if (size == 0xffffffff || size == 0)
        all.failed = 1; /* entries of 4 GiB, the end */
    struct bytes entry = read_part(&all, size);
    entry.failed = all.failed;
    return entry;
}

static void read_augmentation(struct bytes *cie, const char *letters, struct description *out) {
    if (*letters != 'z') {
        cie->failed |= *letters != 0;
        return;
    }
    struct bytes data = read_part(cie, read_uleb(cie));
    out->is_augmented = 1;
    while (*++letters && !data.failed)
        switch (*letters) {
        case 'R':
            out->encoding = (unsigned)read_fixed(&data, 1);
            break;
        case 'L':
            read_fixed(&data, 1);
            break;
        case 'P': {
            unsigned encoding = (unsigned)read_fixed(&data, 1);
            read_form(&data, encoding & ENCODING_FORM);
            break;
        }
        case 'S':
            out->is_signal = 1;
            break;
        default: /* 'B' of aarch64; what others mean is not known, but `z` says how long they are */
            break;
        }
    cie->failed |= data.failed;
}

static int read_common(struct bytes cie, struct description *out) {
    uint64_t id = read_fixed(&cie, 4), version = read_fixed(&cie, 1);
    const char *letters = (const char *)cie.at;
    while (read_fixed(&cie, 1) && !cie.failed) {
    }
    if (cie.failed || id || (version != 1 && version != 3))
        return -1;
    out->code_align = read_uleb(&cie);
    out->data_align = read_sleb(&cie);
    out->return_column = (unsigned)(version == 1 ? read_fixed(&cie, 1) : read_uleb(&cie));
    read_augmentation(&cie, letters, out);
    out->common = cie;
    return cie.failed || out->return_column >= CFI_REGISTERS ? -1 : 0;
}

/* .eh_frame_hdr: version, three encodings, eh_frame pointer, count, sorted table */
struct table_entry {
    int32_t code, description; /* from the header's start */
};

/* The last entry whose code begins at or before `offset`, or NULL. */
static const struct table_entry *entry_of(const struct table_entry *table, size_t count, intptr_t offset) {
    size_t lo = 0, hi = count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (table[middle].code <= offset)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo ? &table[lo - 1] : NULL;
}

/* Where the description begins that may be of `pc`, or 0: there is none in the module's table */
static uintptr_t look_up(struct tables *tables, uintptr_t pc) {
    enum { VERSION_AND_ENCODINGS = 0x3b031b01 }; /* 1; pointer pcrel sdata4, count udata4, table datarel sdata4 */
    const uintptr_t header = (uintptr_t)tables->module.dlfo_eh_frame;
    struct bytes all = segment_from(tables, header);
    uint64_t encodings = read_fixed(&all, 4);
    read_fixed(&all, 4);
    uint64_t entries = read_fixed(&all, 4);
    if (all.failed || encodings != VERSION_AND_ENCODINGS ||
        entries > (size_t)(all.end - all.at) / sizeof(struct table_entry))
        return 0;
    const struct table_entry *table = (const struct table_entry *)(const void *)all.at, *end = table + entries;
    const struct table_entry *entry = entry_of(table, entries, (intptr_t)(pc - header));
    if (!entry)
        return 0;
    tables->from = header + (uintptr_t)(intptr_t)entry->code;
    tables->first_behind = entry + 1 < end ? header + (uintptr_t)(intptr_t)entry[1].code : UINTPTR_MAX;
    return header + (uintptr_t)(intptr_t)entry->description;
}

/* returns whether there is one that this code lies in */
static int find_module(struct tables *tables, uintptr_t pc) {
    *tables = (struct tables){.lo = 0};
    return loaded_find((void *)pc, &tables->module) == 0;
}

/* tables: of the module. returns CFI_CALLER when it was found */
static enum cfi_step describe(struct tables *tables, uintptr_t pc, struct description *out) {
    uintptr_t address = tables->module.dlfo_eh_frame ? look_up(tables, pc) : 0;
    *out = (struct description){.lo = 0};
    if (!address)
        return CFI_NO_TABLE;
    struct bytes entry = read_entry(tables, address);
    uintptr_t back = (uintptr_t)entry.at, distance = read_fixed(&entry, 4);
    if (entry.failed || !distance || read_common(read_entry(tables, back - distance), out) != 0)
        return CFI_FAILED;
    out->lo = read_pointer(&entry, out->encoding);
    out->hi = out->lo + read_form(&entry, out->encoding & ENCODING_FORM);
    if (out->is_augmented)
        read_part(&entry, read_uleb(&entry)); /* for handlers of exceptions */
    out->own = entry;
    if (entry.failed)
        return CFI_FAILED;
    return pc - out->lo < out->hi - out->lo ? CFI_CALLER : CFI_NO_TABLE;
}

int cfi_function(uintptr_t pc, uintptr_t *lo, uintptr_t *hi) {
    struct description description;
    struct tables tables;
    if (!find_module(&tables, pc) || describe(&tables, pc, &description) != CFI_CALLER)
        return -1;
    *lo = description.lo;
    *hi = description.hi;
    return 0;
}

/* ---- the program, which makes the row of an address ---- */

enum where {
    SAME,     /* as in this frame */
    UNKNOWN,  /* not kept */
    AT,       /* stored at cfa + value */
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
struct row {
    struct place cfa; /* REGISTER + offset, or COMPUTED */
    int64_t cfa_offset;
    struct place reg[CFI_REGISTERS];
};
struct machine {
    struct description description;
    struct bytes program;    /* what is left of it */
    uintptr_t at;            /* the row is that of the code before; what is left makes those from here on */
    struct row row, initial; /* initial: after the common program */
    struct row kept[STATES_MAX];
    unsigned kept_count;
};

static void set(struct machine *machine, struct bytes *program, uint64_t number, enum where where, int64_t value) {
    if (number >= CFI_REGISTERS && number < 128)
        return; /* a vector register: not followed */
    if (number >= CFI_REGISTERS)
        program->failed = 1;
    else
        machine->row.reg[number] = (struct place){.where = (uint8_t)where, .value = value};
}

static struct place place_by_expression(struct bytes *program, enum where where) {
    struct bytes expression = read_part(program, read_uleb(program));
    return (struct place){.where = (uint8_t)where,
                          .expression_bytes = (uint32_t)(expression.end - expression.at),
                          .expression = expression.at};
}

static void set_expression(struct machine *machine, struct bytes *program, uint64_t number, enum where where) {
    struct place place = place_by_expression(program, where);
    set(machine, program, number, where, 0);
    if (number < CFI_REGISTERS)
        machine->row.reg[number] = place;
}

static void restore(struct machine *machine, struct bytes *program, uint64_t number) {
    if (number < CFI_REGISTERS)
        machine->row.reg[number] = machine->initial.reg[number];
    else if (number >= 128)
        program->failed = 1;
}

static void keep(struct machine *machine, struct bytes *program) {
    if (machine->kept_count == STATES_MAX)
        program->failed = 1;
    else
        machine->kept[machine->kept_count++] = machine->row;
}

static void bring_back(struct machine *machine, struct bytes *program) {
    if (!machine->kept_count)
        program->failed = 1;
    else
        machine->row = machine->kept[--machine->kept_count];
}

/* A distance that a broken table makes too large wraps round. */
static int64_t scaled(uint64_t distance, int64_t align) {
    return (int64_t)(distance * (uint64_t)align);
}

/* How far an instruction advances; of all others 0. Source: DWARF 5, table 7.29 */
static uint64_t advance_of(struct bytes *program, unsigned code, uint64_t align) {
    static const unsigned char sizes[] = {[2] = 1, [3] = 2, [4] = 4};
    if (code >> 6 == 1)
        return (code & 0x3f) * align;
    return code >= 2 && code <= 4 ? read_fixed(program, sizes[code]) * align : 0;
}

/* How an instruction that says where a register is kept tells the place. */
enum operand { NO_OPERAND = 1, PLAIN, SCALED, SCALED_SIGNED, SCALED_NEGATED, BY_EXPRESSION };

/* Those instructions. Numbers: the same table, and 0x2f of GNU */
static const struct {
    uint8_t operand, where;
} tells[] = {
    [0x05] = {SCALED, AT},              /* offset_extended */
    [0x07] = {NO_OPERAND, UNKNOWN},     /* undefined */
    [0x08] = {NO_OPERAND, SAME},        /* same_value */
    [0x09] = {PLAIN, REGISTER},         /* register */
    [0x10] = {BY_EXPRESSION, STORED},   /* expression */
    [0x11] = {SCALED_SIGNED, AT},       /* offset_extended_sf */
    [0x14] = {SCALED, IS},              /* val_offset */
    [0x15] = {SCALED_SIGNED, IS},       /* val_offset_sf */
    [0x16] = {BY_EXPRESSION, COMPUTED}, /* val_expression */
    [0x2f] = {SCALED_NEGATED, AT},      /* negative_offset_extended */
};

static int64_t read_operand(struct bytes *program, unsigned operand, int64_t align) {
    switch (operand) {
    case PLAIN:
        return (int64_t)read_uleb(program);
    case SCALED:
        return scaled(read_uleb(program), align);
    case SCALED_SIGNED:
        return scaled((uint64_t)read_sleb(program), align);
    case SCALED_NEGATED:
        return scaled(0 - read_uleb(program), align);
    default:
        return 0;
    }
}

static void change_register(struct machine *machine, struct bytes *program, unsigned code) {
    enum where where = tells[code].where;
    unsigned operand = tells[code].operand;
    uint64_t number = read_uleb(program);
    if (operand == BY_EXPRESSION)
        set_expression(machine, program, number, where);
    else
        set(machine, program, number, where, read_operand(program, operand, machine->description.data_align));
}

static void change_cfa(struct machine *machine, struct bytes *program, unsigned operand) {
    uint64_t number = read_uleb(program);
    machine->row.cfa = (struct place){.where = REGISTER, .value = (int64_t)number};
    if (operand != NO_OPERAND)
        machine->row.cfa_offset = read_operand(program, operand, machine->description.data_align);
}

/* An instruction that makes the row. Numbers: the same table, and 0x2d of aarch64, 0x2e of GNU */
static void change_row(struct machine *machine, struct bytes *program, unsigned code) {
    if (code < sizeof tells / sizeof *tells && tells[code].operand)
        return change_register(machine, program, code);
    switch (code) {
    case 0x00: /* nop */
    case 0x2d: /* return addresses are signed from here on */
        return;
    case 0x06: /* restore_extended */
        return restore(machine, program, read_uleb(program));
    case 0x0a: /* remember_state */
        return keep(machine, program);
    case 0x0b: /* restore_state */
        return bring_back(machine, program);
    case 0x0c: /* def_cfa */
        return change_cfa(machine, program, PLAIN);
    case 0x0d: /* def_cfa_register */
        return change_cfa(machine, program, NO_OPERAND);
    case 0x0e: /* def_cfa_offset */
        machine->row.cfa_offset = (int64_t)read_uleb(program);
        return;
    case 0x0f: /* def_cfa_expression */
        machine->row.cfa = place_by_expression(program, COMPUTED);
        return;
    case 0x12: /* def_cfa_sf */
        return change_cfa(machine, program, SCALED_SIGNED);
    case 0x13: /* def_cfa_offset_sf */
        machine->row.cfa_offset = read_operand(program, SCALED_SIGNED, machine->description.data_align);
        return;
    case 0x2e: /* args_size */
        read_uleb(program);
        return;
    default:
        program->failed = 1;
    }
}

/* Run the program until it is done or speaks of code behind `pc`. It may be taken up again for code further on.
 * returns 0, or -1 */
static int run(struct machine *machine, uintptr_t pc) {
    const struct description *description = &machine->description;
    struct bytes program = machine->program;
    uintptr_t at = machine->at;
    while (at <= pc && program.at < program.end && !program.failed) {
        unsigned code = *program.at++;
        if (code == 0x0e) /* def_cfa_offset, the commonest with short advances */
            machine->row.cfa_offset = (int64_t)read_uleb(&program);
        else if (code >> 6 == 2)
            set(machine, &program, code & 0x3f, AT, scaled(read_uleb(&program), description->data_align));
        else if (code >> 6 == 3)
            restore(machine, &program, code & 0x3f);
        else if (code >> 6 == 0 && (code < 1 || code > 4))
            change_row(machine, &program, code);
        else
            at = code == 1 ? read_pointer(&program, description->encoding)
                           : at + advance_of(&program, code, description->code_align);
    }
    machine->program = program;
    machine->at = at;
    return program.failed ? -1 : 0;
}

/* To the start of what is described. */
static int begin(struct machine *machine) {
    const struct description *description = &machine->description;
    machine->program = description->common;
    machine->at = 0;
    machine->kept_count = 0;
    memset(&machine->row, 0, sizeof machine->row);
    if (run(machine, UINTPTR_MAX) != 0)
        return -1;
    machine->initial = machine->row;
    machine->program = description->own;
    machine->at = description->lo;
    return 0;
}

/* ---- expressions ---- */

struct evaluation {
    const struct cfi_frame *frame;
    cfi_read_cb *read;
    void *context;
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

static uint64_t register_value(struct evaluation *e, uint64_t number) {
    if (number < CFI_REGISTERS && !(e->frame->unknown >> number & 1))
        return e->frame->reg[number];
    e->code.failed = 1;
    return 0;
}

static void dereference(struct evaluation *e, size_t size) {
    uintptr_t word = 0;
    if (size == 0 || size > sizeof word || e->read(e->context, pop(e), &word) != 0)
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
        top = register_value(e, code - 0x70);
        push(e, top + (uint64_t)read_sleb(&e->code));
    } else if (code == 0x92) { /* bregx */
        top = register_value(e, read_uleb(&e->code));
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

/* The place's expression, with `first` on the stack. returns 0, or -1 */
static int evaluate(struct evaluation *e, const struct place *place, uint64_t first, uintptr_t *out) {
    e->code = (struct bytes){.at = place->expression, .end = place->expression + place->expression_bytes};
    e->depth = 0;
    push(e, first);
    while (e->code.at < e->code.end && !e->code.failed)
        evaluate_one(e, (unsigned)read_fixed(&e->code, 1));
    *out = pop(e);
    return e->code.failed ? -1 : 0;
}

/* ---- the step ---- */

static int cfa_of(struct evaluation *e, const struct row *row, uintptr_t *cfa) {
    if (row->cfa.where == COMPUTED)
        return evaluate(e, &row->cfa, e->frame->reg[CFI_SP], cfa);
    e->code.failed = 0;
    *cfa = register_value(e, (uint64_t)row->cfa.value) + (uint64_t)row->cfa_offset;
    return e->code.failed ? -1 : 0;
}

/* A register of the caller's that is not the same as here. returns 0, or -1: it can't be told */
static int register_of(struct evaluation *e, const struct place *place, unsigned number, uintptr_t cfa,
                       struct cfi_frame *out) {
    uintptr_t *value = &out->reg[number], at = cfa + (uint64_t)place->value;
    out->unknown &= ~(1ull << number);
    switch (place->where) {
    case UNKNOWN:
        out->unknown |= 1ull << number;
        *value = 0;
        return 0;
    case AT:
        return e->read(e->context, at, value);
    case IS:
        *value = at;
        return 0;
    case REGISTER:
        e->code.failed = 0;
        *value = register_value(e, (uint64_t)place->value);
        return e->code.failed ? -1 : 0;
    case STORED:
        return evaluate(e, place, cfa, &at) || e->read(e->context, at, value) ? -1 : 0;
    default:
        return evaluate(e, place, cfa, value);
    }
}

static enum cfi_step apply(const struct machine *machine, struct cfi_frame *frame, cfi_read_cb *read, void *context) {
    const struct row *row = &machine->row;
    const unsigned column = machine->description.return_column;
    struct cfi_frame caller = *frame;
    struct evaluation e = {.frame = frame, .read = read, .context = context};
    uintptr_t cfa;
    if (cfa_of(&e, row, &cfa) != 0)
        return CFI_FAILED;
    caller.reg[CFI_SP] = cfa;
    caller.unknown &= ~(1ull << CFI_SP);
    for (unsigned i = 0; i < CFI_REGISTERS; i++)
        if (row->reg[i].where != SAME && register_of(&e, &row->reg[i], i, cfa, &caller) != 0)
            return CFI_FAILED;
    if (row->reg[column].where == UNKNOWN)
        return CFI_END;
    caller.pc = caller.reg[column];
    caller.exact = machine->description.is_signal;
    if (caller.pc == frame->pc && cfa == frame->reg[CFI_SP])
        return CFI_FAILED; /* it would go on for ever */
    *frame = caller;
    return CFI_CALLER;
}

enum cfi_step cfi_step(struct cfi_frame *frame, cfi_read_cb *read, void *context) {
    struct tables tables;
    struct machine machine;
    uintptr_t pc = frame->pc - !frame->exact;
    enum cfi_step found = find_module(&tables, pc) ? describe(&tables, pc, &machine.description) : CFI_NO_TABLE;
    if (found != CFI_CALLER)
        return found;
    if (begin(&machine) != 0 || run(&machine, pc) != 0)
        return CFI_FAILED;
    return apply(&machine, frame, read, context);
}

/* ---- many addresses of the same code ---- */

enum { BEGUN_MAX = 4 };

static struct {
    struct begun {
        struct tables tables; /* from equal to first_behind: it stands for no code */
        uintptr_t pc;         /* the program was run for; UINTPTR_MAX: for none */
        struct machine machine;
    } begun[BEGUN_MAX];
    unsigned next;
} learning;

/* libc closes some modules without our hearing of it, and others come to lie there. */
static int are_same(const struct dl_find_object *a, const struct dl_find_object *b) {
    return a->dlfo_map_start == b->dlfo_map_start && a->dlfo_map_end == b->dlfo_map_end &&
           a->dlfo_link_map == b->dlfo_link_map && a->dlfo_eh_frame == b->dlfo_eh_frame;
}

/* The program that was begun for this code, or NULL. */
static struct begun *begun_for(const struct tables *tables, uintptr_t pc) {
    for (struct begun *begun = learning.begun; begun < learning.begun + BEGUN_MAX; begun++)
        if (pc - begun->tables.from < begun->tables.first_behind - begun->tables.from &&
            are_same(&begun->tables.module, &tables->module))
            return begun;
    return NULL;
}

/* In the place of the one that was begun first. returns CFI_CALLER when *out is what describes the code */
static enum cfi_step begin_for(const struct tables *tables, uintptr_t pc, struct begun **out) {
    struct begun *begun = *out = &learning.begun[learning.next++ % BEGUN_MAX];
    begun->tables = *tables;
    begun->pc = UINTPTR_MAX;
    enum cfi_step found = describe(&begun->tables, pc, &begun->machine.description);
    if (found != CFI_CALLER)
        begun->tables.first_behind = begun->tables.from;
    return found;
}

enum cfi_step cfi_step_on(struct cfi_frame *frame, cfi_read_cb *read, void *context) {
    struct tables tables;
    uintptr_t pc = frame->pc - !frame->exact;
    if (!find_module(&tables, pc))
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
    if ((pc < before && begin(&begun->machine) != 0) || run(&begun->machine, pc) != 0)
        return CFI_FAILED;
    begun->pc = pc;
    return apply(&begun->machine, frame, read, context);
}

void cfi_forget(void) {
    for (unsigned i = 0; i < BEGUN_MAX; i++)
        learning.begun[i].tables.first_behind = learning.begun[i].tables.from;
}
