/* merge.c - several recordings become one report, whatever their order.
 *
 * What adds up: tallies, and findings that are the same (equal kind, stack and cycle shape). Findings that only look
 * the same from outside (two calls in one function: equal fingerprints, other lines) stay apart, and the second gets
 * a fingerprint of its own.
 * Owns:  one copy of each finding. Of a recording nothing else is kept.
 * Start: report_add(), then report_push(). */
#include "report.h"
#include "list.h"
#include "units.h"

#include "breaks.h"
#include "fingerprint.h"
#include "message.h"
#include "refs.h"

#include <stdlib.h>
#include <string.h>

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

bool note_is_counted(const char *code) {
    static const char *const counted[] = {"not-recorded",     "no-stack",  "stack-cut",        "thread-running",
                                          "roots-unreadable", "inherited", "bad-recording",    "left-running",
                                          "unwatched",        "lingering", "debug-info-unread"};
    return list_has(counted, COUNT(counted), code);
}

/* ---- notes ---- */

static const char *note_text(const char *code) {
    for (size_t i = 0; i < sizeof note_texts / sizeof *note_texts; i++)
        if (!strcmp(code, note_texts[i].code))
            return note_texts[i].text;
    return code; /* of a newer library */
}

/* Processes by the thousand may each have a detail of their own: further ones are only counted. */
enum { NOTES_MAX = 64 };

static void add_note(struct report *report, const char *code, uint64_t count, const char *detail) {
    if (report->note_count >= NOTES_MAX)
        detail = "";
    for (size_t i = 0; i < report->note_count; i++) {
        struct report_note *note = &report->notes[i];
        if (!strcmp(note->code, code) && !strcmp(note->detail, detail)) {
            note->count = count_add(note->count, count);
            return;
        }
    }
    report->notes =
        pool_grow(report->pool, report->notes, report->note_count, &report->note_capacity, sizeof *report->notes);
    report->notes[report->note_count++] = (struct report_note){.code = keep_string(&report->keeper, code),
                                                               .text = note_text(keep_string(&report->keeper, code)),
                                                               .detail = keep_string(&report->keeper, detail),
                                                               .count = count};
}

void report_note(struct report *report, enum tool_note note, uint64_t count, const char *detail) {
    add_note(report, tool_codes[note], count, detail);
}

enum { NOTE_FRAMES = 3 };

/* "40 B, in 3 scans: session_new server/session.c:12, main server/main.c:40" */
static const char *lingering_detail(struct report *report, struct pool *pool, const struct rec_note *note) {
    const struct stack *stack = symbols_stack(report->symbols, note->site);
    const char *detail =
        pool_printf(pool, "%s, the same in %s", units_size(pool, note->bytes), units_things(pool, note->scans, "scan"));
    for (size_t i = 0; i < stack->frame_count && i < NOTE_FRAMES; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        detail = pool_printf(pool, "%s%s %s", detail, i ? "," : ":", frame->function ? frame->function : "??");
        if (frame->file_short && frame->line)
            detail = pool_printf(pool, "%s %s:%d", detail, frame->file_short, frame->line);
    }
    return detail;
}

static const char *note_detail(struct report *report, const struct recording *recording, const struct rec_note *note) {
    return note->site ? lingering_detail(report, recording->pool, note) : note->detail;
}

/* ---- findings ---- */

/* Structs are found by their size. */
static struct members layout_of(struct report *report, const struct recording *recording, struct rec_site *site,
                                struct sizes sizes, uint64_t offset) {
    if (!sizes_are_one(sizes))
        return (struct members){0};
    return members_at(report->symbols, site, sizes.least, offset, recording->pool);
}

static const struct report_entry *entries_of(struct report *report, const struct recording *recording,
                                             const struct rec_finding *finding) {
    struct report_entry *entries = pool_array(recording->pool, finding->cycle_listed, sizeof *entries);
    for (size_t i = 0; i < finding->cycle_listed; i++) {
        const struct rec_edge *edge = &finding->cycle[i];
        entries[i] = (struct report_entry){
            .offset = edge->offset,
            .target_offset = edge->target_offset,
            .sizes = edge->sizes,
            .bytes = edge->bytes,
            .stack = symbols_stack(report->symbols, edge->site),
            .type = type_name(recording->pool, edge->type),
            .layout = layout_of(report, recording, edge->site, edge->sizes, edge->offset),
        };
    }
    return entries;
}

static const char *struct_of(struct report *report, const struct recording *recording,
                             const struct rec_finding *recorded) {
    if (recorded->kind != KIND_LOST)
        return NULL;
    return layout_of(report, recording, recorded->site, recorded->sizes, 0).type;
}

/* In the memory of the recording. */
static struct report_finding finding_of(struct report *report, const struct recording *recording,
                                        const struct rec_finding *recorded) {
    struct report_finding finding = {
        .kind = recorded->kind,
        .count = recorded->count,
        .objects = recorded->objects,
        .bytes = recorded->bytes,
        .indirect_objects = recorded->indirect_objects,
        .indirect_bytes = recorded->indirect_bytes,
        .sizes = recorded->sizes,
        .stack = symbols_stack(report->symbols, recorded->site),
        .cycle = entries_of(report, recording, recorded),
        .cycle_listed = recorded->cycle_listed,
        .cycle_length = recorded->cycle_length,
        .cycle_length_max = recorded->cycle_length_max,
        .group_objects_max = recorded->group_objects_max,
        .breaks = breaks_named(recording->pool, report->symbols, recorded),
        .age = recorded->age,
        .has_retained = recorded->has_retained,
        .retained_objects = recorded->retained_objects,
        .retained_bytes = recorded->retained_bytes,
        .type = type_name(recording->pool, recorded->type),
        .refs = refs_named(recording->pool, &recorded->refs),
        .history = history_named(recording->pool, report->symbols, &recorded->history),
        .struct_name = struct_of(report, recording, recorded),
        .found_at_exit = recording->at_exit && recorded->age.scan_b == recording->scan.number,
    };
    return finding;
}

/* What makes two findings one. */
struct name {
    uint64_t fingerprint, identity;
};
struct finding_index {
    struct name name;
    size_t at;           /* in report.findings */
    size_t last_process; /* that showed it, counted from 1 */
    UT_hash_handle hh;
};

static struct finding_index *index_find(const struct report *report, const struct report_finding *finding) {
    struct name name = {finding->fingerprint, finding->identity};
    struct finding_index *known = NULL;
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the key is read byte by byte, all are set */
    HASH_FIND(hh, report->index, &name, sizeof name, known);
    return known;
}

static struct finding_index *index_add(struct report *report, const struct report_finding *finding) {
    struct finding_index *entry = pool_alloc(report->pool, sizeof *entry);
    entry->name = (struct name){finding->fingerprint, finding->identity};
    entry->at = report->finding_count;
    HASH_ADD(hh, report->index, name, sizeof entry->name, entry);
    report->findings = pool_grow_alone(report->pool, report->findings, report->finding_count, &report->finding_capacity,
                                       sizeof *finding);
    report->findings[report->finding_count++] = *finding;
    return entry;
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

/* What is one finding has the same parts. */
static void absorb_sizes(struct report_finding *into, const struct report_finding *other) {
    into->sizes = sizes_of_both(into->sizes, other->sizes);
    for (size_t i = 0; i < into->part_count && i < other->part_count; i++) {
        struct report_part *part = &into->parts[i];
        part->sizes = sizes_of_both(part->sizes, other->parts[i].sizes);
        part->bytes = count_add(part->bytes, other->parts[i].bytes);
    }
}

static void absorb(struct report *report, struct report_finding *into, const struct report_finding *other) {
    into->count = count_add(into->count, other->count);
    into->objects = count_add(into->objects, other->objects);
    into->bytes = count_add(into->bytes, other->bytes);
    into->indirect_objects = count_add(into->indirect_objects, other->indirect_objects);
    into->indirect_bytes = count_add(into->indirect_bytes, other->indirect_bytes);
    into->has_retained |= other->has_retained;
    into->retained_objects = count_add(into->retained_objects, other->retained_objects);
    into->retained_bytes = count_add(into->retained_bytes, other->retained_bytes);
    if (other->group_objects_max > into->group_objects_max)
        into->group_objects_max = other->group_objects_max;
    if (other->cycle_length_max > into->cycle_length_max)
        into->cycle_length_max = other->cycle_length_max;
    absorb_sizes(into, other);
    refs_absorb(&report->keeper, &into->refs, &other->refs);
    history_absorb(&report->keeper, &into->history, &other->history);
    absorb_live(into, other);
}

static bool same_name(const char *a, const char *b) {
    return a && b ? !strcmp(a, b) : a == b;
}

static bool same_shape(const struct report_finding *a, const struct report_finding *b) {
    if (!stack_equal(a->stack, b->stack) || a->cycle_listed != b->cycle_listed || a->cycle_length != b->cycle_length)
        return false;
    for (size_t i = 0; i < a->cycle_listed; i++)
        if (!stack_equal(a->cycle[i].stack, b->cycle[i].stack) ||
            !same_name(a->cycle[i].layout.type, b->cycle[i].layout.type) ||
            !same_name(a->cycle[i].layout.member, b->cycle[i].layout.member))
            return false;
    return true;
}

/* The first process that showed a finding gives it its command, and its stacks where those of two builds differ. */
static void set_origin(struct report *report, struct report_finding *finding, const struct report_finding *shown) {
    struct origin *origin = report->adding;
    if (finding->origin && origin_compare(finding->origin, origin) <= 0)
        return;
    if (!finding->origin || !same_shape(finding, shown)) {
        finding->stack = keep_stack(&report->keeper, shown->stack);
        finding->cycle = keep_entries(&report->keeper, shown->cycle, shown->cycle_listed);
        finding->cycle_listed = shown->cycle_listed;
        finding->breaks = breaks_kept(&report->keeper, &shown->breaks);
        finding->cycle_length = shown->cycle_length;
    }
    if (shown->age.known) {
        finding->age = shown->age;
        finding->found_at_exit = shown->found_at_exit;
    }
    origin_drop(finding->origin);
    finding->origin = origin;
    origin->users++;
}

static struct report_part *keep_parts(struct report *report, const struct report_finding *finding) {
    struct report_part *parts = pool_array(report->pool, finding->part_count, sizeof *parts);
    if (finding->part_count)
        memcpy(parts, finding->parts, finding->part_count * sizeof *parts);
    return parts;
}

struct report_finding *report_push(struct report *report, const struct recording *recording,
                                   struct report_finding *shown) {
    fingerprint_set(recording->pool, shown);
    shown->family = shown->fingerprint;
    struct finding_index *entry = index_find(report, shown);
    bool is_new = !entry;
    if (is_new)
        entry = index_add(report, shown);
    struct report_finding *finding = &report->findings[entry->at];
    finding->brought = is_new ? report->adding_brought : finding->brought & report->adding_brought;
    if (is_new) {
        finding->parts = keep_parts(report, shown);
        finding->type = keep_string(&report->keeper, shown->type);
        finding->struct_name = keep_string(&report->keeper, shown->struct_name);
        finding->refs = refs_kept(&report->keeper, &shown->refs);
        finding->history = history_kept(&report->keeper, &shown->history);
    } else
        absorb(report, finding, shown);
    set_origin(report, finding, shown);
    finding->processes += entry->last_process != report->processes;
    entry->last_process = report->processes;
    return finding;
}

/* The scan's own sums are of kinds that share out the objects. */
static void add_beside(struct report *report, const struct rec_finding *finding) {
    struct tally *tally = &report->tally[finding->kind];
    if ((int)finding->kind < KIND_JUDGED_COUNT)
        return;
    tally->objects = count_add(tally->objects, finding->objects);
    tally->bytes = count_add(tally->bytes, finding->bytes);
    tally->findings += !(report->kinds & 1u << finding->kind);
}

static void add_findings(struct report *report, const struct recording *recording) {
    for (size_t i = 0; i < recording->finding_count; i++) {
        add_beside(report, &recording->findings[i]);
        if (!(report->kinds & 1u << recording->findings[i].kind))
            continue;
        struct report_finding finding = finding_of(report, recording, &recording->findings[i]);
        report_push(report, recording, &finding);
    }
}

/* ---- order ---- */

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
        [KIND_DANGLING_WEAK] = 1, [KIND_OVER_UNREF] = 2, [KIND_MISSING_UNREF] = 3, [KIND_GROWING] = 4,
        [KIND_LOST_INDIRECT] = 5, [KIND_POSSIBLE] = 6,   [KIND_REACHABLE] = 7, /* lost, cycle: 0 */
    };
    const struct report_finding *left = a, *right = b;
    if (parts[left->kind] != parts[right->kind])
        return parts[left->kind] - parts[right->kind];
    int order =
        compare_numbers(count_add(right->bytes, right->indirect_bytes), count_add(left->bytes, left->indirect_bytes));
    return order ? order : compare_names(a, b);
}

/* Where in the source two findings of one family differ: the order of their numbers, which a line more above them or
 * another compiler leaves as it is. */
static int compare_frames(const struct stack_frame *a, const struct stack_frame *b) {
    int order = strcmp(a->file ? path_base(a->file) : "", b->file ? path_base(b->file) : "");
    if (!order)
        order = (a->line > b->line) - (a->line < b->line);
    return order || a->line ? order : compare_numbers(a->offset, b->offset);
}

/* From main inwards. */
static int compare_stacks(const struct stack *a, const struct stack *b) {
    size_t left = a->named_count, right = b->named_count;
    while (left && right) {
        int order = compare_frames(&a->frames[--left], &b->frames[--right]);
        if (order)
            return order;
    }
    return (left > 0) - (right > 0);
}

static int compare_places(const void *a, const void *b) {
    const struct report_finding *left = a, *right = b;
    int order = compare_numbers(left->fingerprint, right->fingerprint);
    if (!order)
        order = compare_stacks(left->stack, right->stack);
    for (size_t i = 0; !order && i < left->cycle_listed && i < right->cycle_listed; i++)
        order = compare_stacks(left->cycle[i].stack, right->cycle[i].stack);
    return order ? order : compare_numbers(left->identity, right->identity);
}

/* Of findings with equal fingerprints only the first keeps it. */
static void number_families(struct report *report) {
    size_t again = 0;
    if (report->finding_count)
        qsort(report->findings, report->finding_count, sizeof *report->findings, compare_places);
    for (size_t i = 1; i < report->finding_count; i++) {
        struct report_finding *finding = &report->findings[i];
        again = finding->family == finding[-1].family ? again + 1 : 0;
        if (again)
            finding->fingerprint = fingerprint_again(finding->family, again);
    }
}

/* ---- the whole ---- */

/* A recording that was cut before its scan record still has findings. */
static void tally_from_findings(struct recording *recording) {
    for (size_t i = 0; i < recording->finding_count; i++) {
        const struct rec_finding *finding = &recording->findings[i];
        struct tally *own = &recording->tally[finding->kind], *indirect = &recording->tally[KIND_LOST_INDIRECT];
        if ((int)finding->kind >= KIND_JUDGED_COUNT)
            continue;
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
    *report = (struct report){
        .pool = pool, .symbols = symbols_open(pool), .keeper = keep_open(pool), .kinds = show | KINDS_SHOWN_DEFAULT};
}

void report_of_one(struct report *report) {
    report->keeper.borrows = true;
}

void report_trim(struct report *report) {
    if (!report->keeper.borrows)
        symbols_trim(report->symbols);
}

static void set_argv(struct report *report, const struct recording *recording) {
    report->argc = recording->argc;
    report->argv = pool_array(report->pool, report->argc + 1, sizeof *report->argv);
    for (size_t i = 0; i < report->argc; i++)
        report->argv[i] = pool_strdup(report->pool, recording->argv[i]);
}

uint64_t report_brought(bool is_suppression, size_t index) {
    return index < 32 ? UINT64_C(1) << (index + 32 * is_suppression) : 0;
}

/* Its place among `texts`; SIZE_MAX: there is none. */
static size_t add_text(struct pool *pool, const char ***texts, size_t *count, size_t *capacity, const char *text) {
    if (!text || !*text)
        return SIZE_MAX;
    for (size_t i = 0; i < *count; i++)
        if (!strcmp((*texts)[i], text))
            return i;
    *texts = pool_grow(pool, *texts, *count, capacity, sizeof **texts);
    (*texts)[*count] = pool_strdup(pool, text);
    return (*count)++;
}

static uint64_t add_defaults(struct report *report, const struct recording *recording) {
    size_t options = add_text(report->pool, &report->default_options, &report->default_option_count,
                              &report->default_option_capacity, recording->default_options);
    size_t suppressions = add_text(report->pool, &report->default_suppressions, &report->default_suppression_count,
                                   &report->default_suppression_capacity, recording->default_suppressions);
    return report_brought(false, options) | report_brought(true, suppressions);
}

static void add_times(struct report *report, const struct recording *recording) {
    if (!(recording->start_seconds > 0 && recording->end_seconds >= recording->start_seconds))
        return;
    if (!(report->start_seconds > 0) || recording->start_seconds < report->start_seconds)
        report->start_seconds = recording->start_seconds;
    if (recording->end_seconds > report->end_seconds)
        report->end_seconds = recording->end_seconds;
}

void report_add(struct report *report, struct recording *recording) {
    if (!report->processes++ && !report->argv) {
        set_argv(report, recording);
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
        add_note(report, recording->notes[i].code, recording->notes[i].count,
                 note_detail(report, recording, &recording->notes[i]));
    report->turned_off += recording->is_turned_off;
    add_times(report, recording);
    report->adding_brought = add_defaults(report, recording);
    report->adding = origin_of(recording);
    add_findings(report, recording);
    report_add_live(report, recording);
    report_add_profile(report, recording);
    add_tallies(report, recording);
    origin_drop(report->adding);
    report->adding = NULL;
}

/* Entries tell of all groups now; what was found by a size that others have not is no longer believed. */
static void settle_sizes(struct report_finding *finding) {
    struct report_entry *entries = (struct report_entry *)finding->cycle;
    for (size_t i = 0; i < finding->cycle_listed; i++) {
        if (entries[i].part >= finding->part_count)
            continue; /* a recording was made up so that two findings have one name */
        struct report_part *part = &finding->parts[entries[i].part];
        entries[i].sizes = part->sizes;
        entries[i].bytes = part->bytes;
        part->bytes = 0;
        if (!sizes_are_one(part->sizes))
            entries[i].layout = (struct members){0};
    }
    if (!sizes_are_one(finding->sizes))
        finding->struct_name = NULL;
}

void report_finish(struct report *report) {
    uint64_t objects = 0;
    for (size_t i = 0; i < report->finding_count; i++)
        settle_sizes(&report->findings[i]);
    number_families(report);
    if (report->finding_count)
        qsort(report->findings, report->finding_count, sizeof *report->findings, compare_weight);
    for (int kind = 0; kind < KIND_JUDGED_COUNT; kind++)
        objects = count_add(objects, report->tally[kind].objects);
    for (size_t i = 0; i < report->finding_count; i++)
        report->tally[report->findings[i].kind].findings++;
    if (report->processes > report->unjudged + report->turned_off && !objects)
        report_note(report, TOOL_NOTE_NO_OBJECTS, 0, "");
    if (symbols_unread(report->symbols))
        report_note(report, TOOL_NOTE_DEBUG_INFO_UNREAD, symbols_unread(report->symbols), "");
}

void report_say_unread(const struct report *report) {
    size_t unread = symbols_unread(report->symbols);
    if (unread)
        message_error(
            "debug information of %zu file%s was not read, for a limit leaves too little memory: findings may have "
            "other names, and no lines",
            unread, unread == 1 ? "" : "s");
}

bool report_fails(const struct report_finding *finding, unsigned kinds) {
    return kinds & 1u << finding->kind && finding->standing != STANDING_KNOWN;
}

static uint64_t subtract(uint64_t a, uint64_t b) {
    return a > b ? a - b : 0;
}

static void move_objects(struct tally *from, struct tally *to, uint64_t objects, uint64_t bytes) {
    from->objects = subtract(from->objects, objects);
    from->bytes = subtract(from->bytes, bytes);
    to->objects = count_add(to->objects, objects);
    to->bytes = count_add(to->bytes, bytes);
}

void report_suppress(struct report *report, struct report_finding *finding) {
    struct tally *from = &report->tally[finding->kind], *to = &report->suppressed[finding->kind];
    move_objects(from, to, finding->objects, finding->bytes);
    from->findings = subtract(from->findings, 1);
    to->findings++;
    move_objects(&report->tally[KIND_LOST_INDIRECT], &report->suppressed[KIND_LOST_INDIRECT], finding->indirect_objects,
                 finding->indirect_bytes);
    origin_drop(finding->origin);
    finding->origin = NULL;
}

void report_release(struct report *report) {
    for (size_t i = 0; i < report->finding_count; i++)
        origin_drop(report->findings[i].origin);
    HASH_CLEAR(hh, report->index);
    report_profile_close(&report->profile);
    keep_close(&report->keeper);
}

void report_free(struct report *report) {
    report_release(report);
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
