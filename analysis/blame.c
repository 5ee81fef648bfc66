/* blame.c - add up references and types of a finding.
 *
 * Owns:    nothing.      Never: recurses.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   blame_add(). */
#include "blame.h"

#include <errno.h>

void blame_begin(struct blame *blame) {
    *blame = (struct blame){.proofs = PROOF_MARKING | PROOF_SUBTRACTION};
}

/* ---- sums ---- */

static struct blame_type *type_of(struct blame *blame, const char *name, struct arena *arena, int *error) {
    *error = 0;
    for (size_t i = 0; i < blame->type_count; i++)
        if (blame->types[i].name == name)
            return &blame->types[i];
    if (blame->type_count == BLAME_TYPES_MAX)
        return NULL;
    struct blame_type *types = arena_grow(arena, blame->types, blame->type_count, &blame->type_capacity, sizeof *types);
    if (!types) {
        *error = -ENOMEM;
        return NULL;
    }
    blame->types = types;
    types[blame->type_count] = (struct blame_type){.name = name};
    return &types[blame->type_count++];
}

/* alone: no group. Where pointers may be borrowed, those of a single object to itself are. */
static void add_references(struct blame *blame, const struct counted *counted, const struct found *found, int alone) {
    uint32_t weak = counted->weak < found->heap ? counted->weak : found->heap;
    if (alone && !counted->exact && !counted->all)
        weak = found->heap;
    blame->counted++;
    blame->source = counted->source;
    blame->count += (uint64_t)(counted->count > 0 ? counted->count : 0);
    blame->found_inside += found->heap - weak;
    blame->found_outside += found->roots;
    if (counted->count > (int64_t)(found->heap - weak))
        blame->proofs &= ~(unsigned)PROOF_SUBTRACTION;
}

int blame_add(struct blame *blame, const struct audit *audit, const struct graph *graph, node_number node,
              int is_member, struct arena *arena) {
    int error = 0;
    object_id id = graph->id[node];
    const struct counted *counted = audit ? counts_of(audit->counts, id) : NULL;
    const struct found *found = audit_found(audit, id);
    if (audit && audit->kept && mark_test(audit->kept, id)) {
        blame->proofs &= ~(unsigned)PROOF_MARKING;
        blame->kept_objects++;
    }
    if (is_member && found)
        add_references(blame, counted, found, graph_members(graph, graph->component[node]) == 1);
    if (!counted || !counted->type)
        return 0;
    struct blame_type *type = type_of(blame, audit->counts->types[counted->type].name, arena, &error);
    if (!type)
        return error;
    type->objects++;
    type->bytes += graph_object(graph, node)->size_bytes;
    type->collected += counted->collected;
    return 0;
}
