/* test_contexts.c - the tree of stacks: which site, and what is left when memory is refused.
 *
 * Linked with preload/contexts.o and -lcheck; memory and sites are ours. */
#include "preload/contexts.h"
#include "preload/lock.h"
#include "preload/pages.h"
#include "preload/site.h"
#include "tests/unit/suite.h"

#include <string.h>
#include <sys/mman.h>

enum { FRAMES = 6, STACKS = 6000, CODE = 0x400000 };

/* ---- neighbours ---- */

static unsigned long allocations, refused_at = -1ul; /* this one is refused */
static long lent;                                    /* blocks */
static struct site sites[STACKS + 1];

_Atomic int lock_words[LOCK_COUNT];

/* What it returns is kept until the test's process ends. */
static void *alloc(size_t bytes) {
    if (allocations++ == refused_at)
        return NULL;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    return memory;
}
void *pages_alloc_dense(size_t bytes) {
    return alloc(bytes);
}
void pages_populate(void *memory, size_t bytes) {
    (void)memory, (void)bytes;
}
static void *lend(void *context, size_t bytes) {
    (void)context;
    void *block = alloc(bytes);
    lent += block != NULL;
    return block;
}
void pages_loan(struct arena *arena, void **loans) {
    *loans = NULL;
    *arena = (struct arena){.more = lend, .block_bytes = 1};
}
void pages_loan_return(void **loans) {
    *loans = NULL;
    lent = 0;
}
const struct site *site_get(uint32_t id) {
    return &sites[id];
}

/* ---- stacks ---- */

struct stack {
    uint64_t frames[FRAMES], hashes[FRAMES];
    uint32_t nodes[FRAMES + 1];
};

/* The stacks' outer frames are those of others, the more the further out. */
static struct stack stack_of(uint32_t number) {
    struct stack stack = {0};
    uint64_t hash = 0;
    for (size_t i = FRAMES; i-- > 0; stack.hashes[i] = hash) {
        stack.frames[i] = CODE + 0x1000 * i + (number >> 2 * i);
        hash = site_hash_step(hash, stack.frames[i]);
    }
    return stack;
}

static uint32_t site_of(uint32_t number) {
    struct stack stack = stack_of(number);
    return contexts_site(stack.frames, stack.hashes, stack.nodes, FRAMES);
}
static int enter(uint32_t number, uint32_t site) {
    struct stack stack = stack_of(number);
    return contexts_enter(stack.frames, stack.hashes, stack.nodes, FRAMES, site);
}

/* From here on the tree is empty. */
static void begin(void) {
    contexts_forget_all();
    memset(sites, 0, sizeof sites);
}

/* Stack i has site i + 1. returns  how many there was room for: all that come first */
static uint32_t enter_all(void) {
    uint32_t count = 0;
    while (count < STACKS && enter(count, count + 1) == 0)
        count++;
    return count;
}
static void check_all(uint32_t known) {
    for (uint32_t i = 0; i < STACKS; i++)
        ck_assert_uint_eq(site_of(i), i < known ? i + 1 : 0);
    ck_assert_int_eq(lent, 0);
    ck_assert_int_eq(lock_words[LOCK_SITE], 0);
}

/* ---- */

START_TEST (each_stack_has_its_site) {
    begin();
    ck_assert_uint_eq(site_of(0), 0);
    ck_assert_uint_eq(enter_all(), STACKS);
    check_all(STACKS);
}
END_TEST

START_TEST (the_frames_that_changed_are_enough) {
    begin();
    struct stack one = stack_of(5), two = stack_of(6);
    ck_assert_int_eq(contexts_enter(one.frames, one.hashes, one.nodes, FRAMES, 1), 0);
    two.nodes[2] = one.nodes[2];
    ck_assert_int_eq(contexts_enter(two.frames, two.hashes, two.nodes, 2, 2), 0);
    ck_assert_uint_eq(site_of(5), 1);
    ck_assert_uint_eq(site_of(6), 2);
    two.nodes[0] = 0;
    ck_assert_uint_eq(contexts_site(two.frames, two.hashes, two.nodes, 2), 2);
    ck_assert_uint_ne(two.nodes[0], 0);
    ck_assert_uint_ne(two.nodes[0], one.nodes[0]);
}
END_TEST

START_TEST (an_exact_frame_stands_in_no_tree) {
    begin();
    struct stack stack = stack_of(1);
    stack.frames[3] |= FRAME_EXACT;
    ck_assert_int_eq(contexts_enter(stack.frames, stack.hashes, stack.nodes, FRAMES, 1), -1);
    ck_assert_uint_eq(contexts_site(stack.frames, stack.hashes, stack.nodes, FRAMES), 0);
    ck_assert_int_eq(enter(1, 1), 0);
    ck_assert_uint_eq(site_of(1), 1);
}
END_TEST

START_TEST (a_stale_site_makes_way_for_another) {
    begin();
    enter(1, 1);
    enter(2, 2);
    sites[1].stale = 1;
    contexts_forget_stale_locked();
    ck_assert_uint_eq(site_of(1), 0);
    ck_assert_uint_eq(site_of(2), 2);
    ck_assert_int_eq(enter(1, 1), 0); /* what became stale meanwhile */
    ck_assert_uint_eq(site_of(1), 0);
    ck_assert_int_eq(enter(1, 3), 0);
    ck_assert_uint_eq(site_of(1), 3);
}
END_TEST

START_TEST (what_is_there_stays_when_memory_is_refused) {
    begin();
    unsigned long before = allocations;
    enter_all();
    unsigned long count = allocations - before;
    enum { EACH_GROWTH = 3 };
    ck_assert_uint_ge(count, 3 * EACH_GROWTH);
    for (unsigned long i = 0; i < count; i++) {
        begin();
        refused_at = allocations + i;
        uint32_t known = enter_all();
        ck_assert_uint_lt(known, STACKS);
        ck_assert_int_eq(known > 0, i >= EACH_GROWTH);
        ck_assert_int_eq(enter(known, known + 1), -1); /* and no more comes */
        check_all(known);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("contexts");
    TCase *tests = tcase_create("contexts");
    tcase_add_test(tests, each_stack_has_its_site);
    tcase_add_test(tests, the_frames_that_changed_are_enough);
    tcase_add_test(tests, an_exact_frame_stands_in_no_tree);
    tcase_add_test(tests, a_stale_site_makes_way_for_another);
    tcase_add_test(tests, what_is_there_stays_when_memory_is_refused);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
