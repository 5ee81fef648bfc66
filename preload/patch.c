/* patch.c - see the header; x86-64.
 *
 * A jump takes the place of the first instructions, behind the landing mark (endbr64) if there is one. Near the function, where
 * such a jump reaches, lie its gate and its old beginning:
 *
 *   function:  [endbr64] jmp gate          gate:      keep r11 below the stack pointer, r11 = the stub's entry, jmp stub
 *   behind:    what follows                beginning: the instructions that stood there, jmp behind
 *
 * The stub counts and jumps to the beginning. It is one that keeps every register: a compiler that sees both caller and
 * function knows which ones the function leaves alone, and may rely on it.
 *
 * Instructions are decoded by Zydis, which Debian has as a shared library only: it is opened RTLD_LOCAL, and
 * only for programs whose rules ask for patching. It needs no memory of its own.
 *
 * Owns:    the pages of gates.
 * Never:   changes code that another thread may run, or that is jumped into; makes memory writable and executable at once.
 * Start:   patch_entry(). Source: Intel SDM, vol. 2, for the encodings. */
#include "patch.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "proc.h"
#include "stub.h"
#include "sys.h"
#include "thread.h"

#if defined(__x86_64__)

#include <Zydis/Zydis.h>
#include <dlfcn.h>
#include <signal.h>

#define LIBRARY "libZydis.so.4.0"

enum {
    PAGE = 4096,
    JUMP_BYTES = 5,  /* jmp with a distance of 32 bits */
    GATE_BYTES = 32, /* the code of gate(), rounded up */
    SLOT_BYTES = 128,
    SLOTS = PAGE / SLOT_BYTES,
    PAGES_MAX = 256,
    NEAR_MIN = 1 << 16,
    NEAR_MAX = 1 << 30
};

static struct {
    __typeof__(&ZydisDecoderInit) init;
    __typeof__(&ZydisDecoderDecodeInstruction) decode;
    ZydisDecoder decoder;
    int is_ready;
} zydis;

static struct gates {
    uintptr_t at;
    unsigned used; /* slots */
} gates[PAGES_MAX];
static unsigned gates_count;

void patch_init(void) {
    int busy = thread_busy;
    thread_busy = 0; /* what the loader allocates is recorded like all that it does */
    void *library = zydis.is_ready ? NULL : dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    thread_busy = busy;
    if (!library)
        return;
    zydis.init = (__typeof__(zydis.init))dlsym(library, "ZydisDecoderInit");
    zydis.decode = (__typeof__(zydis.decode))dlsym(library, "ZydisDecoderDecodeInstruction");
    zydis.is_ready = zydis.init && zydis.decode &&
                     ZYAN_SUCCESS(zydis.init(&zydis.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64));
}

/* returns 0 when there is no instruction */
static int decode(uintptr_t at, uintptr_t end, ZydisDecodedInstruction *out) {
    return at < end && ZYAN_SUCCESS(zydis.decode(&zydis.decoder, NULL, (const void *)at, end - at, out));
}

/* ---- code that is written ---- */

struct code {
    unsigned char bytes[SLOT_BYTES];
    size_t count;
    uintptr_t at; /* where it will stand */
};

static void put(struct code *code, const void *bytes, size_t count) {
    memcpy(code->bytes + code->count, bytes, count);
    code->count += count;
}

/* An instruction of `opcode_count` bytes and a distance to `target`. returns 0, or -1: too far */
static int put_relative(struct code *code, const void *opcode, size_t opcode_count, uintptr_t target) {
    intptr_t distance = (intptr_t)(target - (code->at + code->count + opcode_count + 4));
    int32_t near = (int32_t)distance;
    put(code, opcode, opcode_count);
    put(code, &near, sizeof near);
    return near == distance ? 0 : -1;
}

static void put_far_jump(struct code *code, const void *target) {
    put(code, "\xff\x25\0\0\0\0", 6); /* jmp *0(%rip) */
    put(code, &target, sizeof target);
}

/* What stub.c's code for patched functions expects. */
static void put_gate(struct code *code, const struct stub_call *call) {
    put(code, "\x4c\x89\x5c\x24\xe8", 5); /* mov %r11, -24(%rsp) */
    put(code, "\x49\xbb", 2);             /* movabs $call, %r11 */
    put(code, &(uintptr_t){(uintptr_t)call}, sizeof(uintptr_t));
    put_far_jump(code, stub_patched_enter());
    while (code->count < GATE_BYTES)
        put(code, "\xcc", 1);
}

/* ---- the old beginning ---- */

static int is_conditional_near(const ZydisDecodedInstruction *instruction) {
    if (instruction->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT)
        return instruction->opcode >= 0x70 && instruction->opcode <= 0x7f;
    return instruction->opcode_map == ZYDIS_OPCODE_MAP_0F && instruction->opcode >= 0x80 && instruction->opcode <= 0x8f;
}

static uintptr_t branch_target(uintptr_t at, const ZydisDecodedInstruction *instruction) {
    return at + instruction->length + (uintptr_t)instruction->raw.imm[0].value.s;
}

static int is_branch(const ZydisDecodedInstruction *instruction) {
    return instruction->raw.imm[0].is_relative;
}

/* The same instruction at another place. returns REASON_NONE, or why there is none */
static enum reason move(struct code *code, uintptr_t at, const ZydisDecodedInstruction *instruction) {
    switch (instruction->meta.category) {
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_SYSCALL:
        return REASON_PATCH_NOT_MOVABLE;
    default:
        break;
    }
    if (is_branch(instruction)) {
        unsigned char conditional[2] = {0x0f, 0x80 | (instruction->opcode & 15)};
        uintptr_t target = branch_target(at, instruction);
        if (instruction->meta.category == ZYDIS_CATEGORY_UNCOND_BR)
            return put_relative(code, "\xe9", 1, target) == 0 ? REASON_NONE : REASON_PATCH_TOO_FAR;
        if (!is_conditional_near(instruction))
            return REASON_PATCH_NOT_MOVABLE;
        return put_relative(code, conditional, 2, target) == 0 ? REASON_NONE : REASON_PATCH_TOO_FAR;
    }
    size_t begins = code->count;
    put(code, (const void *)at, instruction->length);
    if (!(instruction->attributes & ZYDIS_ATTRIB_IS_RELATIVE))
        return REASON_NONE;
    if (instruction->raw.disp.size != 32)
        return REASON_PATCH_NOT_MOVABLE;
    uintptr_t target = at + instruction->length + (uintptr_t)instruction->raw.disp.value;
    intptr_t distance = (intptr_t)(target - (code->at + code->count));
    int32_t near = (int32_t)distance;
    memcpy(code->bytes + begins + instruction->raw.disp.offset, &near, sizeof near);
    return near == distance ? REASON_NONE : REASON_PATCH_TOO_FAR;
}

/* The first instructions, from `entry` on, until there is room for a jump. *behind receives where what follows begins. */
static enum reason move_beginning(const struct patch *patch, uintptr_t entry, struct code *code, uintptr_t *behind) {
    uintptr_t at = entry, end = patch->function + patch->bytes;
    enum reason why = REASON_NONE;
    while (!why && at - entry < JUMP_BYTES) {
        ZydisDecodedInstruction instruction;
        if (!decode(at, end, &instruction))
            return REASON_PATCH_TOO_SHORT;
        why = move(code, at, &instruction);
        at += instruction.length;
        if (!why && instruction.meta.category == ZYDIS_CATEGORY_UNCOND_BR && at - entry < JUMP_BYTES)
            why = REASON_PATCH_NOT_MOVABLE;
    }
    *behind = at;
    if (!why)
        put_far_jump(code, (const void *)at);
    return why;
}

/* ---- who jumps there ---- */

/* Inside the function each instruction is looked at. To its very beginning would be a loop, counted in each round. */
static int is_jumped_into_from_inside(const struct patch *patch, struct range taken) {
    uintptr_t end = patch->function + patch->bytes;
    ZydisDecodedInstruction instruction;
    for (uintptr_t at = patch->function; at < end; at += instruction.length) {
        if (!decode(at, end, &instruction))
            return 1; /* can't be told */
        uintptr_t target = is_branch(&instruction) ? branch_target(at, &instruction) : 0;
        int is_call = instruction.meta.category == ZYDIS_CATEGORY_CALL;
        if (target >= patch->function && target < taken.hi && !(is_call && target == patch->function))
            return 1;
    }
    return 0;
}

static int32_t distance_at(uintptr_t at) {
    int32_t distance;
    memcpy(&distance, (const void *)at, sizeof distance);
    return distance;
}

/* Do these bytes end like a jump or call whose distance follows? */
static int is_before_distance(const unsigned char *end) {
    return end[-1] == 0xe8 || end[-1] == 0xe9 || (end[-2] == 0x0f && (end[-1] & 0xf0) == 0x80);
}

/* Elsewhere in the module: whatever looks like a jump there. It may be none, and the function is left alone all the same. */
static int is_jumped_into_from_outside(const struct patch *patch, struct range taken) {
    for (uintptr_t at = patch->code.lo + 2; at + 4 <= patch->code.hi; at++) {
        uintptr_t target = at + 4 + (uintptr_t)(intptr_t)distance_at(at);
        int is_inside = at + 4 > patch->function && at < patch->function + patch->bytes;
        if (target > patch->function && target < taken.hi && !is_inside && is_before_distance((const void *)at))
            return 1;
    }
    return 0;
}

/* ---- room near the function ---- */

static uintptr_t map_at(uintptr_t at) {
    if (at % PAGE || at >> HEAP_ADDRESS_BITS)
        return 0;
    long result =
        sys(SYS_mmap, at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (!sys_failed(result) && (uintptr_t)result != at)
        sys(SYS_munmap, result, PAGE); /* an old kernel */
    return (uintptr_t)result == at ? at : 0;
}

static int is_near(uintptr_t a, uintptr_t b) {
    return (a > b ? a - b : b - a) < NEAR_MAX;
}

/* The page that has a free slot near `code`, made if there is none; NULL: there is no room. */
static struct gates *gates_near(const struct range *code) {
    for (unsigned i = 0; i < gates_count; i++)
        if (gates[i].used < SLOTS && is_near(gates[i].at, code->lo) && is_near(gates[i].at, code->hi))
            return &gates[i];
    uintptr_t at = 0, below = code->lo & ~(uintptr_t)(PAGE - 1), above = (code->hi + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    for (uintptr_t apart = NEAR_MIN; !at && apart < NEAR_MAX && gates_count < PAGES_MAX; apart *= 2) {
        at = below > apart ? map_at(below - apart) : 0;
        at = at ? at : map_at(above + apart);
    }
    if (!at)
        return NULL;
    gates[gates_count] = (struct gates){.at = at};
    return &gates[gates_count++];
}

/* ---- the change ---- */

static void note_thread(void *context, const char *name) {
    *(int *)context += proc_number(name) != 0;
}

static int is_alone(void) {
    int threads = 0;
    return proc_each("/proc/self/task", note_thread, &threads) == 0 && threads == 1;
}

/* Pages are writable or executable, never both: hardened systems forbid it. returns 0, or -1: nothing is changed */
static int write_code(uintptr_t at, const void *bytes, size_t count) {
    uintptr_t lo = at & ~(uintptr_t)(PAGE - 1), hi = (at + count + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    unsigned long all = ~0ul, before = 0;
    sys(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, 8); /* a handler may be in these pages */
    long result = sys(SYS_mprotect, lo, hi - lo, PROT_READ | PROT_WRITE);
    if (!sys_failed(result)) {
        memcpy((void *)at, bytes, count);
        result = sys(SYS_mprotect, lo, hi - lo, PROT_READ | PROT_EXEC);
    }
    sys(SYS_rt_sigprocmask, SIG_SETMASK, &before, 0, 8);
    return sys_failed(result) ? -1 : 0;
}

static uintptr_t behind_mark(uintptr_t function) {
    return memcmp((const void *)function, "\xf3\x0f\x1e\xfa", 4) == 0 ? function + 4 : function; /* endbr64 */
}

static enum reason change(const struct patch *patch, struct gates *page) {
    uintptr_t entry = behind_mark(patch->function), gate = page->at + page->used * SLOT_BYTES, behind;
    struct code beginning = {.at = gate + GATE_BYTES}, slot = {.at = gate}, jump = {.at = entry};
    enum reason why = move_beginning(patch, entry, &beginning, &behind);
    if (why)
        return why;
    struct range taken = {entry, behind};
    if (is_jumped_into_from_inside(patch, taken) || is_jumped_into_from_outside(patch, taken))
        return REASON_PATCH_JUMPED_INTO;
    const struct stub_call *call = stub_patched((void *)beginning.at, patch->rule, patch->wants_result);
    if (!call)
        return REASON_PATCH_NO_ROOM;
    put_gate(&slot, call);
    put(&slot, beginning.bytes, beginning.count);
    if (put_relative(&jump, "\xe9", 1, gate) != 0)
        return REASON_PATCH_NO_PAGE;
    if (write_code(gate, slot.bytes, slot.count) != 0 || write_code(entry, jump.bytes, jump.count) != 0)
        return REASON_PATCH_FORBIDDEN;
    page->used++;
    return REASON_NONE;
}

enum reason patch_entry(const struct patch *patch) {
    if (!zydis.is_ready)
        return REASON_PATCH_NO_DECODER;
    if (!stub_can_patch())
        return REASON_PATCH_NO_XSAVE;
    if (!patch->bytes || patch->function < patch->code.lo || patch->function + patch->bytes > patch->code.hi)
        return REASON_PATCH_NO_SIZE;
    if (!is_alone())
        return REASON_PATCH_NOT_ALONE;
    struct gates *page = gates_near(&patch->code);
    return page ? change(patch, page) : REASON_PATCH_NO_PAGE;
}

int patch_is_done(uintptr_t function) {
    uintptr_t entry = behind_mark(function);
    if (*(const unsigned char *)entry != 0xe9)
        return 0;
    uintptr_t gate = entry + JUMP_BYTES + (uintptr_t)(intptr_t)distance_at(entry + 1);
    for (unsigned i = 0; i < gates_count; i++)
        if (gate - gates[i].at < gates[i].used * SLOT_BYTES)
            return 1;
    return 0;
}

#else

void patch_init(void) {
}
enum reason patch_entry(const struct patch *patch) {
    (void)patch;
    return REASON_PATCH_NO_STUBS;
}
int patch_is_done(uintptr_t function) {
    (void)function;
    return 0;
}

#endif
