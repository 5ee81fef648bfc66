/* test_cast.c - what the recording's writer writes, byte for byte, above all for bytes that JSON does not allow.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck. */
#include "analysis/cast.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *written;
static size_t written_bytes, room_bytes, writes;
static struct cast_sink sink;

static int write_to_memory(void *context, const void *bytes, size_t count) {
    (void)context;
    writes++;
    if (written_bytes + count > room_bytes)
        return -ENOSPC;
    memcpy(written + written_bytes, bytes, count);
    written_bytes += count;
    written[written_bytes] = 0;
    return 0;
}

static void setup(void) {
    room_bytes = 1 << 20;
    written = calloc(1, room_bytes + 1);
    written_bytes = writes = 0;
    memset(&sink, 0, sizeof sink);
    sink.write = write_to_memory;
}
static void teardown(void) {
    free(written);
}

/* What was written before the end line. */
static const char *lines(void) {
    static const char end[] = "{\"record\":\"end\"}\n";
    ck_assert_int_eq(cast_end(&sink), 0);
    ck_assert_uint_ge(written_bytes, strlen(end));
    ck_assert_str_eq(written + written_bytes - strlen(end), end);
    written[written_bytes - strlen(end)] = 0;
    return written;
}

/* A note's detail as it is written, without its quotes. */
static void detail_is(const char *detail, const char *expected) {
    char line[1000] = "";
    setup();
    cast_note(&sink, NOTE_BAD_OPTION, 1, detail);
    strcat(strcat(strcat(line, "{\"record\":\"note\",\"code\":\"bad-option\",\"count\":1,\"detail\":\""), expected),
           "\"}\n");
    ck_assert_str_eq(lines(), line);
    teardown();
}

START_TEST (text_is_passed_through) {
    detail_is("/usr/bin/a b", "/usr/bin/a b");
    detail_is("", "");
    detail_is("Zwölf Boxkämpfer €", "Zwölf Boxkämpfer €");
    detail_is("\xf0\x9f\x90\x8c", "\xf0\x9f\x90\x8c");
    detail_is("\x7f", "\x7f");
}
END_TEST

START_TEST (quotes_backslashes_and_control_characters_are_escaped) {
    detail_is("a\"b\\c", "a\\\"b\\\\c");
    detail_is("\n\t\x01\x1f", "\\u000a\\u0009\\u0001\\u001f");
}
END_TEST

START_TEST (bytes_that_are_not_utf8_are_escaped_one_by_one) {
    detail_is("\xff\xfe", "\\u00ff\\u00fe");
    detail_is("\x80", "\\u0080");
    detail_is("a\xc3", "a\\u00c3");          /* cut short */
    detail_is("\xc3(", "\\u00c3(");          /* not continued */
    detail_is("\xe2\x82", "\\u00e2\\u0082"); /* cut short */
    detail_is("\xe2\x82x", "\\u00e2\\u0082x");
    detail_is("\xf0\x9f\x90", "\\u00f0\\u009f\\u0090");
    detail_is("\xc0\xaf", "\\u00c0\\u00af");            /* overlong */
    detail_is("\xe0\x80\xaf", "\\u00e0\\u0080\\u00af"); /* overlong */
    detail_is("\xf0\x80\x80\xaf", "\\u00f0\\u0080\\u0080\\u00af");
    detail_is("\xed\xa0\x80", "\\u00ed\\u00a0\\u0080");            /* surrogate */
    detail_is("\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080"); /* above U+10FFFF */
    detail_is("\xf5\x80\x80\x80", "\\u00f5\\u0080\\u0080\\u0080");
}
END_TEST

START_TEST (edges_of_utf8_are_passed_through) {
    detail_is("\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
              "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}
END_TEST

START_TEST (note_without_detail_has_no_such_key) {
    cast_note(&sink, NOTE_NO_STACK, 3, NULL);
    ck_assert_str_eq(lines(), "{\"record\":\"note\",\"code\":\"no-stack\",\"count\":3}\n");
}
END_TEST

static struct cast_header header(void) {
    return (struct cast_header){"0.1.0", 12, 1, "a\0b c\0", 6, "/bin/a", 0, 3, 1700000000.25, 1.9999999};
}

START_TEST (header_says_who_ran) {
    struct cast_header h = header();
    cast_header(&sink, &h);
    ck_assert_str_eq(
        lines(),
        "{\"record\":\"header\",\"format\":\"castaway\",\"version\":1,\"tool\":\"0.1.0\",\"pid\":12,\"ppid\":1,"
        "\"argv\":[\"a\",\"b c\"],\"executable\":\"/bin/a\",\"exit_status\":3,"
        "\"start\":1700000000.250000,\"end\":2.000000}\n");
}
END_TEST

static void argv_is(const char *cmdline, size_t count, const char *expected) {
    setup();
    struct cast_header h = header();
    h.cmdline = cmdline;
    h.cmdline_bytes = count;
    cast_header(&sink, &h);
    const char *argv = strstr(lines(), "\"argv\":");
    ck_assert_ptr_nonnull(argv);
    ck_assert_int_eq(strncmp(argv + 7, expected, strlen(expected)), 0);
    teardown();
}

START_TEST (arguments_are_split_at_their_ends) {
    argv_is("", 0, "[],");
    argv_is("a", 1, "[\"a\"],"); /* a cut one */
    argv_is("\0\0x\0", 4, "[\"\",\"\",\"x\"],");
    argv_is("\xff\0\"\0", 4, "[\"\\u00ff\",\"\\\"\"],");
    argv_is("\xc3\0\xa4\0", 4, "[\"\\u00c3\",\"\\u00a4\"],"); /* halves of a character do not meet */
}
END_TEST

static void start_is(double seconds, const char *expected) {
    setup();
    struct cast_header h = header();
    h.start_seconds = seconds;
    cast_header(&sink, &h);
    const char *start = strstr(lines(), "\"start\":");
    ck_assert_ptr_nonnull(start);
    ck_assert_int_eq(strncmp(start + 8, expected, strlen(expected)), 0);
    teardown();
}

START_TEST (seconds_have_six_decimals_in_any_locale) {
    setlocale(LC_ALL, "de_DE.UTF-8");
    start_is(0, "0.000000,");
    start_is(1.5, "1.500000,");
    start_is(0.000001, "0.000001,");
    start_is(-2.25, "-2.250000,");
    start_is(1753000000.123456, "1753000000.123456,");
    start_is(__builtin_nan(""), "0.000000,");
    start_is(__builtin_inf(), "0.000000,");
}
END_TEST

START_TEST (module_has_hex_and_a_signed_bias) {
    struct cast_module m = {"/lib/x\n.so", (const unsigned char *)"\x00\xab\x10", 3, 0x7f0000001000};
    cast_module(&sink, 0, &m);
    m = (struct cast_module){"", NULL, 0, (uintptr_t)-4096};
    cast_module(&sink, 1, &m);
    ck_assert_str_eq(lines(), "{\"record\":\"module\",\"id\":0,\"path\":\"/lib/x\\u000a.so\",\"build_id\":\"00ab10\","
                              "\"bias\":139637976731648}\n"
                              "{\"record\":\"module\",\"id\":1,\"path\":\"\",\"build_id\":\"\",\"bias\":-4096}\n");
}
END_TEST

START_TEST (frames_are_pairs_or_triples) {
    const struct cast_frame frames[] = {{2, 1, 4096}, {0, 0, 17}, {UINT32_MAX, 0, 0x7f0000000000}};
    cast_site(&sink, 9, frames, 3);
    cast_site(&sink, 10, NULL, 0);
    ck_assert_str_eq(lines(), "{\"record\":\"site\",\"id\":9,\"frames\":[[2,4096,1],[0,17],[-1,139637976727552]]}\n"
                              "{\"record\":\"site\",\"id\":10,\"frames\":[]}\n");
}
END_TEST

START_TEST (scan_has_every_kind) {
    struct verdicts verdicts = {.tally = {[KIND_LOST] = {1, 2, 3}, [KIND_REACHABLE] = {UINT64_MAX >> 1, 5, 6}}};
    cast_scan(&sink,
              &(struct cast_scan){.number = 7,
                                  .generation = 2,
                                  .threads = 4,
                                  .at_us = 1500000,
                                  .pause_us = 10,
                                  .mark_us = 20,
                                  .scan_us = 30,
                                  .root_bytes = 40,
                                  .objects_scanned = 50,
                                  .bytes_read = 60},
              &verdicts);
    ck_assert_str_eq(lines(), "{\"record\":\"scan\",\"number\":7,\"at_us\":1500000,\"generation\":2,\"threads\":4,"
                              "\"pause_us\":10,\"mark_us\":20,\"scan_us\":30,"
                              "\"root_bytes\":40,\"objects_scanned\":50,\"bytes_read\":60,\"lost\":{\"objects\":1,"
                              "\"bytes\":2,\"findings\":3},"
                              "\"lost_indirect\":{\"objects\":0,\"bytes\":0,\"findings\":0},"
                              "\"cycle\":{\"objects\":0,\"bytes\":0,\"findings\":0},"
                              "\"possible\":{\"objects\":0,\"bytes\":0,\"findings\":0},"
                              "\"reachable\":{\"objects\":9223372036854775807,\"bytes\":5,\"findings\":6}}\n");
}
END_TEST

START_TEST (finding_of_a_cycle_lists_its_edges) {
    const struct cycle_edge edges[] = {{7, 40, 24, 8, NULL, 40, 120}, {8, 24, 0, 0, NULL, 100, 172}};
    struct finding f = {.kind = KIND_CYCLE,
                        .site = 7,
                        .count = 3,
                        .objects = 6,
                        .bytes = 292,
                        .size_min_bytes = 40,
                        .size_max_bytes = 100,
                        .indirect_objects = 1,
                        .indirect_bytes = 16,
                        .cycle = edges,
                        .cycle_length = 2,
                        .cycle_length_max = 2,
                        .cycle_listed = 2,
                        .group_objects_max = 2,
                        .age = {1250000, 1, 41, 42, 12300000, 12800000}};
    cast_finding(&sink, &f);
    f.kind = KIND_LOST_INDIRECT;
    cast_finding(&sink, &f);
    ck_assert_str_eq(
        lines(),
        "{\"record\":\"finding\",\"kind\":\"cycle\",\"site\":7,\"count\":3,\"objects\":6,\"bytes\":292,"
        "\"indirect_objects\":1,\"indirect_bytes\":16,\"length\":2,\"group_objects_max\":2,"
        "\"cycle\":[{\"site\":7,\"size\":40,\"offset\":24,\"target_offset\":8},"
        "{\"site\":8,\"size\":24,\"offset\":0,\"target_offset\":0,\"size_max\":100,\"sum\":172}],"
        "\"generation\":1,\"born_us\":1250000,"
        "\"lost_between\":{\"scan_a\":41,\"scan_b\":42,\"us_a\":12300000,\"us_b\":12800000}}\n"
        "{\"record\":\"finding\",\"kind\":\"lost-indirect\",\"site\":7,\"count\":3,\"objects\":6,\"bytes\":292,"
        "\"indirect_objects\":1,\"indirect_bytes\":16,\"size_min\":40,\"size_max\":100}\n");
}
END_TEST

START_TEST (lost_finding_without_times_says_so) {
    struct finding f = {.kind = KIND_LOST,
                        .site = 7,
                        .count = 1,
                        .objects = 1,
                        .bytes = 8,
                        .size_min_bytes = 8,
                        .size_max_bytes = 8,
                        .age.born_us = -1};
    cast_finding(&sink, &f);
    ck_assert_str_eq(
        lines(),
        "{\"record\":\"finding\",\"kind\":\"lost\",\"site\":7,\"count\":1,\"objects\":1,\"bytes\":8,"
        "\"indirect_objects\":0,\"indirect_bytes\":0,\"size_min\":8,\"size_max\":8,\"generation\":0,\"born_us\":-1,"
        "\"lost_between\":{\"scan_a\":0,\"scan_b\":0,\"us_a\":0,\"us_b\":0}}\n");
}
END_TEST

START_TEST (status_has_three_generations_and_all_counts) {
    struct history history = {.scans_done = {30, 20, 10}, .counts = {1, 2, 3, 4, 5, 6}};
    struct cast_status status = {.recorded_us = 9,
                                 .history = &history,
                                 .objects = {10, 11, 12},
                                 .bytes = {13, 14, 15},
                                 .pause_us = {16, 17, 18},
                                 .scan_us = {{19, 20, 21}, {22, 23, 24}, {25, 26, 27}},
                                 .dirty_pages = "pagemap-scan",
                                 .stop = "signal",
                                 .snapshot = "clone"};
    cast_status(&sink, &status);
    ck_assert_str_eq(lines(),
                     "{\"record\":\"status\",\"recorded_us\":9,\"generations\":["
                     "{\"objects\":10,\"bytes\":13,\"scans\":30,\"scan_us_p50\":19,\"scan_us_max\":21},"
                     "{\"objects\":11,\"bytes\":14,\"scans\":20,\"scan_us_p50\":22,\"scan_us_max\":24},"
                     "{\"objects\":12,\"bytes\":15,\"scans\":10,\"scan_us_p50\":25,\"scan_us_max\":27}],"
                     "\"pause_us\":{\"p50\":16,\"p99\":17,\"max\":18},\"suspects\":1,\"confirmed\":2,\"withdrawn\":3,"
                     "\"freed_by_program\":4,\"confirmed_withdrawn\":5,\"confirmed_freed\":6,"
                     "\"method\":{\"dirty_pages\":\"pagemap-scan\",\"stop\":\"signal\",\"snapshot\":\"clone\"}}\n");
}
END_TEST

START_TEST (status_before_the_first_scan_has_zeros) {
    cast_status(&sink, &(struct cast_status){.dirty_pages = "read-all", .stop = "signal", .snapshot = "clone"});
    const char *line = lines();
    ck_assert_ptr_nonnull(strstr(line, "\"scans\":0,"));
    ck_assert_ptr_nonnull(strstr(line, "\"suspects\":0,\"confirmed\":0,\"withdrawn\":0,\"freed_by_program\":0,"));
}
END_TEST

/* A path record from that root to one object. */
static void root_is(struct cast_root root, const char *expected) {
    char line[1000];
    struct path_step step = {3, 64, 8, 1};
    struct path path = {.steps = &step, .step_count = 1};
    setup();
    cast_path(&sink, 4096, &root, &path);
    snprintf(line, sizeof line,
             "{\"record\":\"path\",\"target\":4096,\"path\":[%s,{\"site\":3,\"size\":64,\"offset\":8,\"count\":1}]}\n",
             expected);
    ck_assert_str_eq(lines(), line);
    teardown();
}

START_TEST (roots_have_the_keys_that_apply) {
    root_is((struct cast_root){"module", NULL, 0, 5, 0x10}, "{\"root\":\"module\",\"module\":5,\"offset\":16}");
    root_is((struct cast_root){"stack", "worker \"1\"", 77, UINT32_MAX, 40},
            "{\"root\":\"stack\",\"name\":\"worker \\\"1\\\"\",\"tid\":77,\"offset\":40}");
    root_is((struct cast_root){"registers", "main", 76, UINT32_MAX, 9},
            "{\"root\":\"registers\",\"name\":\"main\",\"tid\":76}");
    root_is((struct cast_root){"mapping", "/dev/zero", 0, UINT32_MAX, 8},
            "{\"root\":\"mapping\",\"name\":\"/dev/zero\",\"offset\":8}");
    root_is((struct cast_root){"kernel", NULL, 3, UINT32_MAX, 9}, "{\"root\":\"kernel\"}");
    root_is((struct cast_root){"ignored", NULL, 3, UINT32_MAX, 9}, "{\"root\":\"ignored\"}");
}
END_TEST

START_TEST (path_that_was_not_found_is_empty) {
    cast_path(&sink, 16, NULL, &(struct path){0});
    cast_path(&sink, 16, NULL, NULL);
    ck_assert_str_eq(lines(), "{\"record\":\"path\",\"target\":16,\"path\":[]}\n"
                              "{\"record\":\"path\",\"target\":16}\n");
}
END_TEST

START_TEST (growth_has_its_path_or_none) {
    struct growth growth = {
        .site = 9, .scans = 4, .objects = 100, .bytes = 6400, .objects_per_minute = 60, .bytes_per_minute = 3840};
    struct path_step steps[] = {{1, 32, 16, 1}, {2, 64, 0, 48211}, {3, 8, 0, 1}};
    struct path path = {.steps = steps, .step_count = 3};
    cast_growth(&sink, &growth, &(struct cast_root){"module", NULL, 0, 2, 64}, &path);
    cast_growth(&sink, &growth, NULL, NULL);
    ck_assert_str_eq(
        lines(),
        "{\"record\":\"growth\",\"site\":9,\"scans\":4,\"objects\":100,\"bytes\":6400,\"objects_per_minute\":60,"
        "\"bytes_per_minute\":3840,\"path\":[{\"root\":\"module\",\"module\":2,\"offset\":64},"
        "{\"site\":1,\"size\":32,\"offset\":16,\"count\":1},"
        "{\"site\":2,\"size\":64,\"offset\":0,\"count\":48211},"
        "{\"site\":3,\"size\":8,\"offset\":0,\"count\":1}]}\n"
        "{\"record\":\"growth\",\"site\":9,\"scans\":4,\"objects\":100,\"bytes\":6400,\"objects_per_minute\":60,"
        "\"bytes_per_minute\":3840}\n");
}
END_TEST

START_TEST (growth_tells_what_it_was_told_from) {
    struct growth growth = {
        .site = 9, .point_count = 2, .at_us = {1000, 2000}, .objects_then = {3, 4}, .bytes_then = {30, 40}};
    cast_growth(&sink, &growth, NULL, NULL);
    ck_assert_ptr_nonnull(strstr(lines(), ",\"points\":[{\"at_us\":1000,\"objects\":3,\"bytes\":30},"
                                          "{\"at_us\":2000,\"objects\":4,\"bytes\":40}]}\n"));
}
END_TEST

START_TEST (timeline_has_the_scans_in_order) {
    struct scan_entry scans[] = {{1, 2, 1000, 0, 0, 5, 6, {1, 2, 3}, {10, 20, 30}},
                                 {2, 0, 2000, 0, 0, 7, 8, {4, 5, 6}, {40, 50, 60}}};
    cast_timeline(&sink, &(struct history){.scans = scans, .scan_count = 2});
    ck_assert_str_eq(lines(), "{\"record\":\"timeline\",\"scans\":[{\"number\":1,\"generation\":2,\"at_us\":1000,"
                              "\"pause_us\":5,\"scan_us\":6,\"objects\":[1,2,3],\"bytes\":[10,20,30]},"
                              "{\"number\":2,\"generation\":0,\"at_us\":2000,\"pause_us\":7,\"scan_us\":8,"
                              "\"objects\":[4,5,6],\"bytes\":[40,50,60]}]}\n");
}
END_TEST

START_TEST (one_scan_is_no_timeline) {
    struct scan_entry scan = {.number = 1};
    cast_timeline(&sink, &(struct history){.scans = &scan, .scan_count = 1});
    ck_assert_str_eq(lines(), "");
}
END_TEST

START_TEST (population_has_three_numbers_each) {
    cast_population(&sink, &(struct cast_population){4, {1, 2, 3}, {10, 20, 30}});
    ck_assert_str_eq(lines(), "{\"record\":\"population\",\"site\":4,\"objects\":[1,2,3],\"bytes\":[10,20,30]}\n");
}
END_TEST

START_TEST (retained_names_its_holder_or_none) {
    const struct cast_root root = {"module", NULL, 0, 2, 64};
    cast_retained(&sink, &(struct cast_retained){&root, -1, {3, 300, 2, 200, 7}});
    cast_retained(&sink, &(struct cast_retained){NULL, 5, {1, 10, 0, 0, 0}});
    cast_retained(&sink, &(struct cast_retained){NULL, -1, {4, 40, 0, 0, 0}});
    ck_assert_str_eq(lines(), "{\"record\":\"retained\",\"root\":{\"root\":\"module\",\"module\":2,\"offset\":64},"
                              "\"objects\":3,\"bytes\":300,"
                              "\"largest\":{\"site\":7,\"objects\":2,\"bytes\":200}}\n"
                              "{\"record\":\"retained\",\"finding\":5,\"objects\":1,\"bytes\":10}\n"
                              "{\"record\":\"retained\",\"objects\":4,\"bytes\":40}\n");
}
END_TEST

START_TEST (allocations_are_told_of_all_and_of_a_site) {
    cast_profile(&sink, &(struct cast_profile){1, 2, 3, 4, 5, 6, 7, 8, 9});
    cast_allocations(&sink, &(struct cast_allocations){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
    ck_assert_str_eq(lines(), "{\"record\":\"profile\",\"objects\":1,\"bytes\":2,\"freed_objects\":3,\"freed_bytes\":4,"
                              "\"peak_objects\":5,\"peak_bytes\":6,\"peak_us\":7,\"header_bytes\":8,\"missed\":9}\n"
                              "{\"record\":\"allocations\",\"site\":1,\"objects\":2,\"bytes\":3,\"freed_objects\":4,"
                              "\"freed_bytes\":5,\"peak_objects\":6,\"peak_bytes\":7,\"peak_us\":8,\"at_once\":9,"
                              "\"same_call\":10,\"size_min\":11,\"size_max\":12,\"slack_bytes\":13,\"grown\":14,"
                              "\"moved_bytes\":15,\"chain_max\":16}\n");
}
END_TEST

/* As a note's count. */
static void number_is_whole(uint64_t value) {
    char line[200];
    setup();
    cast_note(&sink, NOTE_BAD_OPTION, value, "x");
    snprintf(line, sizeof line,
             "{\"record\":\"note\",\"code\":\"bad-option\",\"count\":%" PRIu64 ",\"detail\":\"x\"}\n", value);
    ck_assert_str_eq(lines(), line);
    teardown();
}

START_TEST (numbers_of_all_lengths_are_written_in_full) {
    uint64_t value = 1;
    for (int digits = 1; digits <= 20; digits++, value *= 10) {
        number_is_whole(value);
        number_is_whole(value - 1);
        number_is_whole(value * 18 / 10);
    }
    number_is_whole(UINT64_MAX);
}
END_TEST

START_TEST (more_than_a_buffer_is_written_in_pieces) {
    char long_text[40000];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    cast_note(&sink, NOTE_BAD_OPTION, 1, long_text);
    lines();
    ck_assert_uint_ge(writes, 3);
    ck_assert_uint_eq(strspn(strchr(written, 'x'), "x"), sizeof long_text - 1);
}
END_TEST

START_TEST (first_error_is_kept_and_ends_the_writing) {
    room_bytes = 10;
    for (int i = 0; i < 10000; i++)
        cast_note(&sink, NOTE_NO_STACK, 1, "some detail");
    ck_assert_int_eq(cast_end(&sink), -ENOSPC);
    ck_assert_uint_eq(writes, 1);
    ck_assert_uint_eq(written_bytes, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cast");
    TCase *plain = tcase_create("strings"), *tests = tcase_create("lines");
    tcase_add_test(plain, numbers_of_all_lengths_are_written_in_full);
    tcase_add_test(plain, text_is_passed_through);
    tcase_add_test(plain, quotes_backslashes_and_control_characters_are_escaped);
    tcase_add_test(plain, bytes_that_are_not_utf8_are_escaped_one_by_one);
    tcase_add_test(plain, edges_of_utf8_are_passed_through);
    tcase_add_test(plain, arguments_are_split_at_their_ends);
    tcase_add_test(plain, seconds_have_six_decimals_in_any_locale);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, note_without_detail_has_no_such_key);
    tcase_add_test(tests, header_says_who_ran);
    tcase_add_test(tests, module_has_hex_and_a_signed_bias);
    tcase_add_test(tests, frames_are_pairs_or_triples);
    tcase_add_test(tests, scan_has_every_kind);
    tcase_add_test(tests, finding_of_a_cycle_lists_its_edges);
    tcase_add_test(tests, lost_finding_without_times_says_so);
    tcase_add_test(tests, status_has_three_generations_and_all_counts);
    tcase_add_test(tests, status_before_the_first_scan_has_zeros);
    tcase_add_test(plain, roots_have_the_keys_that_apply);
    tcase_add_test(tests, path_that_was_not_found_is_empty);
    tcase_add_test(tests, growth_has_its_path_or_none);
    tcase_add_test(tests, growth_tells_what_it_was_told_from);
    tcase_add_test(tests, timeline_has_the_scans_in_order);
    tcase_add_test(tests, one_scan_is_no_timeline);
    tcase_add_test(tests, population_has_three_numbers_each);
    tcase_add_test(tests, retained_names_its_holder_or_none);
    tcase_add_test(tests, allocations_are_told_of_all_and_of_a_site);
    tcase_add_test(tests, more_than_a_buffer_is_written_in_pieces);
    tcase_add_test(tests, first_error_is_kept_and_ends_the_writing);
    suite_add_tcase(suite, plain);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
