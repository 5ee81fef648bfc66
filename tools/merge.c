/* merge.c - several recordings become one report.
 *
 * What adds up: tallies, and findings that are the same (equal kind, stack and cycle shape). Findings that only look
 * the same from outside (two calls in one function: equal fingerprints, other lines) stay apart, and the second gets
 * a fingerprint of its own.
 * Start: report_add(). */
#include "report.h"

#include "fingerprint.h"
#include "refs.h"

#include <stdlib.h>
#include <string.h>

static const char *const words[KIND_COUNT] = {
#define X(name, word, key) word,
    KINDS(X)
#undef X
};
static const char *const keys[KIND_COUNT] = {
#define X(name, word, key) key,
    KINDS(X)
#undef X
};
static const struct {
    const char *code, *text;
} note_texts[] = {
#define X(name, code, text) {code, text},
    NOTES(X) TOOL_NOTES(X)
#undef X
};
static const char *const tool_codes[TOOL_NOTE_COUNT] = {
#define X(name, code, text) code,
    TOOL_NOTES(X)
#undef X
};

const char *kind_word(enum kind kind) {
    return words[kind];
}

const char *kind_key(enum kind kind) {
    return keys[kind];
}

bool note_is_counted(const char *code) {
    static const char *const counted[] = {"not-recorded",     "no-stack",  "stack-cut",    "thread-running",
                                          "roots-unreadable", "inherited", "bad-recording"};
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        if (!strcmp(code, counted[i]))
            return true;
    return false;
}

/* ---- notes ---- */

static const char *note_text(const char *code) {
    for (size_t i = 0; i < sizeof note_texts / sizeof *note_texts; i++)
        if (!strcmp(code, note_texts[i].code))
            return note_texts[i].text;
    return code; /* of a newer library */
}

static void add_note(struct report *report, const char *code, uint64_t count, const char *detail) {
    for (size_t i = 0; i < report->note_count; i++) {
        struct report_note *note = &report->notes[i];
        if (!strcmp(note->code, code) && !strcmp(note->detail, detail)) {
            note->count = count_add(note->count, count);
            return;
        }
    }
    report->notes =
        pool_grow(report->pool, report->notes, report->note_count, &report->note_capacity, sizeof *report->notes);
    report->notes[report->note_count++] =
        (struct report_note){.code = code, .text = note_text(code), .detail = detail, .count = count};
}

void report_note(struct report *report, enum tool_note note, uint64_t count, const char *detail) {
    add_note(report, tool_codes[note], count, detail);
}

/* ---- findings ---- */

static const struct report_entry *entries_of(struct report *report, const struct rec_finding *finding) {
    struct report_entry *entries = pool_array(report->pool, finding->cycle_listed, sizeof *entries);
    for (size_t i = 0; i < finding->cycle_listed; i++) {
        const struct rec_edge *edge = &finding->cycle[i];
        entries[i] = (struct report_entry){
            .offset = edge->offset,
            .target_offset = edge->target_offset,
            .size_bytes = edge->size_bytes,
            .stack = symbols_stack(report->symbols, edge->site),
            .type = type_name(report->pool, edge->type),
            .frees_objects = edge->frees_objects,
            .frees_bytes = edge->frees_bytes,
            .rank = edge->rank,
        };
    }
    return entries;
}

void report_push(struct report *report, struct report_finding *finding) {
    fingerprint_set(report->pool, finding);
    report->findings =
        pool_grow(report->pool, report->findings, report->finding_count, &report->finding_capacity, sizeof *finding);
    report->findings[report->finding_count++] = *finding;
}

static void append_finding(struct report *report, const struct recording *recording,
                           const struct rec_finding *recorded) {
    struct report_finding finding = {
        .kind = recorded->kind,
        .count = recorded->count,
        .objects = recorded->objects,
        .bytes = recorded->bytes,
        .indirect_objects = recorded->indirect_objects,
        .indirect_bytes = recorded->indirect_bytes,
        .stack = symbols_stack(report->symbols, recorded->site),
        .cycle = entries_of(report, recorded),
        .cycle_listed = recorded->cycle_listed,
        .cycle_length = recorded->cycle_length,
        .group_objects_max = recorded->group_objects_max,
        .age = recorded->age,
        .type = type_name(report->pool, recorded->type),
        .refs = refs_named(report->pool, &recorded->refs),
        .found_at_exit = recording->at_exit && recorded->age.scan_b == recording->scan.number,
    };
    report_push(report, &finding);
}

static int compare_numbers(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int compare_names(const void *a, const void *b) {
    const struct report_finding *left = a, *right = b;
    int order = compare_numbers(left->fingerprint, right->fingerprint);
    return order ? order : compare_numbers(left->identity, right->identity);
}

/* What is lost for good first; in each part, the most bytes held first. */
static int compare_weight(const void *a, const void *b) {
    static const int parts[KIND_COUNT] = {
        [KIND_GROWING] = 1, [KIND_LOST_INDIRECT] = 2, [KIND_POSSIBLE] = 3, [KIND_REACHABLE] = 4, /* lost, cycle: 0 */
    };
    const struct report_finding *left = a, *right = b;
    if (parts[left->kind] != parts[right->kind])
        return parts[left->kind] - parts[right->kind];
    int order =
        compare_numbers(count_add(right->bytes, right->indirect_bytes), count_add(left->bytes, left->indirect_bytes));
    return order ? order : compare_names(a, b);
}

/* Of two ages the one that was known first: of one program, the earlier; of two, the first program's. */
static void absorb_live(struct report_finding *into, const struct report_finding *other) {
    if (!into->age.known) {
        into->age = other->age;
        into->found_at_exit = other->found_at_exit;
    }
    if (!into->growth || !other->growth)
        return;
    struct report_growth *growth = (struct report_growth *)into->growth;
    growth->objects_per_minute = count_add(growth->objects_per_minute, other->growth->objects_per_minute);
    growth->bytes_per_minute = count_add(growth->bytes_per_minute, other->growth->bytes_per_minute);
}

static void absorb(struct report *report, struct report_finding *into, const struct report_finding *other) {
    into->count = count_add(into->count, other->count);
    into->objects = count_add(into->objects, other->objects);
    into->bytes = count_add(into->bytes, other->bytes);
    into->indirect_objects = count_add(into->indirect_objects, other->indirect_objects);
    into->indirect_bytes = count_add(into->indirect_bytes, other->indirect_bytes);
    if (other->group_objects_max > into->group_objects_max)
        into->group_objects_max = other->group_objects_max;
    refs_absorb(report->pool, &into->refs, &other->refs);
    absorb_live(into, other);
}

/* Sorted by name: equal ones become one, and of those with equal fingerprints only the first keeps it. */
static void merge_findings(struct report *report) {
    size_t kept = 0, again = 0;
    uint64_t fingerprint = 0;
    if (report->finding_count)
        qsort(report->findings, report->finding_count, sizeof *report->findings, compare_names);
    for (size_t i = 0; i < report->finding_count; i++) {
        struct report_finding *finding = &report->findings[i];
        bool same_name = i && finding->fingerprint == fingerprint;
        fingerprint = finding->fingerprint;
        if (same_name && report->findings[kept - 1].identity == finding->identity) {
            absorb(report, &report->findings[kept - 1], finding);
            continue;
        }
        again = same_name ? again + 1 : 0;
        if (again)
            finding->fingerprint = fingerprint_again(fingerprint, again);
        report->findings[kept++] = *finding;
    }
    report->finding_count = kept;
}

/* ---- the whole ---- */

/* A recording that was cut before its scan record still has findings. */
static void tally_from_findings(struct recording *recording) {
    for (size_t i = 0; i < recording->finding_count; i++) {
        const struct rec_finding *finding = &recording->findings[i];
        struct tally *own = &recording->tally[finding->kind], *indirect = &recording->tally[KIND_LOST_INDIRECT];
        own->objects = count_add(own->objects, finding->objects);
        own->bytes = count_add(own->bytes, finding->bytes);
        indirect->objects = count_add(indirect->objects, finding->indirect_objects);
        indirect->bytes = count_add(indirect->bytes, finding->indirect_bytes);
    }
}

static void add_tallies(struct report *report, const struct recording *recording) {
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct tally *sum = &report->tally[kind];
        sum->objects = count_add(sum->objects, recording->tally[kind].objects);
        sum->bytes = count_add(sum->bytes, recording->tally[kind].bytes);
        if (!(report->kinds & 1u << kind))
            sum->findings = count_add(sum->findings, recording->tally[kind].findings);
    }
}

/* Resolving what nobody asked for would take most of the time: a large program has thousands of reachable sites. */
void report_init(struct report *report, struct pool *pool, unsigned show) {
    *report = (struct report){.pool = pool, .symbols = symbols_open(pool), .kinds = show | KINDS_SHOWN_DEFAULT};
}

void report_add(struct report *report, struct recording *recording) {
    if (!report->processes++ && !report->argv) {
        report->argv = recording->argv;
        report->argc = recording->argc;
        report->pid = recording->pid;
        report->exit_status = recording->exit_status;
        report->has_main = true;
    }
    if (!recording->complete)
        report_note(report, TOOL_NOTE_CUT, 1, "");
    if (!recording->has_scan) {
        report_note(report, TOOL_NOTE_NO_SCAN, 1, "");
        report->unjudged++;
        tally_from_findings(recording);
    }
    for (size_t i = 0; i < recording->note_count; i++)
        add_note(report, recording->notes[i].code, recording->notes[i].count, recording->notes[i].detail);
    for (size_t i = 0; i < recording->finding_count; i++)
        if (report->kinds & 1u << recording->findings[i].kind)
            append_finding(report, recording, &recording->findings[i]);
    report_add_live(report, recording);
    add_tallies(report, recording);
}

void report_finish(struct report *report) {
    uint64_t objects = 0;
    merge_findings(report);
    if (report->finding_count)
        qsort(report->findings, report->finding_count, sizeof *report->findings, compare_weight);
    for (int kind = 0; kind < KIND_JUDGED_COUNT; kind++)
        objects = count_add(objects, report->tally[kind].objects);
    for (size_t i = 0; i < report->finding_count; i++)
        report->tally[report->findings[i].kind].findings++;
    if (report->processes > report->unjudged && !objects)
        report_note(report, TOOL_NOTE_NO_OBJECTS, 0, "");
}

void report_free(struct report *report) {
    symbols_close(report->symbols);
}

bool report_has(const struct report *report, unsigned kinds) {
    for (int kind = 0; kind < KIND_COUNT; kind++)
        if (kinds & 1u << kind && (report->tally[kind].objects || report->tally[kind].findings))
            return true;
    return false;
}

struct tally report_unreachable(const struct report *report) {
    static const enum kind lost[] = {KIND_LOST, KIND_LOST_INDIRECT, KIND_CYCLE};
    struct tally sum = {0};
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
        sum.objects = count_add(sum.objects, report->tally[lost[i]].objects);
        sum.bytes = count_add(sum.bytes, report->tally[lost[i]].bytes);
        sum.findings = count_add(sum.findings, report->tally[lost[i]].findings);
    }
    return sum;
}
