/* shares.c - a finding's objects and bytes, stack by stack.
 *
 * Start: shares_of(). */
#include "shares.h"

static const struct {
    bool live, lost;
} natures[KIND_COUNT] = {
    [KIND_LOST] = {true, true},      [KIND_LOST_INDIRECT] = {true, true}, [KIND_CYCLE] = {true, true},
    [KIND_POSSIBLE] = {true, false}, [KIND_REACHABLE] = {true, false},
};

bool shares_is_lost(enum kind kind) {
    return natures[kind].lost;
}

bool shares_is_live(enum kind kind) {
    return natures[kind].live;
}

/* Take up to `wanted` from `*left`: a recording may claim a cycle that is larger than its finding. */
static uint64_t take(uint64_t *left, uint64_t wanted) {
    uint64_t taken = wanted < *left ? wanted : *left;
    *left -= taken;
    return taken;
}

struct share *shares_of(struct pool *pool, const struct report_finding *finding, size_t *count) {
    size_t listed = finding->kind == KIND_CYCLE ? finding->cycle_listed : 0;
    struct share *shares = pool_array(pool, listed + 1, sizeof *shares);
    uint64_t objects = finding->objects, bytes = finding->bytes;
    for (size_t i = 0; i < listed; i++) {
        const struct report_entry *entry = &finding->cycle[i];
        shares[i] = (struct share){
            .stack = entry->stack, .objects = take(&objects, finding->count), .bytes = take(&bytes, entry->bytes)};
    }
    *count = listed;
    if (objects || bytes || !listed)
        shares[(*count)++] = (struct share){.stack = finding->stack, .objects = objects, .bytes = bytes};
    return shares;
}
