/* gate.c - from a report to an exit status.
 *
 * Start: gate_judge(); the order of what can decide is the table `rules`. */
#include "gate.h"

#include "message.h"
#include "output.h"
#include "units.h"

#include <string.h>

/* ---- what the options name ---- */

int gate_open(struct gate *gate, const struct options *options) {
    *gate = (struct gate){
        .options = options, .suppressions = {.pool = options->pool}, .exit_code = options->exit_code, .why = ""};
    for (size_t i = 0; i < options->suppression_count; i++)
        if (suppress_load(&gate->suppressions, options->suppressions[i]))
            return -1;
    if (options->default_suppressions)
        suppress_add_defaults(&gate->suppressions);
    gate->has_baseline = options->baseline != NULL;
    if (!gate->has_baseline && (options->update_baseline || options->accept_new)) {
        message_error("%s: which file? --baseline FILE",
                      options->update_baseline ? "--update-baseline" : "--accept-new");
        return -1;
    }
    if (options->accept_new && !options->update_baseline) {
        message_error("--accept-new: changes the baseline only together with --update-baseline");
        return -1;
    }
    return gate->has_baseline ? baseline_load(&gate->baseline, options->pool, options->baseline,
                                              options->update_baseline && options->accept_new)
                              : 0;
}

/* ---- what programs bring themselves ---- */

static void mark_brought(struct suppressions *suppressions, size_t from, uint64_t brought) {
    for (size_t i = from; i < suppressions->count; i++)
        suppressions->list[i].brought = brought;
}

/* Their options stand below what the user said: the exit status, and files of suppressions. */
static void take_options(struct gate *gate, const char *text) {
    const struct options *given = gate->options;
    struct options *own = pool_alloc(given->pool, sizeof *own);
    *own = *given;
    if (options_lsan(own, text))
        return;
    for (size_t i = given->suppression_count; i < own->suppression_count; i++)
        suppress_load(&gate->suppressions, own->suppressions[i]);
    if (!given->exit_code_given)
        gate->exit_code = own->exit_code;
}

static void take_defaults(struct gate *gate, const struct report *report) {
    struct suppressions *suppressions = &gate->suppressions;
    for (size_t i = 0, from; i < report->default_option_count; i++) {
        from = suppressions->count;
        take_options(gate, report->default_options[i]);
        mark_brought(suppressions, from, report_brought(false, i));
    }
    for (size_t i = 0, from; i < report->default_suppression_count; i++) {
        const char *text = report->default_suppressions[i];
        from = suppressions->count;
        suppress_add_text(suppressions, "__lsan_default_suppressions", text, strlen(text));
        mark_brought(suppressions, from, report_brought(true, i));
    }
}

/* ---- counting ---- */

bool gate_counts(const struct gate *gate, const struct report_finding *finding) {
    return report_fails(finding, gate->options->fail_on) && !gate->options->accept_new;
}

bool gate_misses(const struct gate *gate, const struct compare_item *item) {
    return !item->partner && gate->options->fail_on & 1u << item->kind;
}

/* Objects of a kind that counts, in no finding: a recording holds only the sums of some kinds. */
static uint64_t objects_without_finding(const struct gate *gate, const struct report *report) {
    uint64_t left[KIND_COUNT], sum = 0;
    for (int kind = 0; kind < KIND_COUNT; kind++)
        left[kind] = gate->options->fail_on & 1u << kind ? report->tally[kind].objects : 0;
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct report_finding *finding = &report->findings[i];
        left[finding->kind] -= finding->objects < left[finding->kind] ? finding->objects : left[finding->kind];
    }
    for (int kind = 0; kind < KIND_COUNT; kind++)
        sum = count_add(sum, left[kind]);
    return sum;
}

static void count(struct gate *gate, const struct report *report) {
    for (size_t i = 0; i < report->finding_count; i++) {
        gate->counted += gate_counts(gate, &report->findings[i]);
        gate->known += report->findings[i].standing == STANDING_KNOWN;
    }
    for (size_t i = 0; i < gate->suppressions.count; i++)
        gate->unused += !gate->suppressions.list[i].is_default && !gate->suppressions.list[i].findings;
}

/* ---- why ---- */

static size_t standing_count(const struct report *report, enum standing standing) {
    size_t count = 0;
    for (size_t i = 0; i < report->finding_count; i++)
        count += report->findings[i].standing == standing;
    return count;
}

static const char *with_known(struct pool *pool, const struct gate *gate, const char *what) {
    if (!gate->known)
        return what;
    return pool_printf(pool, "%s; %s known to %s", what, units_things(pool, gate->known, "finding"),
                       gate->options->baseline);
}

static const char *what_counts(const struct gate *gate, const struct report *report) {
    struct pool *pool = report->pool;
    size_t grown = standing_count(report, STANDING_GROWN);
    if (!gate->counted)
        return pool_printf(pool, "%s of kinds that count",
                           units_things(pool, objects_without_finding(gate, report), "object"));
    if (!gate->has_baseline)
        return pool_printf(pool, "%s %s", units_things(pool, gate->counted, "finding"),
                           gate->counted == 1 ? "counts" : "count");
    const char *new_ones = units_things(pool, gate->counted - grown, "new finding");
    if (!grown)
        return with_known(pool, gate, new_ones);
    const char *grown_ones = pool_printf(pool, "%s grown", units_count(pool, grown));
    return with_known(pool, gate,
                      gate->counted > grown ? pool_printf(pool, "%s, %s", new_ones, grown_ones) : grown_ones);
}

static const char *why_program(const struct gate *gate, const struct report *report) {
    const char *own = report->signal ? pool_printf(report->pool, "killed by SIG%s", sigabbrev_np(report->signal))
                                     : "the program's own";
    if (!gate->counted)
        return own;
    return pool_printf(report->pool, "%s; else it would be %d: %s", own, gate->exit_code, what_counts(gate, report));
}

static const char *why_failed(const struct gate *gate, const struct report *report) {
    (void)gate;
    return report->processes == report->unjudged ? "castaway failed: nothing was judged" : "castaway failed";
}

static const char *why_unjudged(const struct gate *gate, const struct report *report) {
    (void)gate;
    return report->processes == 1
               ? "the process was not judged"
               : pool_printf(report->pool, "%s of %s were not judged", units_count(report->pool, report->unjudged),
                             units_things(report->pool, report->processes, "recording"));
}

static const char *why_not_seen(const struct gate *gate, const struct report *report) {
    (void)gate, (void)report;
    return "the program left no recording of its end";
}

static const char *why_unused(const struct gate *gate, const struct report *report) {
    return pool_printf(report->pool, "%s matched nothing (--fail-on-unused)",
                       units_things(report->pool, gate->unused, "suppression"));
}

static const char *why_clean(const struct gate *gate, const struct report *report) {
    const char *what = gate->options->accept_new ? "what is new is accepted"
                       : gate->has_baseline      ? "nothing new"
                                                 : "nothing that counts";
    return with_known(report->pool, gate, what);
}

/* ---- the rules ---- */

static bool counts(const struct gate *gate, const struct report *report, const struct outcome *outcome) {
    (void)outcome;
    return gate->counted || objects_without_finding(gate, report);
}

/* As Valgrind's --error-exitcode: findings win over the program's own status. */
static bool findings_win(const struct gate *gate, const struct report *report, const struct outcome *outcome) {
    return gate->options->findings_first && gate->exit_code && !outcome->signal && counts(gate, report, outcome);
}

static bool program_failed(const struct gate *gate, const struct report *report, const struct outcome *outcome) {
    (void)gate, (void)report;
    return outcome->signal || outcome->exit_status;
}

static bool castaway_failed(const struct gate *gate, const struct report *report, const struct outcome *outcome) {
    (void)gate, (void)report;
    return outcome->failed;
}

static bool not_judged(const struct gate *gate, const struct report *report, const struct outcome *outcome) {
    (void)gate, (void)outcome;
    return report->unjudged;
}

static bool has_unused(const struct gate *gate, const struct report *report, const struct outcome *outcome) {
    (void)report, (void)outcome;
    return gate->options->fail_on_unused && gate->unused;
}

static bool not_seen(const struct gate *gate, const struct report *report, const struct outcome *outcome) {
    (void)gate, (void)report;
    return outcome->cut_short;
}

static bool always(const struct gate *gate, const struct report *report, const struct outcome *outcome) {
    (void)gate, (void)report, (void)outcome;
    return true;
}

enum status_kind { STATUS_PROGRAM, STATUS_FAILED, STATUS_FINDINGS, STATUS_CLEAN };

/* The first that applies decides. */
static const struct {
    bool (*applies)(const struct gate *, const struct report *, const struct outcome *);
    enum status_kind status;
    const char *(*why)(const struct gate *, const struct report *);
} rules[] = {
    {findings_win, STATUS_FINDINGS, what_counts}, {program_failed, STATUS_PROGRAM, why_program},
    {castaway_failed, STATUS_FAILED, why_failed}, {counts, STATUS_FINDINGS, what_counts},
    {not_judged, STATUS_FAILED, why_unjudged},    {has_unused, STATUS_FINDINGS, why_unused},
    {not_seen, STATUS_FAILED, why_not_seen},      {always, STATUS_CLEAN, why_clean},
};

void gate_apply(struct gate *gate, struct report *report) {
    take_defaults(gate, report);
    suppress_apply(&gate->suppressions, report, suppress_today(report->pool));
    if (gate->has_baseline)
        baseline_apply(&gate->baseline, report, gate->options->fail_on);
    count(gate, report);
}

void gate_judge(struct gate *gate, struct report *report, const struct outcome *outcome) {
    gate_apply(gate, report);
    const int statuses[] = {
        [STATUS_PROGRAM] = outcome->signal ? 128 + outcome->signal : outcome->exit_status,
        [STATUS_FAILED] = EXIT_CASTAWAY_FAILED,
        [STATUS_FINDINGS] = gate->exit_code,
        [STATUS_CLEAN] = EXIT_CLEAN,
    };
    size_t rule = 0;
    while (!rules[rule].applies(gate, report, outcome))
        rule++;
    gate->status = statuses[rules[rule].status];
    gate->why = rules[rule].why(gate, report);
    report->gate = gate;
}

/* ---- afterwards ---- */

/* What a run that went wrong did not show may still be there. */
static const char *why_no_update(const struct report *report, const struct outcome *outcome) {
    if (outcome->signal || outcome->exit_status)
        return "the program failed";
    if (outcome->failed || outcome->cut_short || report->unjudged || report->processes == 0)
        return "not all was judged";
    if (symbols_unread(report->symbols))
        return "debug information was not read, so findings may have other names";
    return NULL;
}

static int update(const struct gate *gate, const struct report *report, const struct outcome *outcome) {
    const struct options *options = gate->options;
    const char *why_not = why_no_update(report, outcome);
    struct baseline_change change;
    if (why_not) {
        message_error("%s: left as it is: %s", options->baseline, why_not);
        return 0;
    }
    if (baseline_update(&gate->baseline, report, options->fail_on, options->accept_new, &change))
        return -1;
    message_error("%s: %zu dropped, %zu lowered, %zu added, %zu raised", options->baseline, change.dropped,
                  change.lowered, change.added, change.raised);
    return 0;
}

int gate_close(const struct gate *gate, const struct report *report, const struct outcome *outcome, bool failed) {
    if (gate->status && !output_has_text(gate->options)) /* which has the line that says why */
        message_error("exit status %d: %s", gate->status, gate->why);
    if (gate->options->update_baseline && update(gate, report, outcome))
        failed = true;
    return failed && !outcome->exit_status && !outcome->signal ? EXIT_CASTAWAY_FAILED : gate->status;
}
