/* test_audit.c - the second proof: what reference counts say against what marking reaches.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck. */
#include "analysis/audit.h"
#include "analysis/verdict.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

static struct heap_build *build;
static uintptr_t *roots;
static struct counts counts;
static struct marks marks;
static struct audit audit;
static struct verdicts verdicts;

static void setup(void) {
    build = heap_build_new(64 << 20);
    roots = heap_build_gap(build, 16 * sizeof *roots);
    counts_begin(&counts, &build->arena);
}
static void teardown(void) {
    heap_build_free(build);
}

static uintptr_t *counted(int64_t count, uint8_t all) {
    uintptr_t *object = heap_build_object(build, 32, 7);
    struct counted item = {.id = heap_build_id(build, object),
                           .count = count,
                           .source = COUNT_MEMORY,
                           .all = all,
                           .exact = 1,
                           .collected = 1};
    ck_assert_int_eq(counts_add(&counts, &item), 0);
    return object;
}

static void judge(unsigned root_flags) {
    struct root root = {(uintptr_t)roots, (uintptr_t)(roots + 16), root_flags};
    struct verdict_times times = {.now.number = 1, .audit = &audit};
    heap_build_freeze(build);
    for (size_t i = 0; i < counts.count; i++)
        if (counts.item[i].all)
            ck_assert_int_eq(counts_add_part(&counts, counts.item[i].id, 0), 0);
    ck_assert_int_eq(counts_install(&counts, &build->heap), 0);
    ck_assert_int_eq(mark_run(&build->heap, &root, 1, &build->arena, &marks), 0);
    ck_assert_int_eq(audit_run(NULL, &build->heap, &counts, &root, 1, 1, &marks, &build->arena, &audit), 0);
    ck_assert_int_eq(verdict_run(&build->heap, &marks, 0, &times, &build->arena, &verdicts), 0);
}

static void pair(int64_t first_count, uint8_t all) {
    uintptr_t *a = counted(first_count, all), *b = counted(1, all);
    a[1] = (uintptr_t)b;
    b[2] = (uintptr_t)a;
    roots[0] = (uintptr_t)a;
}

START_TEST (stale_word_on_a_stack_does_not_hide_a_cycle) {
    pair(1, 0);
    judge(ROOT_STACK);
    ck_assert_uint_eq(verdicts.tally[KIND_CYCLE].objects, 2);
    ck_assert_uint_eq(audit.kept_objects, 2);
    ck_assert_uint_eq(verdicts.findings[0].blame->proofs, PROOF_SUBTRACTION);
}
END_TEST

START_TEST (what_the_loader_made_is_held_by_what_marking_says) {
    static const uint8_t foreign[] = {[7] = 1};
    pair(1, 1);
    counts.foreign = foreign;
    ck_assert_int_eq(counts_add_link(&counts, counts.item[0].id, roots[0], roots[0] + 16), 0);
    judge(0);
    ck_assert_uint_eq(verdicts.tally[KIND_REACHABLE].objects, 2);
    ck_assert_uint_eq(audit.kept_objects, 0);
}
END_TEST

START_TEST (reference_from_a_stack_holds) {
    pair(2, 0);
    judge(ROOT_STACK);
    ck_assert_uint_eq(verdicts.tally[KIND_CYCLE].objects, 0);
    ck_assert_uint_eq(verdicts.tally[KIND_REACHABLE].objects, 2);
}
END_TEST

START_TEST (global_is_believed_unless_all_is_counted) {
    pair(1, 0);
    judge(0);
    ck_assert_uint_eq(verdicts.tally[KIND_CYCLE].objects, 0);
}
END_TEST

START_TEST (no_root_is_believed_where_all_is_counted) {
    pair(1, 1);
    judge(0);
    ck_assert_uint_eq(verdicts.tally[KIND_CYCLE].objects, 2);
}
END_TEST

START_TEST (object_that_is_not_looked_at_is_believed_where_all_is_counted) {
    pair(1, 1);
    judge(ROOT_OBJECT);
    ck_assert_uint_eq(verdicts.tally[KIND_CYCLE].objects, 0);
    ck_assert_uint_eq(verdicts.tally[KIND_REACHABLE].objects, 2);
    ck_assert_uint_eq(audit.kept_objects, 0);
}
END_TEST

START_TEST (word_in_another_block_is_no_reference_where_all_is_counted) {
    uintptr_t *held = counted(1, 1), *block = heap_build_object(build, 32, 8);
    block[0] = (uintptr_t)held;
    roots[0] = (uintptr_t)held;
    judge(ROOT_STACK);
    ck_assert_uint_eq(verdicts.tally[KIND_REACHABLE].objects, 1);
}
END_TEST

START_TEST (word_in_another_block_hides_no_cycle_where_all_is_counted) {
    pair(1, 1);
    uintptr_t *holder = counted(2, 1), *block = heap_build_object(build, 32, 8);
    block[0] = roots[0];
    holder[2] = (uintptr_t)block;
    roots[0] = (uintptr_t)holder;
    judge(0);
    ck_assert_uint_eq(verdicts.tally[KIND_CYCLE].objects, 2);
    ck_assert_uint_eq(verdicts.tally[KIND_REACHABLE].objects, 2);
}
END_TEST

START_TEST (reference_in_another_block_holds_what_counts_it) {
    pair(2, 1);
    uintptr_t *block = heap_build_object(build, 32, 8);
    block[0] = roots[0];
    roots[0] = (uintptr_t)block;
    judge(0);
    ck_assert_uint_eq(verdicts.tally[KIND_CYCLE].objects, 0);
    ck_assert_uint_eq(verdicts.tally[KIND_REACHABLE].objects, 3);
}
END_TEST

START_TEST (reference_that_is_never_given_back_is_counted) {
    uintptr_t *a = counted(3, 0);
    (void)a;
    judge(0);
    const struct blame *blame = verdicts.findings[0].blame;
    ck_assert_int_eq(verdicts.findings[0].kind, KIND_LOST);
    ck_assert_int_eq(audit_verdict(blame->count, blame->found_inside, blame->found_outside), REFS_MISSING_UNREF);
}
END_TEST

START_TEST (object_that_counts_itself_is_a_cycle) {
    uintptr_t *a = counted(1, 0);
    a[1] = (uintptr_t)a;
    judge(0);
    ck_assert_uint_eq(verdicts.tally[KIND_CYCLE].objects, 1);
    ck_assert_uint_eq(verdicts.findings[0].cycle_length, 1);
}
END_TEST

START_TEST (reference_back_to_the_older_object_is_to_be_weak) {
    pair(1, 0);
    roots[0] = 0;
    judge(0);
    const struct finding *finding = &verdicts.findings[0];
    ck_assert_uint_eq(finding->blame->proofs, PROOF_MARKING | PROOF_SUBTRACTION);
    const struct breaks *breaks = finding->blame->breaks;
    ck_assert_uint_eq(breaks->count, 1); /* the other one would let the child die at once */
    ck_assert_uint_eq(finding->cycle[breaks->set[0].part[0].entry].offset, 16);
    ck_assert_uint_eq(breaks->set[0].frees_bytes, 64);
}
END_TEST

START_TEST (words_that_own_nothing_are_not_followed) {
    uintptr_t *a = heap_build_object(build, 32, 7), *b = heap_build_object(build, 32, 8);
    a[1] = (uintptr_t)b;
    roots[0] = (uintptr_t)a;
    ck_assert_int_eq(counts_add_link(&counts, heap_build_id(build, a), (uintptr_t)(a + 1), (uintptr_t)(a + 2)), 0);
    judge(0);
    ck_assert_uint_eq(verdicts.tally[KIND_LOST].objects, 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("audit");
    TCase *tests = tcase_create("audit");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, stale_word_on_a_stack_does_not_hide_a_cycle);
    tcase_add_test(tests, what_the_loader_made_is_held_by_what_marking_says);
    tcase_add_test(tests, reference_from_a_stack_holds);
    tcase_add_test(tests, global_is_believed_unless_all_is_counted);
    tcase_add_test(tests, no_root_is_believed_where_all_is_counted);
    tcase_add_test(tests, object_that_is_not_looked_at_is_believed_where_all_is_counted);
    tcase_add_test(tests, word_in_another_block_is_no_reference_where_all_is_counted);
    tcase_add_test(tests, word_in_another_block_hides_no_cycle_where_all_is_counted);
    tcase_add_test(tests, reference_in_another_block_holds_what_counts_it);
    tcase_add_test(tests, reference_that_is_never_given_back_is_counted);
    tcase_add_test(tests, object_that_counts_itself_is_a_cycle);
    tcase_add_test(tests, reference_back_to_the_older_object_is_to_be_weak);
    tcase_add_test(tests, words_that_own_nothing_are_not_followed);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
