/* frames_check.c - libunwind judges the fast walk; empty but in a checking build.
 *
 * libunwind's generic flavour walks the thread's stack through callbacks, so that it takes no lock of the loader's.
 *
 * Owns:    the tally, the first differing stacks, the handle on libunwind (opened RTLD_LOCAL: its _Unwind_* names must not
 *          get between the program and libgcc's).
 * Never:   part of a library that is installed: it takes a lock at every allocation, and prints.
 * Start:   frames_check(). */
#include "frames_check.h"

#ifdef CASTAWAY_FRAMES_CHECK

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libunwind.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lock.h"

#define TEXT_(name) #name
#define TEXT(name) TEXT_(name)

#if defined(__x86_64__)
#define LIBRARY "libunwind-x86_64.so.8"
#else
#define LIBRARY "libunwind-aarch64.so.8"
#endif

enum { KEPT = 8, OWN_FRAMES = 12, KNOWN_PAGES = 256 };

static _Atomic uint64_t compared, differing;
static struct kept {
    size_t fast_count, slow_count;
    uint64_t fast[CAPTURE_FRAMES_MAX], slow[CAPTURE_FRAMES_MAX];
} kept[KEPT];

/* ---- libunwind's walk ---- */

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

static int find_proc_info(unw_addr_space_t as, unw_word_t ip, unw_proc_info_t *info, int need_unwind_info, void *arg) {
    struct dl_find_object found;
    if (_dl_find_object((void *)ip, &found) != 0 || !found.dlfo_eh_frame)
        return -UNW_ENOINFO;
    const unsigned char *header = found.dlfo_eh_frame;
    uint32_t entries;
    memcpy(&entries, header + 8, sizeof entries);
    unw_dyn_info_t table = {
        .start_ip = (unw_word_t)found.dlfo_map_start,
        .end_ip = (unw_word_t)found.dlfo_map_end,
        .format = UNW_INFO_FORMAT_REMOTE_TABLE,
        .u.rti.segbase = (unw_word_t)header,
        .u.rti.table_data = (unw_word_t)(header + 12),
        .u.rti.table_len = entries,
    };
    return libunwind.dwarf_search_unwind_table(as, ip, &table, info, need_unwind_info, arg);
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

/* A walk reads tables byte by byte: pages that it has read from once are there until it ends. */
static struct known_page {
    uintptr_t number;
    uint64_t walk;
} known_pages[KNOWN_PAGES];
static uint64_t walks;

/* Is `bytes` of memory at `address` there? The kernel says so (learn.c). */
static int is_there(uintptr_t address, size_t bytes) {
    enum { NO_WAY = -1, PAGE_SHIFT = 12, PAGE_BYTES = 1 << PAGE_SHIFT };
    struct known_page *page = &known_pages[(address >> PAGE_SHIFT) % KNOWN_PAGES];
    int is_in_page = address % PAGE_BYTES <= PAGE_BYTES - bytes;
    if (is_in_page && page->walk == walks && page->number == address >> PAGE_SHIFT)
        return 1;
    if (sys(SYS_rt_sigprocmask, NO_WAY, address, NULL, bytes) != -EINVAL)
        return 0;
    if (is_in_page)
        *page = (struct known_page){address >> PAGE_SHIFT, walks};
    return 1;
}

static int access_mem(unw_addr_space_t as, unw_word_t address, unw_word_t *value, int write, void *arg) {
    (void)as;
    (void)arg;
    if (write || !is_there(address, sizeof *value))
        return -UNW_EINVAL;
    memcpy(value, (const void *)address, sizeof *value);
    return 0;
}

/* libunwind's numbers are DWARF's. */
static unw_word_t real_register(const struct callee_saved *from, unw_regnum_t number) {
    switch (number) {
#define X(number, name)                                                                                                \
    case number:                                                                                                       \
        return from->name;
        ARCH_CALLEE_SAVED(X)
#undef X
    default:
        return 0;
    }
}

static int access_reg(unw_addr_space_t as, unw_regnum_t number, unw_word_t *value, int write, void *arg) {
    (void)as;
    if (write)
        return -UNW_EREADONLYREG;
    *value = real_register(arg, number);
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

void frames_check_init(void) {
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return;
#define X(name) libunwind.name = (__typeof__(libunwind.name))dlsym(library, TEXT(UNW_OBJ(name)));
    FUNCTIONS(X)
#undef X
    space = libunwind.create_addr_space(&accessors, 0);
    libunwind.set_caching_policy(space, UNW_CACHE_NONE);
}

static size_t walk(struct callee_saved *from, uint64_t *frames, size_t max) {
    unw_cursor_t cursor;
    size_t count = 0;
    int exact = 0, goes_on = space && libunwind.init_remote(&cursor, space, from) == 0;
    walks++;
    while (goes_on) {
        unw_word_t pc;
        if (libunwind.get_reg(&cursor, UNW_REG_IP, &pc) < 0 || pc == 0)
            break;
        frames[count++] = pc | (exact ? FRAME_EXACT : 0);
        if (count == max)
            break;
        exact = learn_returns_from_signal(pc);
        if (libunwind.step(&cursor) <= 0)
            break;
    }
    return count;
}

/* ---- the comparison ---- */

void frames_check(const uint64_t *frames, size_t count) {
    const size_t max = CAPTURE_FRAMES_MAX;
    uint64_t walked[CAPTURE_FRAMES_MAX + OWN_FRAMES];
    struct callee_saved here;
    arch_callee_saved(&here);
    lock_take(LOCK_LEARN);
    size_t slow = walk(&here, walked, max + OWN_FRAMES), skip = 0;
    lock_release(LOCK_LEARN);
    while (skip < slow && walked[skip] != frames[0])
        skip++;
    slow -= skip;
    if (slow > max)
        slow = max;
    atomic_fetch_add(&compared, 1);
    if (slow == count && memcmp(frames, walked + skip, count * sizeof *frames) == 0)
        return;
    uint64_t number = atomic_fetch_add(&differing, 1);
    if (number >= KEPT)
        return;
    kept[number].fast_count = count;
    kept[number].slow_count = slow;
    memcpy(kept[number].fast, frames, count * sizeof *frames);
    memcpy(kept[number].slow, walked + skip, slow * sizeof *frames);
}

static void print_stack(int file, const char *name, const uint64_t *frames, size_t count) {
    dprintf(file, " %s", name);
    for (size_t i = 0; i < count; i++)
        dprintf(file, " %llx%s", (unsigned long long)(frames[i] & ~FRAME_EXACT), frames[i] & FRAME_EXACT ? "!" : "");
    dprintf(file, "\n");
}

void frames_check_site(uint32_t site) {
    uint64_t frames[CAPTURE_FRAMES_MAX];
    frames_check(site_frames(site_get(site), frames), site_get(site)->count);
}

void frames_check_report(char **environment) {
    static const char name[] = "CASTAWAY_FRAMES_LOG=";
    for (; environment && *environment && strncmp(*environment, name, sizeof name - 1) != 0; environment++) {
    }
    if (!environment || !*environment)
        return;
    int file = open(*environment + sizeof name - 1, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return;
    dprintf(file, "compared %llu differing %llu\n", (unsigned long long)compared, (unsigned long long)differing);
    for (uint64_t i = 0; i < differing && i < KEPT; i++) {
        print_stack(file, "fast", kept[i].fast, kept[i].fast_count);
        print_stack(file, "slow", kept[i].slow, kept[i].slow_count);
    }
    close(file);
}

#endif
