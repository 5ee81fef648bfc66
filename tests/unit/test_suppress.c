/* test_suppress.c - suppressions: what LeakSanitizer and Valgrind match is matched, what they refuse is refused with its
 * place, and no text, however broken, does harm. */
#include "tools/pattern.h"
#include "tools/suppress.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

/* ---- patterns ---- */

static const struct {
    const char *pattern, *text;
    bool matches;
} part_cases[] = {
    {"foobar", "foobar", true},
    {"foobar", "a_foobar_b", true},
    {"*foobar*", "a_foobar_b", true},
    {"foo*bar", "foobar", true},
    {"foo*bar", "foo_middle_bar", true},
    {"foo*bar*baz", "foo_x_barbaz", true},
    {"^foobar", "foobar_b", true},
    {"^foobar", "a_foobar", false},
    {"^*foobar", "a_foobar", true},
    {"foobar$", "a_foobar", true},
    {"foobar$", "foobar_b", false},
    {"*foobar*$", "foobar_b", true},
    {"^foobar$", "foobar", true},
    {"^foobar$", "foobar_b", false},
    {"^foobar$", "a_foobar", false},
    {"foo$", "foo_foo", true},
    {"foo", "baz", false},
    {"foo*bar", "barfoo", false},
    {"foo*bar*baz", "foo_baz_bar", false},
    {"foo$^bar", "foobar", false},
    {"foo", "", false},
    {"*", "x", true},
    {"fo?", "foo", false},
    {"foobar$", "foobar", true},
    {"foobar", "foobar", true},
    {"*foobar*", "foobar", true},
    {"*foobar*", "a_foobar_b", true},
    {"foo*bar", "foobar", true},
    {"foo*bar*baz", "foo_middle_bar_another_baz", true},
    {"^foobar", "foobar", true},
    {"^*foobar", "foobar", true},
    {"*foobar*$", "foobar", true},
    {"foobarbaz", "foobar", false},
    {"foobarbaz", "barbaz", false},
    {"foo*bar", "foobaz", false},
    {"foo^bar", "foobar", false},
    {"foo$bar", "foobar", false},
};

START_TEST (leak_sanitizers_patterns) {
    ck_assert_msg(pattern_matches_part(part_cases[_i].pattern, part_cases[_i].text) == part_cases[_i].matches,
                  "%s on %s", part_cases[_i].pattern, part_cases[_i].text);
}
END_TEST

static const struct {
    const char *pattern, *text;
    bool matches;
} whole_cases[] = {
    {"foo", "foo", true},
    {"foo", "foobar", false},
    {"foo*", "foobar", true},
    {"f?o", "foo", true},
    {"f?o", "fo", false},
    {"*", "", true},
    {"?", "", false},
    {"*a*b*c", "xaybzc", true},
    {"*a*b*c", "xaybzcd", false},
    {"_ZN1A3fooEv", "_ZN1A3fooEv", true},
    {"a**b", "ab", true},
    {"", "", true},
    {"", "a", false},
};

START_TEST (valgrinds_patterns) {
    ck_assert_msg(pattern_matches_whole(whole_cases[_i].pattern, whole_cases[_i].text) == whole_cases[_i].matches,
                  "%s on %s", whole_cases[_i].pattern, whole_cases[_i].text);
}
END_TEST

START_TEST (many_stars_take_no_time) {
    char text[5000], pattern[2001];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (size_t i = 0; i < 2000; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[1999] = 'b';
    pattern[2000] = '\0';
    ck_assert(!pattern_matches_whole(pattern, text));
    ck_assert(!pattern_matches_part(pattern, text));
}
END_TEST

/* ---- reading ---- */

static int parse(struct suppressions *into, struct pool *pool, const char *text, struct suppress_error *error) {
    *into = (struct suppressions){.pool = pool};
    return suppress_parse(into, "file", text, strlen(text), error);
}

START_TEST (both_formats_in_one_text) {
    struct pool pool = {0};
    struct suppressions read;
    struct suppress_error error;
    const char *text = "  \t# a comment\r\n"
                       " \tleak:foo* *bar \t\r\n"
                       "{\n name with blanks\n Memcheck,Addrcheck:Leak\n match-leak-kinds: definite,possible\n"
                       " fun:malloc\n ...\n obj:*/libx.so*\n src:a.c:12\n src:b.c\n}\n"
                       "# castaway: max=3 expires=2027-02-28 kinds=cycle,lost reason=why not  \n"
                       "leak:last";
    ck_assert_int_eq(parse(&read, &pool, text, &error), 0);
    ck_assert_uint_eq(read.count, 3);
    const struct suppression *line = &read.list[0], *block = &read.list[1], *last = &read.list[2];
    ck_assert_str_eq(line->name, "foo* *bar");
    ck_assert_uint_eq(line->line, 2);
    ck_assert_uint_eq(line->frame_count, 0);
    ck_assert_uint_eq(line->kinds, KINDS_ALL);
    ck_assert_str_eq(block->name, "name with blanks");
    ck_assert_uint_eq(block->line, 3);
    ck_assert_uint_eq(block->frame_count, 5);
    ck_assert_uint_eq(block->kinds, 1u << KIND_LOST | 1u << KIND_CYCLE | 1u << KIND_POSSIBLE);
    ck_assert_int_eq(block->frames[3].line, 12);
    ck_assert_str_eq(block->frames[3].pattern, "a.c");
    ck_assert_int_eq(block->frames[4].line, 0);
    ck_assert_uint_eq(last->objects_max, 3);
    ck_assert_str_eq(last->expires, "2027-02-28");
    ck_assert_str_eq(last->reason, "why not");
    ck_assert_uint_eq(last->kinds, 1u << KIND_LOST | 1u << KIND_CYCLE);
    ck_assert_uint_eq(block->objects_max, UINT64_MAX);
    pool_free(&pool);
}
END_TEST

START_TEST (other_tools_are_skipped) {
    struct pool pool = {0};
    struct suppressions read;
    struct suppress_error error;
    const char *text = "{\nx\nHelgrind:Race\nanything at all\n}\n{\ny\nMemcheck:Param\nwrite(buf)\nfun:z\n}\n"
                       "{\nz\nMemcheck:Cond\n...\n}\n{\nours\nMemcheck:Leak\nfun:f\n}\n";
    ck_assert_int_eq(parse(&read, &pool, text, &error), 0);
    ck_assert_uint_eq(read.count, 1);
    ck_assert_str_eq(read.list[0].name, "ours");
    pool_free(&pool);
}
END_TEST

static const struct {
    const char *text;
    size_t line, column;
} wrong_cases[] = {
    {"leek:foo\n", 1, 1},
    {"# fine\n  race:foo\n", 2, 3},
    {"leak:\n", 1, 6},
    {"leak:a\n{\nname\n", 2, 1},
    {"{\n}\n", 2, 1},
    {"{\nname\nMemcheck\nfun:f\n}\n", 3, 1},
    {"{\nname\n Memcheck:leak\nfun:f\n}\n", 3, 11},
    {"{\nname\nMemcheck: Leak\nfun:f\n}\n", 3, 10},
    {"{\nname\nMemcheck:Leak\nfun:f\n} # done\n", 5, 1},
    {"{\nname\nMemcheck:Leak\nfun:f\n{\n", 5, 1},
    {"}\n", 1, 1},
    {"{\n# castaway: max=3\nname\nHelgrind:Race\n", 1, 1},
    {"{ \r\n\tname\r\n\v Memcheck:Leak \f\r\n fun:f \r\n } x\r\n", 5, 2},
    {"{\nname\nMemcheck:Leak\n match-leak-kinds: definite,indirekt\nfun:f\n}\n", 4, 29},
    {"{\nname\nMemcheck:Leak\n}\n", 4, 1},
    {"{\nname\nMemcheck:Leak\n...\n}\n", 5, 1},
    {"{\nname\nMemcheck:Leak\n  func:f\n}\n", 4, 3},
    {"# castaway: max=lots\nleak:a\n", 1, 17},
    {"# castaway: max=3 until=2027\nleak:a\n", 1, 19},
    {"# castaway: expires=2027-02-30\nleak:a\n", 1, 21},
    {"# castaway: expires=tomorrow\nleak:a\n", 1, 21},
    {"# castaway: kinds=lost,cicle\nleak:a\n", 1, 24},
    {"leak:a\n# castaway: max=3\n", 2, 1},
};

START_TEST (errors_name_line_and_column) {
    struct pool pool = {0};
    struct suppressions read;
    struct suppress_error error = {0};
    ck_assert_int_eq(parse(&read, &pool, wrong_cases[_i].text, &error), -1);
    ck_assert_msg(error.line == wrong_cases[_i].line && error.column == wrong_cases[_i].column, "%s: %zu:%zu: %s",
                  wrong_cases[_i].text, error.line, error.column, error.what);
    ck_assert(strlen(error.what) > 10);
    pool_free(&pool);
}
END_TEST

START_TEST (five_hundred_places_and_no_more) {
    struct pool pool = {0};
    struct suppressions read;
    struct suppress_error error;
    char text[4000] = "{\nname\nMemcheck:Leak\n";
    for (int i = 0; i < 500; i++)
        strcat(text, "fun:f\n");
    size_t length = strlen(text);
    strcat(text, "}\n");
    ck_assert_int_eq(parse(&read, &pool, text, &error), 0);
    strcpy(text + length, "fun:f\n}\n");
    ck_assert_int_eq(parse(&read, &pool, text, &error), -1);
    ck_assert_uint_eq(error.line, 504);
    pool_free(&pool);
}
END_TEST

START_TEST (the_default_set_is_well_formed_and_has_reasons) {
    struct pool pool = {0};
    struct suppressions read = {.pool = &pool};
    suppress_add_defaults(&read);
    ck_assert_uint_ge(read.count, 5);
    for (size_t i = 0; i < read.count; i++)
        ck_assert_msg(read.list[i].is_default && read.list[i].reason && strlen(read.list[i].reason) > 20, "%s",
                      read.list[i].name);
    pool_free(&pool);
}
END_TEST

/* ---- matching ---- */

static struct stack_memo memo;
static const struct stack_frame frames[] = {
    {.function = "inner(int)",
     .symbol = "_Z5inneri",
     .file = "/src/in.cc",
     .line = 7,
     .module = "/bin/p",
     .in_program = true},
    {.module = "/usr/lib/libgone.so.2", .offset = 16},
    {.function = "outer", .symbol = "outer", .file = "/src/out.c", .line = 9, .module = "/bin/p", .in_program = true},
    {.function = "main", .symbol = "main", .file = "/src/out.c", .line = 20, .module = "/bin/p", .in_program = true},
    {.function = "__libc_start_call_main", .symbol = "__libc_start_call_main", .module = "/lib/libc.so.6"},
};
static const struct stack stack = {.frames = frames, .frame_count = 5, .named_count = 4, .memo = &memo};
static const struct stack_frame other_frame[] = {{.function = "other", .symbol = "other", .module = "/bin/p"}};
static const struct stack other = {.frames = other_frame, .frame_count = 1, .named_count = 1, .memo = &memo};
static const struct report_entry cycle[] = {{.stack = &other}, {.stack = &stack}};
static const struct report_finding leak = {.kind = KIND_LOST, .objects = 2, .stack = &stack};
static const struct report_finding ring = {
    .kind = KIND_CYCLE, .objects = 2, .stack = &other, .cycle = cycle, .cycle_listed = 2, .cycle_length = 2};

static const struct {
    const char *text;
    bool leak, ring;
} match_cases[] = {
    {"leak:inner", true, true},
    {"leak:^outer$", true, true},
    {"leak:out.c", true, true},
    {"leak:libgone.so", true, true},
    {"leak:^/bin/p$", true, true},
    {"leak:libc.so.6", true, true},
    {"leak:^other$", false, true},
    {"leak:nothing", false, false},
    {"# castaway: kinds=cycle\nleak:inner", false, true},
    {"{\nn\nMemcheck:Leak\nfun:malloc\nfun:_Z5inneri\n}", true, true},
    {"{\nn\nMemcheck:Leak\nfun:calloc\nfun:_Z5inner?\n}", true, true},
    {"{\nn\nMemcheck:Leak\nfun:malloc\nfun:inner(int)\nobj:*/libgone.so*\nfun:outer\nfun:main\n}", true, true},
    {"{\nn\nMemcheck:Leak\nfun:_Z5inneri\n}", true, true},
    {"{\nn\nMemcheck:Leak\nfun:malloc\nfun:outer\n}", false, false},
    {"{\nn\nMemcheck:Leak\nfun:malloc\n...\nfun:outer\n}", true, true},
    {"{\nn\nMemcheck:Leak\n...\nfun:main\n}", true, true},
    {"{\nn\nMemcheck:Leak\n...\nfun:main\nfun:outer\n}", false, false},
    {"{\nn\nMemcheck:Leak\n...\nfun:main\nfun:(below main)\n}", true, true},
    {"{\nn\nMemcheck:Leak\n...\nsrc:out.c:9\n}", true, true},
    {"{\nn\nMemcheck:Leak\n...\nsrc:out.c:10\n}", false, false},
    {"{\nn\nMemcheck:Leak\nfun:*\nfun:*\nfun:*\nfun:outer\n}", true, true},
    {"{\nn\nMemcheck:Leak\nfun:*\nfun:*\nfun:outer\n}", false, false},
    {"{\nn\nMemcheck:Leak\nfun:_Znwm\n...\nfun:outer\n}", false, false},
    {"{\nn\nMemcheck:Leak\nobj:*vgpreload_memcheck*\nfun:_Z5inneri\n}", true, true},
    {"{\nn\nMemcheck:Leak\nmatch-leak-kinds: definite\n...\nfun:outer\n}", true, true},
    {"{\nn\nMemcheck:Leak\nmatch-leak-kinds: reachable\n...\nfun:outer\n}", false, false},
    {"{\nn\nMemcheck:Leak\nmatch-leak-kinds: none\n...\nfun:outer\n}", false, false},
    {"{\nn\nMemcheck:Leak\nfun:malloc\nfun:other\n}", false, true},
};

START_TEST (what_matches) {
    struct pool pool = {0};
    struct suppressions read;
    struct suppress_error error;
    ck_assert_int_eq(parse(&read, &pool, match_cases[_i].text, &error), 0);
    ck_assert_msg(suppress_matches(&read.list[0], &leak) == match_cases[_i].leak, "leak: %s", match_cases[_i].text);
    ck_assert_msg(suppress_matches(&read.list[0], &ring) == match_cases[_i].ring, "ring: %s", match_cases[_i].text);
    pool_free(&pool);
}
END_TEST

START_TEST (operator_new_is_known) {
    struct pool pool = {0};
    struct suppressions read;
    struct suppress_error error;
    const struct stack_frame allocator = {.function = "operator new(unsigned long)", .symbol = "_Znwm"};
    struct stack made_by_new = stack;
    struct report_finding finding = leak;
    made_by_new.allocator = &allocator;
    finding.stack = &made_by_new;
    parse(&read, &pool, "{\nn\nMemcheck:Leak\nfun:_Znwm\nfun:_Z5inneri\n}", &error);
    ck_assert(suppress_matches(&read.list[0], &finding));
    parse(&read, &pool, "{\nn\nMemcheck:Leak\nfun:malloc\nfun:_Z5inneri\n}", &error);
    ck_assert(!suppress_matches(&read.list[0], &finding));
    pool_free(&pool);
}
END_TEST

/* ---- broken texts ---- */

static const char *const seeds[] = {
    "# castaway: max=3 expires=2027-02-28 kinds=cycle reason=x\nleak:foo*bar$\n# c\n\nleak:^a\n",
    "{\nname\nMemcheck:Leak\nmatch-leak-kinds: definite,possible\nfun:malloc\n...\nobj:*/l.so\nsrc:a.c:12\n}\nleak:x",
    "{\nx\nHelgrind:Race\nfun:a\n}\n{\ny\nCore,Memcheck:Leak\n...\nfun:b?*\n}\n",
};

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static size_t mutate(char *text, size_t length, size_t room, uint32_t *state) {
    static const char bytes[] = "{}\n\n:*?$^#. \t\r\0leakfun=0192,";
    for (uint32_t changes = next_random(state) % 6; changes; changes--) {
        size_t at = length ? next_random(state) % length : 0;
        char byte = bytes[next_random(state) % (sizeof bytes - 1)];
        switch (next_random(state) % 4) {
        case 0:
            if (length)
                text[at] = byte;
            break;
        case 1:
            if (length < room) {
                memmove(text + at + 1, text + at, length++ - at);
                text[at] = byte;
            }
            break;
        case 2:
            length = at;
            break;
        default:
            if (length && at < length) {
                size_t count = next_random(state) % (length - at);
                memmove(text + at, text + at + count, length - at - count);
                length -= count;
            }
        }
    }
    return length;
}

START_TEST (broken_texts_do_no_harm) {
    uint32_t state = 7;
    size_t refused = 0, taken = 0;
    for (int round = 0; round < 60000; round++) {
        const char *seed = seeds[round % 3];
        size_t length = strlen(seed);
        char text[512];
        memcpy(text, seed, length);
        length = mutate(text, length, sizeof text, &state);
        char *exact = malloc(length ? length : 1); /* so that a sanitizer sees a byte too far */
        memcpy(exact, text, length);
        struct pool pool = {0};
        struct suppressions read = {.pool = &pool};
        struct suppress_error error = {0};
        if (suppress_parse(&read, "file", exact, length, &error)) {
            refused++;
            ck_assert(error.line >= 1 && error.column >= 1 && error.column <= length + 1 && error.what);
        } else {
            taken++;
        }
        for (size_t i = 0; i < read.count; i++)
            suppress_matches(&read.list[i], &ring);
        pool_free(&pool);
        free(exact);
    }
    ck_assert_uint_gt(refused, 1000);
    ck_assert_uint_gt(taken, 1000);
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

int main(void) {
    Suite *suite = suite_create("suppress");
    TCase *tests = tcase_create("suppress");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, leak_sanitizers_patterns, 0, COUNT(part_cases));
    tcase_add_loop_test(tests, valgrinds_patterns, 0, COUNT(whole_cases));
    tcase_add_test(tests, many_stars_take_no_time);
    tcase_add_test(tests, both_formats_in_one_text);
    tcase_add_test(tests, other_tools_are_skipped);
    tcase_add_loop_test(tests, errors_name_line_and_column, 0, COUNT(wrong_cases));
    tcase_add_test(tests, five_hundred_places_and_no_more);
    tcase_add_test(tests, the_default_set_is_well_formed_and_has_reasons);
    tcase_add_loop_test(tests, what_matches, 0, COUNT(match_cases));
    tcase_add_test(tests, operator_new_is_known);
    tcase_add_test(tests, broken_texts_do_no_harm);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
