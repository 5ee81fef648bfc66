/* cfi.c - read .eh_frame: find what is said of an address, run its program up to there, apply the row that it makes.
 *
 * Source: LSB 5.0, "Exception Frames"; DWARF 5, 6.4 "Call Frame Information".
 *
 * Owns:    nothing.
 * Never:   takes a lock, asks for memory, touches errno; believes a length, a distance or a count beyond the segment that
 *          it leads through.
 * Runs in: anywhere.
 * Start:   cfi_step(), then cfi_run(). */
#include "cfi.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "arch.h"
#include "cfi_expression.h"
#include "cfi_row.h"
#include "loaded.h"

/* ---- what is said of an address ---- */

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

int cfi_find_module(struct tables *tables, uintptr_t pc) {
    *tables = (struct tables){.lo = 0};
    return loaded_find((void *)pc, &tables->module) == 0;
}

enum cfi_step cfi_describe(struct tables *tables, uintptr_t pc, struct description *out) {
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
    if (!cfi_find_module(&tables, pc) || cfi_describe(&tables, pc, &description) != CFI_CALLER)
        return -1;
    *lo = description.lo;
    *hi = description.hi;
    return 0;
}

/* ---- the program, which makes the row of an address ---- */

static void put(struct row *row, uint64_t number, struct place place) {
    row->reg[number] = place;
    row->elsewhere = (row->elsewhere & ~(UINT64_C(1) << number)) | (uint64_t)(place.where > AT) << number;
}

static void set(struct machine *machine, struct bytes *program, uint64_t number, enum where where, int64_t value) {
    if (number >= CFI_REGISTERS && number < 128)
        return; /* a vector register: not followed */
    if (number >= CFI_REGISTERS)
        program->failed = 1;
    else
        put(&machine->row, number, (struct place){.where = (uint8_t)where, .value = value});
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
        put(&machine->row, number, place);
}

static void restore(struct machine *machine, struct bytes *program, uint64_t number) {
    if (number < CFI_REGISTERS)
        put(&machine->row, number, machine->initial.reg[number]);
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

/* An instruction that makes the row. Numbers: the same table, and 0x2c, 0x2d of aarch64, 0x2e of GNU */
static void change_row(struct machine *machine, struct bytes *program, unsigned code) {
    if (code < sizeof tells / sizeof *tells && tells[code].operand)
        return change_register(machine, program, code);
    switch (code) {
    case 0x00: /* nop */
        return;
    case 0x2c: /* negate_ra_state_with_pc */
    case 0x2d: /* negate_ra_state */
        machine->row.is_signed ^= ARCH_SIGNS_RETURNS;
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

int cfi_run(struct machine *machine, uintptr_t pc) {
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

int cfi_begin(struct machine *machine) {
    const struct description *description = &machine->description;
    machine->program = description->common;
    machine->at = 0;
    machine->kept_count = 0;
    memset(&machine->row, 0, sizeof machine->row);
    if (cfi_run(machine, UINTPTR_MAX) != 0)
        return -1;
    machine->initial = machine->row;
    machine->program = description->own;
    machine->at = description->lo;
    return 0;
}

/* ---- the step ---- */

static int evaluate(const struct cfi_source *source, const struct place *place, uint64_t first, uintptr_t *out) {
    struct bytes code = {.at = place->expression, .end = place->expression + place->expression_bytes};
    return cfi_evaluate(source, code, first, out);
}

static int cfa_of(const struct cfi_source *source, const struct row *row, uintptr_t *cfa) {
    if (row->cfa.where == COMPUTED)
        return evaluate(source, &row->cfa, source->frame->reg[CFI_SP], cfa);
    if (cfi_register(source, (uint64_t)row->cfa.value, cfa) != 0)
        return -1;
    *cfa += (uint64_t)row->cfa_offset;
    return 0;
}

/* A register of the caller's that is not the same as here. returns 0, or -1: it can't be told */
static int register_of(const struct cfi_source *source, const struct place *place, unsigned number, uintptr_t cfa,
                       struct cfi_frame *out) {
    uintptr_t *value = &out->reg[number], at = cfa + (uint64_t)place->value;
    out->unknown &= ~(1ull << number);
    switch (place->where) {
    case UNKNOWN:
        out->unknown |= 1ull << number;
        *value = 0;
        return 0;
    case AT:
        return source->read(source->context, at, value);
    case IS:
        *value = at;
        return 0;
    case REGISTER:
        return cfi_register(source, (uint64_t)place->value, value);
    case STORED:
        return evaluate(source, place, cfa, &at) || source->read(source->context, at, value) ? -1 : 0;
    default:
        return evaluate(source, place, cfa, value);
    }
}

enum cfi_step cfi_apply(const struct machine *machine, struct cfi_frame *frame, cfi_read_cb *read, void *context) {
    const struct row *row = &machine->row;
    const unsigned column = machine->description.return_column;
    struct cfi_frame caller = *frame;
    struct cfi_source source = {.frame = frame, .read = read, .context = context};
    uintptr_t cfa;
    if (cfa_of(&source, row, &cfa) != 0)
        return CFI_FAILED;
    caller.reg[CFI_SP] = cfa;
    caller.unknown &= ~(1ull << CFI_SP);
    for (unsigned i = 0; i < CFI_REGISTERS; i++)
        if (row->reg[i].where != SAME && register_of(&source, &row->reg[i], i, cfa, &caller) != 0)
            return CFI_FAILED;
    if (row->reg[column].where == UNKNOWN)
        return CFI_END;
    if (row->reg[column].where == SAME && !frame->exact)
        return CFI_FAILED; /* it called somebody, and kept nothing */
    caller.is_signed = row->is_signed;
    caller.pc = row->is_signed ? arch_return_address(caller.reg[column]) : caller.reg[column];
    caller.exact = machine->description.is_signal;
    if (caller.pc == frame->pc && cfa == frame->reg[CFI_SP])
        return CFI_FAILED; /* it would go on for ever */
    *frame = caller;
    return CFI_CALLER;
}

enum cfi_step cfi_step(struct cfi_frame *frame, cfi_read_cb *read, void *context) {
    struct tables tables;
    struct row kept[STATES_MAX];
    struct machine machine;
    uintptr_t pc = frame->pc - !frame->exact;
    enum cfi_step found = cfi_find_module(&tables, pc) ? cfi_describe(&tables, pc, &machine.description) : CFI_NO_TABLE;
    if (found != CFI_CALLER)
        return found;
    machine.kept = kept;
    if (cfi_begin(&machine) != 0 || cfi_run(&machine, pc) != 0)
        return CFI_FAILED;
    return cfi_apply(&machine, frame, read, context);
}
