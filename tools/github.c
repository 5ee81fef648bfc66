/* github.c - annotations of GitHub Actions: workflow commands, one line each, that mark the line of source.
 *
 * A step shows ten errors and ten warnings; more of them would hide each other, so the rest is one sentence.
 * Start: github_write(). */
#include "formats.h"
#include "location.h"
#include "units.h"
#include "wording.h"

#include <inttypes.h>
#include <string.h>

enum level { ERROR, WARNING, LEVELS };
enum { SHOWN_MAX = 10 };

/* `special` bytes as %XX. */
static void encoded(FILE *file, const char *text, const char *special) {
    for (; *text; text++)
        if (strchr(special, *text))
            fprintf(file, "%%%02X", (unsigned char)*text);
        else
            fputc(*text, file);
}

static void annotation(FILE *file, struct pool *pool, const struct report_finding *finding, enum level level,
                       const char *root) {
    static const char *const words[LEVELS] = {[ERROR] = "error", [WARNING] = "warning"};
    struct location location = location_of_stack(pool, finding->stack, root);
    const char *advice = wording_advice(pool, finding);
    fprintf(file, "::%s ", words[level]);
    if (location.in_sources) {
        fputs("file=", file);
        encoded(file, location.path, "%\r\n:,");
        if (location.line)
            fprintf(file, ",line=%d", location.line);
        fputc(',', file);
    }
    fputs("title=castaway%3A ", file);
    encoded(file, wording_name(pool, finding), "%\r\n:,");
    fputs("::", file);
    encoded(file, wording_message(pool, finding), "%\r\n");
    if (advice)
        encoded(file, pool_printf(pool, "\n  %s", advice), "%\r\n");
    for (size_t i = 0; i < finding->stack->named_count; i++) {
        const struct stack_frame *frame = &finding->stack->frames[i];
        const char *line = pool_printf(pool, "\n  %s  %s", wording_function(pool, frame), wording_place(pool, frame));
        encoded(file, line, "%\r\n");
    }
    fprintf(file, "%%0A  fingerprint %s\n", wording_fingerprint(pool, finding));
}

void github_write(FILE *file, const struct report *report, const struct view *view) {
    struct pool scratch = {0};
    const char *root = location_root(&scratch);
    size_t shown[LEVELS] = {0}, left = 0;
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct report_finding *finding = &report->findings[i];
        enum level level = report_fails(finding, view->fail_on) ? ERROR : WARNING;
        bool passes = finding->standing == STANDING_KNOWN && !view->show_known;
        if (!(view->show & 1u << finding->kind) || passes)
            continue;
        if (shown[level]++ < SHOWN_MAX)
            annotation(file, &scratch, finding, level, root);
        else
            left++;
    }
    if (left)
        fprintf(file, "::notice title=castaway::%s more; the report has all of them\n",
                units_things(&scratch, left, "finding"));
    pool_free(&scratch);
}
