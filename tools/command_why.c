/* command_why.c - `castaway why PID|FILE ADDRESS|FINGERPRINT`: what keeps an object, or the objects of a finding, alive.
 *
 * An address is asked for by itself. A fingerprint is looked up among the findings that the program knows of, or that
 * stand in the recording: of a growing place the path is known, a lost object has none.
 * Start: command_why(). */
#include "asking.h"
#include "command.h"
#include "escape.h"
#include "json.h"
#include "live_text.h"
#include "message.h"
#include "output.h"
#include "wording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FINGERPRINT_DIGITS = 16, FINGERPRINT_DIGITS_SHOWN = 8 };

struct question {
    struct asking asking;
    struct report report;
    pid_t pid;               /* 0: of a file */
    const char *fingerprint; /* NULL: an address is asked for */
    uint64_t address;
    const struct report_finding *finding; /* the one with that fingerprint */
    struct report_path path;              /* root_kind is "" when there is none */
    bool reached;
};

/* ---- the question ---- */

/* 0x... is an address; 8 or 16 digits, as reports show them, are a fingerprint; other hexadecimal digits an address. */
static int read_what(struct question *question, const char *word) {
    bool prefixed = !strncmp(word, "0x", 2);
    const char *digits = word + (prefixed ? 2 : 0);
    size_t length = strlen(digits);
    if (!length || length > FINGERPRINT_DIGITS || digits[strspn(digits, "0123456789abcdefABCDEF")]) {
        message_error("`%s` is neither an address (0x55d0c8a012a0) nor a fingerprint (8 or 16 digits, as in a report)",
                      word);
        return -1;
    }
    if (!prefixed && (length == FINGERPRINT_DIGITS || length == FINGERPRINT_DIGITS_SHOWN))
        question->fingerprint = word;
    else
        question->address = strtoull(digits, NULL, 16);
    return 0;
}

static int read_answer(struct question *question) {
    struct asking *asking = &question->asking;
    question->pid = asking_pid(asking->words[0]);
    if (!question->pid)
        return recording_read(&asking->recording, asking->words[0], &asking->pool);
    if (asking_open(asking, asking->words[0]))
        return -1;
    question->pid = asking->control.watched.pid;
    return asking_ask(asking,
                      question->fingerprint ? "top" : pool_printf(&asking->pool, "why %" PRIx64, question->address));
}

/* ---- the answer ---- */

static int find_target(struct question *question) {
    static const char *const missing[] = {"no-such-object"};
    struct asking *asking = &question->asking;
    const struct recording *recording = &asking->recording;
    if (question->pid && asking_refused(asking, missing, 1))
        return -1;
    for (size_t i = 0; i < recording->target_count; i++)
        if (question->pid || recording->targets[i].address == question->address) {
            question->path = report_path(&question->report, &recording->targets[i].path);
            question->reached = *question->path.root_kind && !control_note(recording, "not-reached");
            return 0;
        }
    if (control_note(recording, "not-reached"))
        return 0;
    if (question->pid)
        message_error("the answer of process %d holds no path", (int)question->pid);
    else
        message_error("%s: holds no path to 0x%" PRIx64 "; a running program tells it: `castaway why PID ADDRESS`",
                      asking->words[0], question->address);
    return -1;
}

static bool has_fingerprint(const struct report_finding *finding, const char *digits) {
    char fingerprint[FINGERPRINT_DIGITS + 1];
    snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, finding->fingerprint);
    return !strncasecmp(fingerprint, digits, strlen(digits));
}

static int find_finding(struct question *question) {
    struct report *report = &question->report;
    size_t matches = 0;
    for (size_t i = 0; i < report->finding_count; i++)
        if (has_fingerprint(&report->findings[i], question->fingerprint) && !matches++)
            question->finding = &report->findings[i];
    if (matches == 1) {
        if (question->finding->growth)
            question->path = question->finding->growth->path;
        question->reached = *question->path.root_kind;
        return 0;
    }
    if (matches)
        message_error("%zu findings have the fingerprint %s: give all of its 16 digits, as in a report in JSON",
                      matches, question->fingerprint);
    else
        message_error("no finding of %s has the fingerprint %s", question->asking.words[0], question->fingerprint);
    return -1;
}

/* ---- output ---- */

static void why_json(FILE *file, struct pool *pool, const struct question *question, const struct view *view) {
    json_t *root = json_object();
    json_object_set_new(root, "pid", question->pid ? json_integer(question->pid) : json_null());
    json_object_set_new(root, "address", question->fingerprint ? json_null() : json_number(question->address));
    json_object_set_new(root, "fingerprint", json_text(pool, question->fingerprint));
    json_object_set_new(root, "kind",
                        question->finding ? json_string(kind_word(question->finding->kind)) : json_null());
    json_object_set_new(root, "reached", json_boolean(question->reached));
    json_object_set_new(root, "path", json_path(pool, &question->path, view));
    json_put(file, root);
}

static const char *subject(struct pool *pool, const struct question *question, bool utf8) {
    if (question->finding)
        return pool_printf(pool, "%s (%s)", escape_text(pool, question->fingerprint, utf8),
                           kind_word(question->finding->kind));
    return pool_printf(pool, "0x%" PRIx64, question->address);
}

static const char *outcome(struct pool *pool, const struct question *question) {
    if (question->reached)
        return "is held by";
    if (question->finding && question->finding->dangling)
        return wording_dangling(pool, question->finding);
    if (question->finding && question->finding->kind != KIND_LOST && question->finding->kind != KIND_CYCLE)
        return "was not traced: no path is known";
    return *question->path.root_kind ? "is lost: nothing that the program can reach holds it; it was held by"
                                     : "is lost: nothing that the program can reach holds it";
}

static void why_text(FILE *file, struct pool *pool, const struct question *question, const struct view *view) {
    const struct report_finding *finding = question->finding;
    const char *age = finding ? live_age(pool, &question->report, finding) : "";
    fprintf(file, "castaway: %s: %s %s\n",
            question->pid ? asking_program(pool, &question->asking, view->utf8)
                          : escape_text(pool, question->asking.words[0], view->utf8),
            subject(pool, question, view->utf8), outcome(pool, question));
    if (*age)
        fprintf(file, "    %s\n", age);
    if (*question->path.root_kind)
        text_path(file, &question->path, view);
}

static void write_why(FILE *file, const void *content, enum format format, const struct view *view) {
    struct pool scratch = {0};
    (format == FORMAT_JSON ? why_json : why_text)(file, &scratch, content, view);
    pool_free(&scratch);
}

static int answer(struct question *question) {
    struct asking *asking = &question->asking;
    struct report *report = &question->report;
    int status = EXIT_CASTAWAY_FAILED;
    report_init(report, &asking->pool, question->fingerprint ? KINDS_ALL : 0);
    if (!question->fingerprint)
        report->kinds = 0; /* only the path is shown */
    report_add(report, &asking->recording);
    report_finish(report);
    if (!(question->fingerprint ? find_finding : find_target)(question) &&
        !output_each(&asking->options, question->pid, write_why, question, stdout))
        status = EXIT_CLEAN;
    report_free(report);
    return status;
}

int command_why(int count, char **arguments, int from) {
    static const char *const words[] = {"PID|FILE", "ADDRESS|FINGERPRINT"};
    struct question question = {.path = {.root_kind = ""}};
    int status;
    if (!asking_begin(&question.asking, VERB_WHY, count, arguments, from, words, 2, &status) &&
        !read_what(&question, question.asking.words[1]) && !read_answer(&question))
        status = answer(&question);
    asking_end(&question.asking);
    return status;
}
