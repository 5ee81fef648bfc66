/* junit.c - JUnit XML as CI servers read it: a test case says whether the program could be judged, and each finding is a
 * test case that failed (kinds of --fail-on) or passed with a word.
 *
 * Names hold no numbers, so that a server knows a finding again in the next run.
 * Start: junit_write(). */
#include "escape.h"
#include "formats.h"
#include "location.h"
#include "wording.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct junit {
    FILE *file;
    struct pool *pool;
    const struct report *report;
    const struct view *view;
    const char *program, *root;
};

/* XML allows no control characters but these three; escape_text() has made the others visible. */
static void xml(FILE *file, const char *text, bool attribute) {
    static const struct {
        char byte;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};
    for (; *text; text++) {
        const char *entity = attribute && *text == '\n' ? "&#10;" : NULL;
        for (size_t i = 0; i < sizeof entities / sizeof *entities && !entity; i++)
            if (*text == entities[i].byte)
                entity = entities[i].entity;
        if (entity)
            fputs(entity, file);
        else
            fputc(*text, file);
    }
}

static void attribute(struct junit *junit, const char *name, const char *escaped) {
    fprintf(junit->file, " %s=\"", name);
    xml(junit->file, escaped, true);
    fputc('"', junit->file);
}

static bool fails(const struct junit *junit, const struct report_finding *finding) {
    return report_fails(finding, junit->view->fail_on);
}

/* How long the processes ran, from the start of the first to the end of the last. */
static const char *time_attribute(struct junit *junit) {
    const struct report *report = junit->report;
    if (!(report->start_seconds > 0))
        return "";
    return pool_printf(junit->pool, " time=\"%.3f\"", report->end_seconds - report->start_seconds);
}

static void counts(struct junit *junit, const char *element, const char *name) {
    size_t tests = 1, failures = 0;
    for (size_t i = 0; i < junit->report->finding_count; i++) {
        bool shown = junit->view->show & 1u << junit->report->findings[i].kind;
        tests += shown;
        failures += shown && fails(junit, &junit->report->findings[i]);
    }
    fprintf(junit->file, "<%s", element);
    attribute(junit, "name", name);
    fprintf(junit->file, " tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"0\"%s>\n", tests, failures,
            junit->report->unjudged || !junit->report->processes, time_attribute(junit));
}

static void begin_case(struct junit *junit, const char *name) {
    fputs("    <testcase", junit->file);
    attribute(junit, "classname", pool_printf(junit->pool, "castaway.%s", junit->program));
    attribute(junit, "name", name);
}

/* The program itself: was it judged? */
static void process_case(struct junit *junit) {
    const struct report *report = junit->report;
    begin_case(junit, "heap judged");
    fputs(time_attribute(junit), junit->file);
    if (!report->unjudged && report->processes) {
        fputs("/>\n", junit->file);
        return;
    }
    fputs(">\n      <error type=\"not-judged\" message=\"castaway could not judge every process\">", junit->file);
    for (size_t i = 0; i < report->note_count; i++) {
        const struct report_note *note = &report->notes[i];
        const char *line = pool_printf(junit->pool, "%s%s%s\n", note->text, *note->detail ? ": " : "", note->detail);
        xml(junit->file, escape_text(junit->pool, line, true), false);
    }
    fputs("</error>\n    </testcase>\n", junit->file);
}

/* As in the text report. */
static void finding_text(struct junit *junit, const struct report_finding *finding) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *memory = open_memstream(&text, &bytes);
    const struct view plain = {.show = KINDS_ALL, .frames_max = junit->view->frames_max, .utf8 = true};
    if (!memory)
        return;
    text_finding(memory, junit->report, finding, &plain);
    if (!fclose(memory))
        xml(junit->file, text, false);
    free(text);
}

static void finding_case(struct junit *junit, const struct report_finding *finding) {
    struct location location = location_of_stack(junit->pool, finding->stack, junit->root);
    const char *element = fails(junit, finding) ? "failure" : "system-out";
    begin_case(junit, pool_printf(junit->pool, "%s [%.8s]", wording_name(junit->pool, finding),
                                  wording_fingerprint(junit->pool, finding)));
    if (location.in_sources) {
        attribute(junit, "file", escape_text(junit->pool, location.path, true));
        fprintf(junit->file, " line=\"%d\"", location.line);
    }
    fprintf(junit->file, ">\n      <%s", element);
    if (fails(junit, finding)) {
        attribute(junit, "type", kind_word(finding->kind));
        attribute(junit, "message", wording_message(junit->pool, finding));
    }
    fputs(">", junit->file);
    finding_text(junit, finding);
    fprintf(junit->file, "</%s>\n    </testcase>\n", element);
}

void junit_write(FILE *file, const struct report *report, const struct view *view) {
    struct pool scratch = {0};
    struct junit junit = {.file = file, .pool = &scratch, .report = report, .view = view};
    junit.program = wording_program(&scratch, report);
    junit.root = location_root(&scratch);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", file);
    counts(&junit, "testsuites", "castaway");
    fputs("  ", file);
    counts(&junit, "testsuite", junit.program);
    process_case(&junit);
    for (size_t i = 0; i < report->finding_count; i++)
        if (view->show & 1u << report->findings[i].kind)
            finding_case(&junit, &report->findings[i]);
    fputs("  </testsuite>\n</testsuites>\n", file);
    pool_free(&scratch);
}
