/* castaway_check.h - for tests made with check (libcheck): each test case of a TCase is a scope, and fails when it leaves
 * objects behind that nobody can reach.
 *
 *     TCase *tcase = tcase_create("session");
 *     castaway_check_tcase(tcase);              before the fixtures that belong to the test
 *     tcase_add_checked_fixture(tcase, set_up, tear_down);
 *     tcase_add_test(tcase, closes_its_timer);
 *
 * Run as `castaway ./tests`. Without castaway nothing changes. The names of functions come from the dynamic symbols: link the
 * tests with -rdynamic, or ask addr2line for `tests(+0x1234)`. */
#ifndef CASTAWAY_CHECK_H
#define CASTAWAY_CHECK_H

#include <check.h>
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>

#include "castaway.h"

enum { CASTAWAY_CHECK_FRAMES = 8, CASTAWAY_CHECK_TEXT_BYTES = 6000 };

/* One line for each frame of where the objects were made, innermost first. Return addresses: one byte back is in the call. */
static inline size_t castaway_check_frames(const struct castaway_finding *finding, char *out, size_t room) {
    void *calls[CASTAWAY_CHECK_FRAMES];
    int count = finding->frame_count < CASTAWAY_CHECK_FRAMES ? finding->frame_count : CASTAWAY_CHECK_FRAMES;
    size_t fill = 0;
    for (int i = 0; i < count; i++)
        calls[i] = (char *)finding->frames[i] - 1;
    char **names = backtrace_symbols(calls, count);
    for (int i = 0; names && i < count && fill < room; i++)
        fill += (size_t)snprintf(out + fill, room - fill, "\n      %s", names[i]);
    free(names);
    return fill < room ? fill : room;
}

static inline void castaway_check_begin(void) {
    castaway_scope_begin("test case");
}

static inline void castaway_check_end(void) {
    static char text[CASTAWAY_CHECK_TEXT_BYTES];
    static struct castaway_finding list[CASTAWAY_FINDINGS_KEPT];
    long findings = castaway_scope_end(), objects = 0;
    size_t fill = 0;
    if (findings == 0)
        return;
    if (findings < 0)
        ck_abort_msg("castaway could not look at the heap of this test");
    long kept = castaway_scope_findings(list, CASTAWAY_FINDINGS_KEPT);
    text[0] = 0;
    for (long i = 0; i < kept; i++) {
        objects += list[i].objects;
        if (fill < sizeof text)
            fill += (size_t)snprintf(text + fill, sizeof text - fill, "\n    %s%ld object%s, %zu bytes, made by",
                                     list[i].is_cycle ? "cycle: " : "", list[i].objects,
                                     list[i].objects == 1 ? "" : "s", list[i].bytes);
        if (fill < sizeof text)
            fill += castaway_check_frames(&list[i], text + fill, sizeof text - fill);
    }
    ck_abort_msg("this test leaves %s%ld object%s behind that nothing can reach:%s", findings > kept ? "at least " : "",
                 objects, objects == 1 ? "" : "s", text);
}

/* Each test of the case is a scope of its own. Fixtures added before it are outside. */
static inline void castaway_check_tcase(TCase *tcase) {
    tcase_add_checked_fixture(tcase, castaway_check_begin, castaway_check_end);
}

#endif
