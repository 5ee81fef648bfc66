/* test_site.c - each stack once, whole again whatever it shares with others, and forgotten with its module.
 *
 * Linked with preload/site.o and -lcheck; memory and modules are ours. */
#include "preload/contexts.h"
#include "preload/lock.h"
#include "preload/module.h"
#include "preload/pages.h"
#include "preload/site.h"
#include "preload/unwind.h"
#include "tests/unit/suite.h"

#include <string.h>
#include <sys/mman.h>

enum { MODULES = 4, MODULE_BYTES = 1 << 20, STACKS = 5000 };

/* ---- neighbours ---- */

static unsigned long allocations, refused_at = -1ul; /* this one is refused */
static size_t bytes_given;
static struct module modules[MODULES];
static int is_known[MODULES]; /* code of one that is not is nobody's */

_Atomic int lock_words[LOCK_COUNT];

/* What it returns is kept until the test's process ends. Like the real one it begins at multiples of 16 only. */
void *pages_alloc_dense(size_t bytes) {
    static char *next, *end;
    bytes = (bytes + 15) & ~(size_t)15;
    if (allocations++ == refused_at)
        return NULL;
    if ((size_t)(end - next) < bytes) {
        size_t block = bytes > 1 << 24 ? bytes : 1 << 24;
        next = mmap(NULL, block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(next, MAP_FAILED);
        end = next + block;
    }
    bytes_given += bytes;
    next += bytes;
    return next - bytes;
}
void pages_populate(void *memory, size_t bytes) {
    (void)memory, (void)bytes;
}
void contexts_forget_stale_locked(void) {
}
void contexts_forget_all(void) {
}
void unwind_forget_rules(uintptr_t lo, uintptr_t hi) {
    (void)lo, (void)hi;
}
const struct module *module_table(size_t *count) {
    *count = MODULES;
    return modules;
}
/* Code of module i begins at (i + 1) * MODULE_BYTES. */
void modules_of_locked(const uint64_t *frames, size_t count, uint16_t *numbers) {
    for (size_t i = 0; i < count; i++) {
        size_t module = (frames[i] & ~FRAME_EXACT) / MODULE_BYTES - 1;
        numbers[i] = (uint16_t)(module < MODULES && is_known[module] ? module : MODULE_NONE);
    }
}
size_t module_sweep_locked(struct range *closed, size_t max) {
    size_t count = 0;
    for (size_t i = 0; i < MODULES && count < max; i++)
        if (modules[i].closed == 2) { /* about to be noticed */
            modules[i].closed = 1;
            closed[count++] = (struct range){modules[i].lo, modules[i].hi};
        }
    return count;
}
size_t module_replaced_locked(const uint64_t *frames, size_t frame_count, struct range *closed, size_t max) {
    (void)frames, (void)frame_count;
    return module_sweep_locked(closed, max);
}

/* ---- stacks ---- */

struct stack {
    uint64_t frames[CAPTURE_FRAMES_MAX];
    size_t count;
};

static uint64_t code(size_t module, size_t offset) {
    return (module + 1) * MODULE_BYTES + offset;
}

/* The numbers of a stack's places, innermost first: as digits of `path`. All end with the same few. */
static struct stack stack_of(unsigned path, size_t count) {
    struct stack stack = {.count = count};
    for (size_t i = 0; i < count; i++, path /= 4)
        stack.frames[i] = code(i % MODULES, 0x100 * i + path % 4);
    return stack;
}

static uint32_t intern(const struct stack *stack) {
    return site_intern(stack->frames, stack->count);
}

static void check_site(uint32_t id, const struct stack *stack) {
    const struct site *site = site_get(id);
    uint64_t room[CAPTURE_FRAMES_MAX];
    ck_assert_uint_eq(site->count, stack->count);
    const uint64_t *frames = site_frames(site, room);
    for (size_t i = 0; i < stack->count; i++) {
        uint16_t module;
        modules_of_locked(&stack->frames[i], 1, &module);
        ck_assert_uint_eq(frames[i], stack->frames[i]);
        ck_assert_uint_eq(site_frame(site, i), stack->frames[i]);
        ck_assert_uint_eq(site_module(site, i), module);
        ck_assert(site_has_outer(site, i, stack->frames + i, stack->count - i));
        ck_assert(!site_has_outer(site, i, stack->frames, stack->count - i) || !i);
        ck_assert(!site_has_outer(site, i + 1, stack->frames + i, stack->count - i));
    }
}

static void begin(void) {
    for (size_t i = 0; i < MODULES; i++) {
        modules[i] = (struct module){.lo = code(i, 0), .hi = code(i + 1, 0)};
        is_known[i] = 1;
    }
}

START_TEST (each_stack_is_one_site_and_whole) {
    static struct stack stacks[STACKS];
    uint32_t ids[STACKS], state = 1;
    begin();
    for (size_t i = 0; i < STACKS; i++) {
        state = state * 1664525 + 1013904223;
        stacks[i] = stack_of((unsigned)i / 3, i % 7 ? 12 + state % 3 : (state >> 16) % (CAPTURE_FRAMES_MAX + 1));
        ids[i] = intern(&stacks[i]);
        ck_assert_uint_ne(ids[i], 0);
    }
    for (size_t i = 0; i < STACKS; i++) {
        check_site(ids[i], &stacks[i]);
        ck_assert_uint_eq(intern(&stacks[i]), ids[i]);
    }
    for (size_t i = 1; i < STACKS; i++)
        for (size_t j = i > 20 ? i - 20 : 0; j < i; j++)
            ck_assert((ids[i] == ids[j]) == (stacks[i].count == stacks[j].count &&
                                             !memcmp(stacks[i].frames, stacks[j].frames, sizeof stacks[i].frames)));
}
END_TEST

START_TEST (what_stacks_have_in_common_is_kept_once) {
    enum { FRAMES = 40, CHANGED = 3, COUNT = 1000, TABLES = (COUNT * 2 * 2 + 512 * 2 + 4096) * sizeof(uint64_t) };
    begin();
    for (unsigned i = 0; i < COUNT; i++) {
        struct stack stack = stack_of(i % 64, FRAMES);
        stack.frames[0] = code(0, 0x10000 + i);
        ck_assert_uint_ne(intern(&stack), 0);
    }
    size_t each = sizeof(struct site) + CHANGED * (sizeof(uint64_t) + sizeof(uint16_t)) + 16;
    ck_assert_uint_lt(bytes_given, COUNT * each + TABLES);
}
END_TEST

START_TEST (stacks_through_a_closed_module_are_others_when_they_come_again) {
    begin();
    struct stack stack = stack_of(0, 8), inner = stack_of(1, 8), untouched = {.frames = {code(0, 1)}, .count = 1};
    uint32_t whole = intern(&stack), shared = intern(&inner), other = intern(&untouched);
    ck_assert_uint_lt(site_get(shared)->own, site_get(shared)->count);
    modules[3].closed = 2;
    site_modules_closed();
    ck_assert(site_get(whole)->stale && site_get(shared)->stale && !site_get(other)->stale);
    modules[3].closed = 0;
    ck_assert_uint_ne(intern(&stack), whole);
    ck_assert_uint_ne(intern(&inner), shared);
    ck_assert_uint_eq(intern(&untouched), other);
    check_site(whole, &stack);
    check_site(shared, &inner);
}
END_TEST

START_TEST (frames_of_no_module_are_looked_up_anew) {
    begin();
    is_known[2] = 0;
    struct stack before = stack_of(0, 8), after = stack_of(1, 8);
    check_site(intern(&before), &before);
    is_known[2] = 1;
    check_site(intern(&after), &after);
}
END_TEST

START_TEST (a_refused_site_changes_nothing) {
    begin();
    struct stack first = stack_of(0, 8), second = stack_of(1, 8);
    for (unsigned long i = 0; i < 3; i++) { /* the table, the pointers, the site */
        refused_at = allocations + i;
        ck_assert_uint_eq(intern(&first), 0);
        ck_assert_uint_eq(site_count(), 0);
        allocations = refused_at + 1;
        site_forget_all();
    }
    check_site(intern(&first), &first);
    check_site(intern(&second), &second);
    ck_assert_uint_eq(intern(&first), 1);
    ck_assert_uint_eq(site_count(), 2);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("site");
    TCase *tests = tcase_create("site");
    tcase_add_test(tests, each_stack_is_one_site_and_whole);
    tcase_add_test(tests, what_stacks_have_in_common_is_kept_once);
    tcase_add_test(tests, stacks_through_a_closed_module_are_others_when_they_come_again);
    tcase_add_test(tests, frames_of_no_module_are_looked_up_anew);
    tcase_add_test(tests, a_refused_site_changes_nothing);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
