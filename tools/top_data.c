/* top_data.c - from answers to rows.
 *
 * Names cost far more than numbers: sites and modules are copied once and keep their stacks; a stack is looked up when a
 * row is first shown. A program that executes another one begins from nothing.
 * Start: top_take(). */
#include "top.h"

#include <inttypes.h>
#include <string.h>

struct top_module {
    uint32_t id;
    struct rec_module module;
    UT_hash_handle hh;
};

void top_init(struct top *top) {
    *top = (struct top){.recording = {.path = ""}};
    top->symbols = symbols_open(&top->names);
}

void top_close(struct top *top) {
    HASH_CLEAR(hh, top->sites);
    HASH_CLEAR(hh, top->modules);
    recording_close(&top->recording);
    report_release(&top->report);
    symbols_close(top->symbols);
    pool_free(&top->pool);
    pool_free(&top->names);
}

/* ---- sites ---- */

static struct rec_module *keep_module(struct top *top, const struct rec_module *module) {
    struct top_module *kept = NULL;
    if (!module)
        return NULL;
    HASH_FIND(hh, top->modules, &module->id, sizeof module->id, kept);
    if (!kept) {
        kept = pool_alloc(&top->names, sizeof *kept);
        kept->id = kept->module.id = module->id;
        kept->module.path = pool_strdup(&top->names, module->path);
        kept->module.build_id = pool_strdup(&top->names, module->build_id);
        kept->module.is_program = module->is_program;
        HASH_ADD(hh, top->modules, id, sizeof kept->id, kept);
    }
    return &kept->module;
}

/* NULL is the site of objects without a stack. */
static struct top_site *keep_site(struct top *top, const struct rec_site *site) {
    struct top_site *kept = NULL;
    uint32_t id = site ? site->id : 0;
    HASH_FIND(hh, top->sites, &id, sizeof id, kept);
    if (kept)
        return kept;
    kept = pool_alloc(&top->names, sizeof *kept);
    kept->id = kept->site.id = id;
    kept->site.frame_count = site ? site->frame_count : 0;
    struct rec_frame *frames = pool_array(&top->names, kept->site.frame_count, sizeof *frames);
    for (size_t i = 0; i < kept->site.frame_count; i++) {
        frames[i] = site->frames[i];
        frames[i].module = keep_module(top, site->frames[i].module);
    }
    kept->site.frames = frames;
    HASH_ADD(hh, top->sites, id, sizeof kept->id, kept);
    return kept;
}

/* Findings are symbolised by the report: it finds the stacks of kept sites done. */
static void name_site(struct top *top, struct rec_site *site) {
    if (site)
        site->stack = symbols_stack(top->symbols, &keep_site(top, site)->site);
}

static void name_findings(struct top *top) {
    for (size_t i = 0; i < top->recording.finding_count; i++) {
        const struct rec_finding *finding = &top->recording.findings[i];
        name_site(top, finding->site);
        for (size_t j = 0; j < finding->cycle_listed; j++)
            name_site(top, finding->cycle[j].site);
    }
}

/* ---- growth ---- */

static void add_sample(struct top_site *site, int64_t at_ms, uint64_t bytes) {
    if (site->sample_count == TOP_SAMPLES)
        memmove(site->samples, site->samples + 1, --site->sample_count * sizeof *site->samples);
    site->samples[site->sample_count].at_ms = at_ms;
    site->samples[site->sample_count++].bytes = bytes;
}

/* Over the samples; with one of them only what the program itself says. */
static void set_rate(struct top_row *row) {
    const struct top_site *site = row->site;
    size_t last = site->sample_count - 1;
    int64_t ms = site->sample_count ? site->samples[last].at_ms - site->samples[0].at_ms : 0;
    row->has_rate = ms > 0 || row->growth;
    if (ms > 0)
        row->bytes_per_minute =
            (int64_t)(((double)site->samples[last].bytes - (double)site->samples[0].bytes) * 60000 / (double)ms);
    else if (row->growth)
        row->bytes_per_minute = (int64_t)(row->growth->bytes_per_minute & INT64_MAX);
}

static const struct rec_growth *growth_of(const struct recording *recording, const struct rec_site *site) {
    for (size_t i = 0; i < recording->growth_count; i++)
        if (recording->growths[i].site == site)
            return &recording->growths[i];
    return NULL;
}

/* ---- rows ---- */

static struct top_row site_row(struct top *top, const struct rec_population *population, int64_t at_ms) {
    struct top_row row = {.site = keep_site(top, population->site), .lost_us = -1};
    for (size_t i = 0; i < GENERATIONS; i++) {
        row.by_generation[i] = population->objects[i];
        row.objects = count_add(row.objects, population->objects[i]);
        row.bytes = count_add(row.bytes, population->bytes[i]);
    }
    if (row.site->seen + 1 != top->answers)
        row.site->sample_count = 0; /* it stood in no answer for a while */
    row.site->seen = top->answers;
    add_sample(row.site, at_ms, row.bytes);
    row.key = row.site->id;
    row.growth = growth_of(&top->recording, population->site);
    set_rate(&row);
    return row;
}

static void make_site_rows(struct top *top, int64_t at_ms) {
    const struct recording *recording = &top->recording;
    top->rows[TOP_SITES] = pool_array(&top->pool, recording->population_count, sizeof *top->rows[TOP_SITES]);
    top->row_count[TOP_SITES] = recording->population_count;
    for (size_t i = 0; i < recording->population_count; i++)
        top->rows[TOP_SITES][i] = site_row(top, &recording->populations[i], at_ms);
}

static struct top_row finding_row(struct top *top, const struct report_finding *finding) {
    int64_t now_us = (int64_t)top->recording.status.recorded_us;
    return (struct top_row){
        .key = finding->fingerprint,
        .objects = finding->objects,
        .bytes = count_add(finding->bytes, finding->indirect_bytes),
        .lost_us = finding->age.known ? now_us - (int64_t)finding->age.us_b : -1,
        .finding = finding,
    };
}

static struct top_row growing_row(struct top *top, const struct rec_growth *growth) {
    struct top_row row = {.site = keep_site(top, growth->site), .lost_us = -1, .growth = growth};
    row.key = (uint64_t)row.site->id | 1ull << 63;
    row.objects = growth->objects;
    row.bytes = growth->bytes;
    row.bytes_per_minute = (int64_t)(growth->bytes_per_minute & INT64_MAX);
    row.has_rate = true;
    return row;
}

static void make_finding_rows(struct top *top) {
    struct report *report = &top->report;
    size_t count = 0;
    name_findings(top);
    report_init(report, &top->pool, KINDS_DEFAULT);
    symbols_close(report->symbols);
    report->symbols = top->symbols;
    report->kinds = KINDS_DEFAULT; /* without the paths of what grows, which are looked up when they are shown */
    report_add(report, &top->recording);
    report_finish(report);
    top->rows[TOP_FINDINGS] =
        pool_array(&top->pool, report->finding_count + top->recording.growth_count, sizeof *top->rows[TOP_FINDINGS]);
    for (size_t i = 0; i < report->finding_count; i++)
        top->rows[TOP_FINDINGS][count++] = finding_row(top, &report->findings[i]);
    for (size_t i = 0; i < top->recording.growth_count; i++)
        top->rows[TOP_FINDINGS][count++] = growing_row(top, &top->recording.growths[i]);
    top->row_count[TOP_FINDINGS] = count;
}

static void forget(struct top *top) {
    HASH_CLEAR(hh, top->sites);
    HASH_CLEAR(hh, top->modules);
    symbols_close(top->symbols);
    pool_free(&top->names);
    top->symbols = symbols_open(&top->names);
}

void top_take(struct top *top, const struct recording *recording, const struct pool *pool, int64_t at_ms) {
    bool another = recording->status.recorded_us < top->recording.status.recorded_us;
    recording_close(&top->recording);
    report_release(&top->report);
    pool_free(&top->pool);
    if (another)
        forget(top);
    top->recording = *recording;
    top->pool = *pool;
    top->answers++;
    make_site_rows(top, at_ms);
    make_finding_rows(top);
}

/* ---- what is shown of a row ---- */

const struct stack *top_stack(struct top *top, const struct top_row *row) {
    return row->finding ? row->finding->stack : symbols_stack(top->symbols, &row->site->site);
}

const char *top_name(struct top *top, const struct top_row *row) {
    const struct stack *stack = top_stack(top, row);
    const struct stack_frame *frame = stack->frames;
    if (!stack->frame_count)
        return "(no stack recorded)";
    if (frame->function)
        return frame->function;
    if (frame->module)
        return pool_printf(&top->pool, "%s+0x%" PRIx64, path_base(frame->module), frame->offset);
    return pool_printf(&top->pool, "0x%" PRIx64, frame->offset);
}

const char *top_kind(const struct top_row *row) {
    return row->finding ? kind_word(row->finding->kind) : row->growth ? kind_word(KIND_GROWING) : "";
}

/* ---- order ---- */

static bool has(const char *text, const char *part) {
    return text && strcasestr(text, part);
}

static bool is_allowed(struct top *top, const struct top_row *row, const char *filter) {
    const struct stack *stack = top_stack(top, row);
    for (size_t i = 0; i < stack->frame_count; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        if (has(frame->function, filter) || has(frame->file, filter) || has(frame->module, filter))
            return true;
    }
    return has(top_kind(row), filter);
}

static int down(uint64_t a, uint64_t b) {
    return (a < b) - (a > b);
}

static int64_t rate_of(const struct top_row *row) {
    return row->has_rate ? row->bytes_per_minute : INT64_MIN;
}

/* Findings: those lost longest first; sites: those with the most old objects. */
static int compare_ages(const struct top_row *a, const struct top_row *b) {
    if (a->finding || b->finding)
        return (a->lost_us < b->lost_us) - (a->lost_us > b->lost_us);
    int order = down(a->by_generation[2], b->by_generation[2]);
    return order ? order : down(a->by_generation[1], b->by_generation[1]);
}

struct sorting {
    struct top *top;
    enum top_order order;
};

static int compare_rows(const void *left, const void *right, void *context) {
    const struct top_row *a = left, *b = right;
    const struct sorting *sorting = context;
    int order = 0;
    switch (sorting->order) {
    case TOP_BY_OBJECTS:
        order = down(a->objects, b->objects);
        break;
    case TOP_BY_GROWTH:
        order = (rate_of(a) < rate_of(b)) - (rate_of(a) > rate_of(b));
        break;
    case TOP_BY_AGE:
        order = compare_ages(a, b);
        break;
    case TOP_BY_NAME:
        order = strcmp(top_name(sorting->top, a), top_name(sorting->top, b));
        break;
    default:
        break;
    }
    if (!order)
        order = down(a->bytes, b->bytes);
    return order ? order : -down(a->key, b->key);
}

size_t top_arrange(struct top *top, enum top_list list, enum top_order order, const char *filter) {
    struct sorting sorting = {.top = top, .order = order};
    struct top_row *rows = top->rows[list];
    size_t allowed = 0;
    for (size_t i = 0; i < top->row_count[list]; i++)
        if (!*filter || is_allowed(top, &rows[i], filter)) {
            struct top_row row = rows[allowed];
            rows[allowed++] = rows[i];
            rows[i] = row;
        }
    if (allowed)
        qsort_r(rows, allowed, sizeof *rows, compare_rows, &sorting);
    return allowed;
}
