/* learn.c - ask libunwind what it knows of a code address.
 *
 * libunwind's generic flavour walks *any* address space through callbacks. A rule is learnt by letting it make one step
 * in an imaginary one: the stack pointer and the frame pointer hold two far-apart made-up values, and every word of the
 * imaginary stack reads as a value that names its own address. Where the step ends up tells which register the caller's
 * stack pointer was computed from and which words were read. The same callbacks on the real stack give libunwind's own
 * walk, for the stacks that the rules can't express.
 *
 * Owns:    the handle on libunwind (opened RTLD_LOCAL: its _Unwind_* names must not get between the program and
 *          libgcc's).
 * Never:   takes the loader's lock after learn_init(): unwind tables are found by _dl_find_object.
 * Start:   learn_rule(). Runs under the learn lock. */
#include "unwind.h"

#include <dlfcn.h>
#include <errno.h>
#include <libunwind.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "bind.h"
#include "hooks.h"
#include "module.h"
#include "thread.h"

#define TEXT_(name) #name
#define TEXT(name) TEXT_(name)

#if defined(__x86_64__)
#define LIBRARY "libunwind-x86_64.so.8"
enum { REGISTER_BP = UNW_X86_64_RBP };
#else
#define LIBRARY "libunwind-aarch64.so.8"
enum { REGISTER_BP = UNW_AARCH64_X29 };
#endif

extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t, unw_word_t, unw_dyn_info_t *, unw_proc_info_t *, int,
                                              void *);

#define FUNCTIONS(X)                                                                                                   \
    X(create_addr_space)                                                                                               \
    X(init_remote)                                                                                                     \
    X(step)                                                                                                            \
    X(get_reg)                                                                                                         \
    X(set_caching_policy)                                                                                              \
    X(dwarf_search_unwind_table)

static struct {
#define X(name) __typeof__(UNW_OBJ(name)) *name;
    FUNCTIONS(X)
#undef X
} libunwind;
static unw_addr_space_t space;

/* What the callbacks read: an imaginary stack, or (real != NULL) the thread's own from some frame up. */
struct memory {
    const struct callee_saved *real;
    uintptr_t real_hi; /* words in [real->sp, real_hi) are read directly; 0: unknown, the kernel is asked */
    uintptr_t pc;
    struct range module; /* the one that was read last; it stays open while the walk stands in it */
    int has_table;       /* unwind data was found */
};

enum { WINDOW_BYTES = 1 << 28, WINDOW_SHIFT = 16, WORD_SHIFT = 56 };
#define IMAGINARY_SP 0x6a0000000000ull
#define IMAGINARY_BP 0x6b0000000000ull

/* A word of the imaginary stack names its place: tag, which base, distance from it (plus WINDOW_BYTES), and 16 low bits
 * of room for a constant that the rule adds. A word read *through* such a value keeps all bits but the tag. */
enum { TAG_WORD = 0x5a, TAG_WORD_OF_WORD = 0x5b };
#define BASE_BIT (1ull << 55)
#define BELOW_TAG ((1ull << WORD_SHIFT) - 1)

static int near(uintptr_t address, uintptr_t base) {
    return address - (base - WINDOW_BYTES) < 2ull * WINDOW_BYTES;
}
static int has_tag(uintptr_t word, unsigned tag) {
    return word >> WORD_SHIFT == tag;
}
static uintptr_t name_word(uintptr_t address) {
    int by_sp = near(address, IMAGINARY_SP);
    uintptr_t distance = address - (by_sp ? IMAGINARY_SP : IMAGINARY_BP) + WINDOW_BYTES;
    return (uintptr_t)TAG_WORD << WORD_SHIFT | (by_sp ? 0 : BASE_BIT) | distance << WINDOW_SHIFT;
}
/* Distance of a named word's place from its base. */
static intptr_t named_distance(uintptr_t word) {
    uintptr_t rounded = word + (1u << (WINDOW_SHIFT - 1));
    return (intptr_t)((rounded & (BASE_BIT - 1)) >> WINDOW_SHIFT) - WINDOW_BYTES;
}

/* ---- callbacks ---- */

/* .eh_frame_hdr: version, three encodings, eh_frame pointer, count, sorted table. Source: LSB, "Exception Frames" */
struct table_entry {
    int32_t code, description; /* from the header's start */
};

/* The last entry whose code begins at or before `offset`, or NULL. libunwind would search as well, but a word at a time
 * through access_mem(). */
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

static int find_proc_info(unw_addr_space_t as, unw_word_t ip, unw_proc_info_t *info, int need_unwind_info, void *arg) {
    struct memory *memory = arg;
    struct dl_find_object found;
    if (_dl_find_object((void *)ip, &found) != 0 || !found.dlfo_eh_frame)
        return -UNW_ENOINFO;
    const unsigned char *header = found.dlfo_eh_frame;
    enum { UDATA4 = 0x03, DATAREL_SDATA4 = 0x3b, PCREL_SDATA4 = 0x1b };
    if (header[0] != 1 || header[1] != PCREL_SDATA4 || header[2] != UDATA4 || header[3] != DATAREL_SDATA4)
        return -UNW_ENOINFO;
    uint32_t entries;
    memcpy(&entries, header + 8, sizeof entries);
    const struct table_entry *entry =
        entry_of((const struct table_entry *)(header + 12), entries, (intptr_t)(ip - (unw_word_t)header));
    if (!entry)
        return -UNW_ENOINFO;
    memory->module = (struct range){(uintptr_t)found.dlfo_map_start, (uintptr_t)found.dlfo_map_end};
    unw_dyn_info_t table = {
        .start_ip = (unw_word_t)found.dlfo_map_start,
        .end_ip = (unw_word_t)found.dlfo_map_end,
        .format = UNW_INFO_FORMAT_REMOTE_TABLE,
        .u.rti.segbase = (unw_word_t)header,
        .u.rti.table_data = (unw_word_t)entry,
        .u.rti.table_len = sizeof *entry / sizeof(unw_word_t),
    };
    int error = libunwind.dwarf_search_unwind_table(as, ip, &table, info, need_unwind_info, arg);
    memory->has_table = error >= 0;
    return error;
}

static void put_unwind_info(unw_addr_space_t as, unw_proc_info_t *info, void *arg) {
    (void)as;
    (void)info;
    (void)arg;
}

static int get_dyn_info_list_addr(unw_addr_space_t as, unw_word_t *address, void *arg) {
    (void)as;
    (void)address;
    (void)arg;
    return -UNW_ENOINFO;
}

/* A word from a stack whose end is not known. The kernel says whether it is there: it reads the new mask before it finds
 * that there is no such way to set it. (A call that every filter of system calls allows, unlike those made for this.) */
static int read_checked(uintptr_t address, unw_word_t *value) {
    enum { NO_WAY = -1, MASK_BYTES = sizeof *value };
    if (sys(SYS_rt_sigprocmask, NO_WAY, address, NULL, MASK_BYTES) != -EINVAL)
        return -UNW_EINVAL;
    memcpy(value, (const void *)address, sizeof *value);
    return 0;
}

static int access_mem(unw_addr_space_t as, unw_word_t address, unw_word_t *value, int write, void *arg) {
    (void)as;
    struct memory *memory = arg;
    if (write)
        return -UNW_EINVAL;
    if (address - memory->module.lo < memory->module.hi - memory->module.lo) {
        memcpy(value, (const void *)address, sizeof *value);
        return 0;
    }
    if (!memory->real && (near(address, IMAGINARY_SP) || near(address, IMAGINARY_BP))) {
        *value = name_word(address);
        return 0;
    }
    if (!memory->real && has_tag(address, TAG_WORD)) {
        *value = (uintptr_t)TAG_WORD_OF_WORD << WORD_SHIFT | (address & BELOW_TAG);
        return 0;
    }
    struct dl_find_object found;
    int is_stack = memory->real && address >= memory->real->sp && address + sizeof *value <= memory->real_hi;
    if (is_stack || _dl_find_object((void *)address, &found) == 0) {
        memcpy(value, (const void *)address, sizeof *value);
        return 0;
    }
    return memory->real ? read_checked(address, value) : -UNW_EINVAL;
}

static unw_word_t real_register(const struct callee_saved *from, unw_regnum_t number) {
#if defined(__x86_64__)
    switch (number) {
    case UNW_X86_64_RIP:
        return from->pc;
    case UNW_X86_64_RSP:
        return from->sp;
    case UNW_X86_64_RBX:
        return from->bx;
    case UNW_X86_64_RBP:
        return from->bp;
    case UNW_X86_64_R12:
        return from->r12;
    case UNW_X86_64_R13:
        return from->r13;
    case UNW_X86_64_R14:
        return from->r14;
    case UNW_X86_64_R15:
        return from->r15;
    default:
        return 0;
    }
#else
    if (number >= UNW_AARCH64_X19 && number <= UNW_AARCH64_X30)
        return from->x[number - UNW_AARCH64_X19];
    return number == UNW_REG_IP ? from->pc : number == UNW_REG_SP ? from->sp : 0;
#endif
}

static int access_reg(unw_addr_space_t as, unw_regnum_t number, unw_word_t *value, int write, void *arg) {
    (void)as;
    const struct memory *memory = arg;
    if (write)
        return -UNW_EREADONLYREG;
    if (memory->real)
        *value = real_register(memory->real, number);
    else if (number == UNW_REG_IP)
        *value = memory->pc;
    else
        *value = number == UNW_REG_SP ? IMAGINARY_SP : number == REGISTER_BP ? IMAGINARY_BP : 0;
    return 0;
}

static int access_fpreg(unw_addr_space_t as, unw_regnum_t number, unw_fpreg_t *value, int write, void *arg) {
    (void)as;
    (void)number;
    (void)value;
    (void)write;
    (void)arg;
    return -UNW_EBADREG;
}

static int resume(unw_addr_space_t as, unw_cursor_t *cursor, void *arg) {
    (void)as;
    (void)cursor;
    (void)arg;
    return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t as, unw_word_t ip, char *name, size_t bytes, unw_word_t *offset, void *arg) {
    (void)as;
    (void)ip;
    (void)name;
    (void)bytes;
    (void)offset;
    (void)arg;
    return -UNW_ENOINFO;
}

static unw_accessors_t accessors = {
    .find_proc_info = find_proc_info,
    .put_unwind_info = put_unwind_info,
    .get_dyn_info_list_addr = get_dyn_info_list_addr,
    .access_mem = access_mem,
    .access_reg = access_reg,
    .access_fpreg = access_fpreg,
    .resume = resume,
    .get_proc_name = get_proc_name,
};

/* libunwind opens a pipe at its first use, to test addresses with, in a flavour that we don't use. It gets none: the
 * program's descriptors stay its own. */
static __thread int pipe_refused;

EXPORT int pipe2(int descriptors[2], int flags) {
    long result = pipe_refused ? -EMFILE : sys(SYS_pipe2, descriptors, flags);
    if (!sys_failed(result))
        return 0;
    errno = (int)-result;
    return -1;
}

/* libunwind keeps signals away while it holds its lock. libc's sigprocmask leaves the two signals of libc's own unblocked,
 * whatever it is given, also when an old mask is put back: and the thread behind timer_create()'s SIGEV_THREAD lives by
 * blocking one of them, whose default is the end of the process. So libunwind's calls come here: signals are added to the
 * mask before, and afterwards it is exactly what it was. Source: glibc, nptl/pthread_sigmask.c */
static int mask_signals(int how, const sigset_t *set, sigset_t *old) {
    long result = sys(SYS_rt_sigprocmask, old ? SIG_BLOCK : how, set, old, 8);
    if (!sys_failed(result))
        return 0;
    errno = (int)-result;
    return -1;
}

int learn_init(void) {
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return -1;
#define X(name)                                                                                                        \
    libunwind.name = (__typeof__(libunwind.name))dlsym(library, TEXT(UNW_OBJ(name)));                                  \
    if (!libunwind.name)                                                                                               \
        return -1;
    FUNCTIONS(X)
#undef X
    bind_within((const void *)libunwind.step, "sigprocmask", (void *)mask_signals);
    space = libunwind.create_addr_space(&accessors, 0);
    if (!space)
        return -1;
    pipe_refused = 1;
    libunwind.set_caching_policy(space, UNW_CACHE_NONE);
    pipe_refused = 0;
    return 0;
}

void unwind_span(struct range *span) {
    module_span((const void *)libunwind.step, &span->lo, &span->hi);
}

/* ---- rules ---- */

static int fits_int16(intptr_t value) {
    return value == (int16_t)value;
}

/* The rule for the caller's stack pointer. returns 0, or -1: none of the known shapes */
static int cfa_rule(uintptr_t cfa, struct rule *rule) {
    if (near(cfa, IMAGINARY_SP) || near(cfa, IMAGINARY_BP)) {
        int by_sp = near(cfa, IMAGINARY_SP);
        rule->kind = by_sp ? RULE_SP : RULE_BP;
        rule->cfa_offset = (int32_t)(cfa - (by_sp ? IMAGINARY_SP : IMAGINARY_BP));
        return 0;
    }
    if (!has_tag(cfa, TAG_WORD))
        return -1;
    rule->kind = cfa & BASE_BIT ? RULE_BP_WORD : RULE_SP_WORD;
    rule->cfa_offset = (int32_t)named_distance(cfa);
    rule->cfa_add = (int16_t)(cfa & 0xffff);
    return 0;
}

/* Where `word` was read, relative to the cfa or to sp (*from_sp). returns 0, or -1: neither, or too far */
static int word_place(uintptr_t word, uintptr_t cfa, intptr_t *offset, int *from_sp) {
    *from_sp = 0;
    if (has_tag(word, TAG_WORD_OF_WORD))
        *offset = (intptr_t)(word & BELOW_TAG) - (intptr_t)(cfa & BELOW_TAG);
    else if (!has_tag(word, TAG_WORD))
        return -1;
    else {
        uintptr_t base = word & BASE_BIT ? IMAGINARY_BP : IMAGINARY_SP;
        *offset = named_distance(word);
        if (near(cfa, base))
            *offset -= (intptr_t)(cfa - base);
        else if (base == IMAGINARY_SP)
            *from_sp = 1;
        else
            return -1;
    }
    return fits_int16(*offset) ? 0 : -1;
}

/* Fill in what one step of `cursor` shows. returns 0, or -1: not expressible */
static int rule_from_step(unw_cursor_t *cursor, struct rule *rule) {
    unw_word_t cfa, pc, bp;
    if (libunwind.get_reg(cursor, UNW_REG_SP, &cfa) < 0 || libunwind.get_reg(cursor, UNW_REG_IP, &pc) < 0 ||
        libunwind.get_reg(cursor, REGISTER_BP, &bp) < 0)
        return -1;
    intptr_t offset;
    int pc_from_sp, bp_from_sp;
    if (cfa_rule(cfa, rule) != 0 || word_place(pc, cfa, &offset, &pc_from_sp) != 0)
        return -1;
    rule->ra_offset = (int16_t)offset;
    /* Only the kernel lays out a frame whose return address is not next to the caller's stack. */
    if (pc_from_sp)
        rule->flags |= RULE_FROM_SP | RULE_SIGNAL;
    if (bp == IMAGINARY_BP)
        return 0;
    if (word_place(bp, cfa, &offset, &bp_from_sp) != 0 || bp_from_sp != pc_from_sp)
        return -1;
    rule->bp_offset = (int16_t)offset;
    rule->flags |= RULE_BP_SAVED;
    return 0;
}

void learn_rule(uintptr_t pc, int exact, struct rule *rule) {
    int saved_errno = errno;
    *rule = (struct rule){.kind = RULE_SLOW};
    /* A return address can lie behind the end of its function: the call is what is looked up. */
    struct memory memory = {.pc = exact ? pc : pc - 1};
    struct dl_find_object found;
    unw_cursor_t cursor;
    if (_dl_find_object((void *)memory.pc, &found) != 0)
        rule->kind = RULE_NO_TABLE;
    else if (libunwind.init_remote(&cursor, space, &memory) == 0) {
        struct rule learnt = {.kind = RULE_SLOW};
        int step = libunwind.step(&cursor);
        if (!memory.has_table)
            rule->kind = exact ? RULE_SLOW : RULE_NO_TABLE;
        else if (step == 0)
            rule->kind = RULE_END;
        else if (step > 0 && rule_from_step(&cursor, &learnt) == 0)
            *rule = learnt;
    }
    errno = saved_errno;
}

/* ---- libunwind's own walk ---- */

static struct memory real_memory(const struct callee_saved *from) {
    struct thread_state *state = thread_self;
    uintptr_t hi = state ? state->stack_hi : 0;
    int own_stack = hi > from->sp && hi - from->sp < (1u << 30);
    return (struct memory){.real = from, .real_hi = own_stack ? hi : 0};
}

/* A frame that was only guessed may lead anywhere: code is read in modules alone. */
static int returns_from_signal(uintptr_t pc) {
    uintptr_t lo, hi;
    module_span((const void *)pc, &lo, &hi);
    return hi - pc > 16 && pc - lo < hi - lo && arch_is_signal_return(pc);
}

size_t unwind_slow(const struct callee_saved *from, uint64_t *frames, size_t max) {
    int saved_errno = errno;
    struct memory memory = real_memory(from);
    unw_cursor_t cursor;
    size_t count = 0;
    int exact = 0, walks = space && libunwind.init_remote(&cursor, space, &memory) == 0;
    while (walks) {
        unw_word_t pc;
        if (libunwind.get_reg(&cursor, UNW_REG_IP, &pc) < 0 || pc == 0)
            break;
        frames[count++] = pc | (exact ? FRAME_EXACT : 0);
        if (count == max)
            break;
        exact = returns_from_signal(pc);
        if (libunwind.step(&cursor) <= 0)
            break;
    }
    errno = saved_errno;
    return count;
}

static void registers_of(unw_cursor_t *cursor, struct callee_saved *out) {
    unw_word_t value = 0;
    memset(out, 0, sizeof *out);
    libunwind.get_reg(cursor, UNW_REG_IP, &value);
    out->pc = value;
    libunwind.get_reg(cursor, UNW_REG_SP, &value);
    out->sp = value;
#if defined(__x86_64__)
#define GET(field, number) out->field = libunwind.get_reg(cursor, number, &value) < 0 ? 0 : value
    GET(bx, UNW_X86_64_RBX);
    GET(bp, UNW_X86_64_RBP);
    GET(r12, UNW_X86_64_R12);
    GET(r13, UNW_X86_64_R13);
    GET(r14, UNW_X86_64_R14);
    GET(r15, UNW_X86_64_R15);
#undef GET
#endif
}

static int in_ranges(uintptr_t address, const struct range *ranges, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (address - ranges[i].lo < ranges[i].hi - ranges[i].lo)
            return 1;
    return 0;
}

int unwind_caller_of(const struct callee_saved *from, const struct range *functions, size_t count,
                     struct callee_saved *out) {
    int saved_errno = errno, result = -1;
    struct memory memory = real_memory(from);
    unw_cursor_t cursor;
    if (!space || libunwind.init_remote(&cursor, space, &memory) != 0)
        return -1;
    for (int depth = 0; depth < CAPTURE_FRAMES_MAX && result != 0; depth++) {
        unw_word_t pc = 0;
        if (libunwind.get_reg(&cursor, UNW_REG_IP, &pc) < 0 || pc == 0)
            break;
        int inside = in_ranges(pc - (depth > 0), functions, count);
        if (libunwind.step(&cursor) <= 0)
            break;
        if (inside) {
            registers_of(&cursor, out);
            result = 0;
        }
    }
    errno = saved_errno;
    return result;
}

int unwind_function(uintptr_t pc, uintptr_t *lo, uintptr_t *hi) {
    struct memory memory = {.pc = pc};
    unw_proc_info_t info;
    if (!space || find_proc_info(space, pc, &info, 0, &memory) < 0)
        return -1;
    *lo = info.start_ip;
    *hi = info.end_ip;
    return 0;
}
