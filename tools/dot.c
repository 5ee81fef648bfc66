/* dot.c - every cycle as a graph for Graphviz: objects with their sizes, pointers with their offsets.
 *
 * Start: dot_write(). */
#include "breaks.h"
#include "escape.h"
#include "formats.h"
#include "label.h"
#include "units.h"
#include "wording.h"

#include <inttypes.h>
#include <string.h>

static void node(FILE *file, struct pool *pool, size_t number, size_t index, const struct report_entry *entry,
                 const char *label) {
    fprintf(file, "    f%zu_%zu [label=\"", number, index);
    escape_quoted(file, escape_text(pool, label, true));
    fprintf(file, "\\n%s", wording_sizes(pool, entry->sizes, entry->bytes));
    if (entry->stack->frame_count) {
        fputs("\\n", file);
        escape_quoted(file, wording_place(pool, &entry->stack->frames[0]));
    }
    fputs("\"];\n", file);
}

static void edge(FILE *file, struct pool *pool, size_t number, size_t from, size_t to, const struct report_entry *entry,
                 const struct report_break *weak) {
    fprintf(file, "    f%zu_%zu -> f%zu_%zu [label=\"", number, from, number, to);
    escape_quoted(file, wording_member(pool, entry));
    if (entry->target_offset)
        fprintf(file, " to +0x%02" PRIx64, entry->target_offset);
    fputs(weak && weak->is.set == 1 ? "\\nmake weak\" style=dashed penwidth=2];\n" : "\"];\n", file);
}

/* Objects beyond the list are one node more, so that the ring still closes. */
static void rest(FILE *file, struct pool *pool, size_t number, const struct report_finding *finding) {
    size_t last = finding->cycle_listed - 1;
    fprintf(file, "    f%zu_more [label=\"%s more\" style=dashed];\n", number,
            units_count(pool, finding->cycle_length - finding->cycle_listed));
    fprintf(file, "    f%zu_%zu -> f%zu_more;\n    f%zu_more -> f%zu_0 [style=dashed];\n", number, last, number, number,
            number);
}

static void cycle(FILE *file, struct pool *pool, size_t number, const struct report_finding *finding) {
    size_t listed = finding->cycle_listed;
    const char **labels = label_cycle(pool, finding);
    bool whole = finding->cycle_length <= listed;
    fprintf(file, "  subgraph cluster_%zu {\n    label=\"", number);
    escape_quoted(file, wording_message(pool, finding));
    fprintf(file, "\\n%s\";\n", wording_fingerprint(pool, finding));
    for (size_t i = 0; i < listed; i++)
        node(file, pool, number, i, &finding->cycle[i], labels[i]);
    for (size_t i = 0; i < listed - !whole; i++)
        edge(file, pool, number, i, (i + 1) % listed, &finding->cycle[i], breaks_at(finding, i));
    if (!whole)
        rest(file, pool, number, finding);
    fputs("  }\n", file);
}

void dot_write(FILE *file, const struct report *report, const struct view *view) {
    fputs("digraph castaway {\n  node [shape=box fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n", file);
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct report_finding *finding = &report->findings[i];
        struct pool scratch = {0};
        if (finding->kind == KIND_CYCLE && finding->cycle_listed && view->show & 1u << KIND_CYCLE)
            cycle(file, &scratch, i + 1, finding);
        pool_free(&scratch);
    }
    fputs("}\n", file);
}
