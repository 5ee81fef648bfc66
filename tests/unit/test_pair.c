/* The words that name reference counting functions. */
#include "analysis/pair.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <string.h>

enum { RULES_MAX = 16 };
struct taken {
    struct pair_rule rule[RULES_MAX];
    int count, stop_at;
};

static int take(void *context, const struct pair_rule *rule) {
    struct taken *taken = context;
    taken->rule[taken->count++] = *rule;
    return taken->count == taken->stop_at ? 7 : 0;
}

static struct taken read_all(const char *text) {
    struct taken taken = {.count = 0};
    struct pair_error error;
    ck_assert_int_eq(pair_parse(text, take, &taken, &error), 0);
    return taken;
}

static int is_named(const struct pair_rule *rule, const char *name) {
    return rule->name_bytes == strlen(name) && memcmp(rule->name, name, rule->name_bytes) == 0;
}

START_TEST (a_pair_is_two_functions_with_their_first_argument) {
    struct taken taken = read_all("thing_ref:thing_unref");
    ck_assert_int_eq(taken.count, 2);
    ck_assert(is_named(&taken.rule[0], "thing_ref") && is_named(&taken.rule[1], "thing_unref"));
    ck_assert(taken.rule[0].effect == PAIR_REF && taken.rule[1].effect == PAIR_UNREF);
    ck_assert(taken.rule[0].place == 1 && taken.rule[1].place == 1 && taken.rule[0].loads == 0);
}
END_TEST

START_TEST (words_stand_between_blanks_commas_and_comments) {
    ck_assert_int_eq(read_all("").count, 0);
    ck_assert_int_eq(read_all(" \n\t# a:b only a comment").count, 0);
    ck_assert_int_eq(read_all("a:b,c:d e:f\n# no\ng:h#no\ni:j\r\n").count, 10);
    ck_assert_int_eq(read_all("#\na:b").count, 2);
}
END_TEST

START_TEST (places_are_arguments_and_the_result) {
    struct taken taken = read_all("ref=a@return unref=b@2 ref=c@**6 create=d create=e@3 sink=f");
    ck_assert_uint_eq(taken.rule[0].place, PAIR_RETURN);
    ck_assert_uint_eq(taken.rule[1].place, 2);
    ck_assert(taken.rule[2].place == 6 && taken.rule[2].loads == 2);
    ck_assert(taken.rule[3].effect == PAIR_CREATE && taken.rule[3].place == PAIR_RETURN);
    ck_assert_uint_eq(taken.rule[4].place, 3);
    ck_assert(taken.rule[5].effect == PAIR_SINK && taken.rule[5].floating.bytes == 0);
}
END_TEST

START_TEST (patch_stands_behind_a_function) {
    struct taken taken = read_all("a/patch:b@*2/patch c:d ref=e/patch sink=f/patch floating=4@4&4");
    ck_assert(taken.rule[0].patch && taken.rule[1].patch && taken.rule[1].place == 2 && taken.rule[1].loads == 1);
    ck_assert(!taken.rule[2].patch && !taken.rule[3].patch && taken.rule[4].patch);
    ck_assert(taken.rule[5].patch && taken.rule[5].floating.bytes == 4 && is_named(&taken.rule[5], "f"));
}
END_TEST

START_TEST (floating_belongs_to_the_sink_before) {
    struct taken taken = read_all("sink=a floating=8@16&2 sink=b sink=c\n floating=4@0x20&0xff");
    ck_assert_int_eq(taken.count, 3);
    ck_assert(taken.rule[0].floating.bytes == 8 && taken.rule[0].floating.offset == 16);
    ck_assert_uint_eq(taken.rule[0].floating.mask, 2);
    ck_assert_uint_eq(taken.rule[1].floating.bytes, 0);
    ck_assert(taken.rule[2].floating.offset == 32 && taken.rule[2].floating.mask == 255);
}
END_TEST

START_TEST (what_is_known_of_objects_stands_behind_them) {
    struct taken taken = read_all(
        "made-by=make size=0x40 count=4@8 links=16-32,links=48-64 type=a::B entry=16 exact\nsize=24 count=1@23 a:b");
    ck_assert_int_eq(taken.count, 5);
    const struct pair_counted *made = &taken.rule[0].counted, *type = &taken.rule[1].counted,
                              *size = &taken.rule[2].counted;
    ck_assert(taken.rule[0].effect == PAIR_COUNTED && is_named(&taken.rule[0], "make") &&
              made->objects == PAIR_MADE_BY);
    ck_assert(made->size_bytes == 64 && made->count_bytes == 4 && made->count_offset == 8);
    ck_assert(made->link_count == 2 && made->links[1].lo == 48 && made->links[1].hi == 64 && !made->has_entry &&
              !made->exact);
    ck_assert(is_named(&taken.rule[1], "a::B") && type->objects == PAIR_OF_TYPE && type->entry == 16 &&
              type->has_entry);
    ck_assert(type->exact && !type->count_bytes && !type->size_bytes);
    ck_assert(is_named(&taken.rule[2], "24") && size->objects == PAIR_OF_SIZE && size->size_bytes == 24);
    ck_assert(taken.rule[3].effect == PAIR_REF);
}
END_TEST

START_TEST (words_of_objects_are_no_names_that_begin_like_them) {
    struct taken taken = read_all("exactly:made exact_ref:exact_unref");
    ck_assert_int_eq(taken.count, 4);
    ck_assert(is_named(&taken.rule[0], "exactly") && is_named(&taken.rule[1], "made"));
}
END_TEST

START_TEST (what_the_taker_returns_ends_the_reading) {
    struct taken taken = {.stop_at = 1};
    struct pair_error error;
    ck_assert_int_eq(pair_parse("a:b c:d", take, &taken, &error), 7);
    ck_assert_int_eq(taken.count, 1);
}
END_TEST

static const struct {
    const char *text;
    unsigned line, column;
    const char *what;
} wrong[] = {
    {"a", 1, 2, "`:` and the function"},
    {"a:", 1, 3, "the name of a function"},
    {":b", 1, 1, "the name of a function"},
    {"a:b\n  c;d", 2, 4, "`:` and the function"},
    {"a:b:c", 1, 4, "not expected"},
    {"ok:ok\n\na:b@7", 3, 5, "a place is"},
    {"a:b@0", 1, 5, "a place is"},
    {"a:b@", 1, 5, "a place is"},
    {"a:b@x", 1, 5, "a place is"},
    {"a:b@return", 1, 5, "not `return`"},
    {"a:b@****1", 1, 5, "more than three stars"},
    {"9a:b", 1, 1, "the name of a function"},
    {"floating=4@0&1", 1, 1, "behind a sink"},
    {"a:b floating=4@0&1", 1, 5, "behind a sink"},
    {"sink=a floating=4@0&1 floating=4@0&1", 1, 23, "behind a sink"},
    {"sink=a floating=3@0&1", 1, 17, "bytes are"},
    {"sink=a floating=0@0&1", 1, 17, "bytes are"},
    {"sink=a floating=4@&1", 1, 19, "a number is missing"},
    {"sink=a floating=4,0&1", 1, 18, "`@` and an offset"},
    {"sink=a floating=4@0", 1, 20, "`&` and a mask"},
    {"sink=a floating=1@0&256", 1, 17, "no bit"},
    {"sink=a floating=1@0&0", 1, 17, "no bit"},
    {"sink=a floating=1@0&99999999999999999999", 1, 21, "too large"},
    {"sink=", 1, 6, "the name of a function"},
    {"made-by=f", 1, 9, "is missing behind it"},
    {"made-by=f a:b", 1, 9, "is missing behind it"},
    {"made-by= count=4@0", 1, 9, "a name is missing"},
    {"a:b count=4@0", 1, 5, "is missing before it"},
    {"size=0 count=4@0", 1, 6, "one byte or more"},
    {"size=x count=4@0", 1, 6, "a number is missing"},
    {"size=8 count=4@8", 1, 16, "beyond the object's end"},
    {"size=8 count=5@0", 1, 14, "bytes are"},
    {"size=8 count=0@0", 1, 14, "bytes are"},
    {"size=9 count=4@2", 1, 16, "a multiple of its bytes"},
    {"size=8 count=4", 1, 15, "`@` and an offset"},
    {"size=8 count=4@0x", 1, 16, "a number is missing"},
    {"size=8 links=0", 1, 15, "`-` and where"},
    {"size=8 links=8-8", 1, 14, "links are from"},
    {"size=8 links=1-8", 1, 14, "links are from"},
    {"size=8 links=0-8 links=0-8 links=0-8 links=0-8 links=0-8", 1, 54, "more than four"},
    {"size=8 entry=4", 1, 14, "a multiple of 8"},
    {"size=8 entry=256", 1, 14, "too large"},
    {"size=8 entry=8 size=16", 1, 21, "is missing behind it"},
};

START_TEST (what_is_wrong_is_told_with_its_place) {
    struct taken taken = {.count = 0};
    struct pair_error error = {0};
    ck_assert_int_eq(pair_parse(wrong[_i].text, take, &taken, &error), -EINVAL);
    ck_assert_msg(error.line == wrong[_i].line && error.column == wrong[_i].column, "%s: at %u:%u", wrong[_i].text,
                  error.line, error.column);
    ck_assert_msg(strstr(error.what, wrong[_i].what) != NULL, "%s: %s", wrong[_i].text, error.what);
}
END_TEST

START_TEST (names_have_a_longest) {
    struct taken taken = {.count = 0};
    struct pair_error error;
    char text[PAIR_NAME_BYTES_MAX + 10];
    memset(text, 'x', sizeof text);
    memcpy(text + PAIR_NAME_BYTES_MAX, ":y", 3);
    ck_assert_int_eq(pair_parse(text, take, &taken, &error), 0);
    memcpy(text + PAIR_NAME_BYTES_MAX, "x:y", 4);
    ck_assert_int_eq(pair_parse(text, take, &taken, &error), -EINVAL);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pair");
    TCase *tests = tcase_create("pair");
    tcase_add_test(tests, a_pair_is_two_functions_with_their_first_argument);
    tcase_add_test(tests, words_stand_between_blanks_commas_and_comments);
    tcase_add_test(tests, places_are_arguments_and_the_result);
    tcase_add_test(tests, patch_stands_behind_a_function);
    tcase_add_test(tests, floating_belongs_to_the_sink_before);
    tcase_add_test(tests, what_is_known_of_objects_stands_behind_them);
    tcase_add_test(tests, words_of_objects_are_no_names_that_begin_like_them);
    tcase_add_test(tests, what_the_taker_returns_ends_the_reading);
    tcase_add_loop_test(tests, what_is_wrong_is_told_with_its_place, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(tests, names_have_a_longest);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
