/* history.c - carry suspects, ages, counts and populations from one scan to the next.
 *
 * Owns:    what it makes in `keep`.      Never: changes the history before.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   history_update(), then judge_suspects().  Invariants: README.md, "Suspects". */
#include "history.h"

#include "graph.h"
#include "mix.h"
#include "sort.h"

#include <errno.h>
#include <string.h>

enum { HELD_SCANS_MAX = 3 };

static const struct history NO_HISTORY;

/* ---- the log of scans ---- */

/* The last scan before scan `number` that looked at `generation` or more; NULL: none. */
static const struct scan_entry *last_scan(const struct history *history, unsigned generation, uint32_t number) {
    for (size_t i = history->scan_count; i-- > 0;)
        if (history->scans[i].number < number && history->scans[i].generation >= generation)
            return &history->scans[i];
    return NULL;
}

uint32_t history_young_from(const struct history *history, unsigned generation) {
    const struct scan_entry *scan = history && generation < 2 ? last_scan(history, generation, UINT32_MAX) : NULL;
    return scan ? scan->birth_end : 0;
}

/* What generations are when a scan begins: 0 was born since the last scan, 1 since the last of generation 1 or more. */
struct eras {
    const struct scan_entry *since[2];
};

static struct eras eras_before(const struct history *history, uint32_t number) {
    return (struct eras){{last_scan(history, 0, number), last_scan(history, 1, number)}};
}

static uint8_t generation_of(const struct eras *eras, uint32_t birth) {
    uint8_t generation = 0;
    while (generation < 2 && eras->since[generation] && heap_born_before(birth, eras->since[generation]->birth_end))
        generation++;
    return generation;
}

static int looked_at(const struct scan_entry *scan, uint32_t birth) {
    return scan->generation == 2 || !heap_born_before(birth, scan->birth_from);
}

/* The last scan before `number` that looked at objects born then; when none did, the last that they were born after. */
static const struct scan_entry *last_look(const struct history *history, uint32_t birth, uint32_t number) {
    for (size_t i = history->scan_count; i-- > 0;) {
        const struct scan_entry *scan = &history->scans[i];
        if (scan->number >= number)
            continue;
        if (!heap_born_before(birth, scan->birth_end) || looked_at(scan, birth))
            return scan;
    }
    return NULL;
}

/* Which entry goes when the log is full: the oldest that is not the last of its generation. */
static size_t entry_to_drop(const struct history *history) {
    size_t drop = 0;
    while (last_scan(history, history->scans[drop].generation, UINT32_MAX) == &history->scans[drop])
        drop++; /* once for a generation at most */
    return drop;
}

static int log_scan(const struct history_input *in, const struct history *before, struct arena *keep,
                    struct history *out) {
    size_t drop = before->scan_count < HISTORY_SCANS_MAX ? HISTORY_SCANS_MAX : entry_to_drop(before);
    out->scans = arena_alloc(keep, before->scan_count + 1, sizeof *out->scans);
    if (!out->scans)
        return -ENOMEM;
    out->scan_count = 0;
    for (size_t i = 0; i < before->scan_count; i++)
        if (i != drop)
            out->scans[out->scan_count++] = before->scans[i];
    struct scan_entry *entry = &out->scans[out->scan_count++];
    *entry = in->scan;
    entry->birth_from = history_young_from(before, entry->generation);
    out->scans_done[entry->generation]++;
    return 0;
}

/* ---- what stays the same in an object that nobody can reach ---- */

static uint64_t hash_bytes(uint64_t hash, uintptr_t lo, uintptr_t hi) {
    for (uintptr_t at = lo; at < hi; at++)
        hash = mix(hash, *(const unsigned char *)at);
    return hash;
}

/* All bytes that may be read: the words, and what is before the first and behind the last. */
static uint64_t hash_contents(const struct heap *heap, uintptr_t address, uint64_t size_bytes) {
    uint64_t hash = size_bytes;
    uintptr_t end = address + size_bytes;
    for (struct range r = heap_readable(heap, address, end); r.lo < r.hi; r = heap_readable(heap, r.hi, end)) {
        struct range words = heap_words(r.lo, r.hi - r.lo);
        if (words.lo >= words.hi)
            words.lo = words.hi = r.hi;
        hash = hash_bytes(hash, r.lo, words.lo);
        for (uintptr_t at = words.lo; at < words.hi; at += sizeof(uintptr_t))
            hash = mix(hash, heap_load(at));
        hash = hash_bytes(hash, words.hi, r.hi);
    }
    return hash;
}

/* ---- suspects ---- */

static const struct suspect *find_suspect(const struct history *history, uintptr_t address, uint32_t birth) {
    size_t lo = 0, hi = history->suspect_count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (history->suspects[middle].address < address)
            lo = middle + 1;
        else
            hi = middle;
    }
    const struct suspect *suspect = &history->suspects[lo];
    return lo < history->suspect_count && suspect->address == address && suspect->birth == birth ? suspect : NULL;
}

struct site_tally {
    uint64_t objects, bytes;
};

struct judge {
    const struct history_input *in;
    const struct history *before;
    struct history *out;
    struct arena *scratch;
    struct eras eras;
    struct graph graph;
    /* by node */
    uint32_t *suspect;             /* which one of `before` it is; GRAPH_NONE: none */
    uint64_t *edges, *known_edges; /* sums of hashes: of all pointers to it, of those from suspects of `before` */
    struct heap_odd *lost;         /* what gets an entry: the lost, and what is held; in the order of heap_each() */
    size_t lost_count, lost_capacity;
    struct site_tally *tally; /* by site, in a full scan: old objects that are not lost */
    size_t tally_sites;
};

static struct object *object_of(const struct judge *judge, object_id id) {
    return heap_object(judge->in->heap, id);
}

static void set_flags(struct object *object, unsigned flags) {
    object->flags = (object->flags & ~(unsigned)(OBJECT_SUSPECT | OBJECT_KNOWN) & 63) | (flags & 63);
}

static void count_freed(struct judge *judge, const struct suspect *suspect) {
    judge->out->counts.freed_by_program += suspect->scans > 0;
    judge->out->counts.confirmed_freed += suspect->is_finding;
}

static void count_withdrawn(struct judge *judge, const struct suspect *suspect) {
    judge->out->counts.withdrawn += suspect->scans > 0;
    judge->out->counts.confirmed_withdrawn += suspect->is_finding;
}

/* What became of the suspects that there were: freed, reached again, or still lost. */
static void find_suspects(struct judge *judge) {
    const struct history *before = judge->before;
    for (size_t i = 0; i < before->suspect_count; i++) {
        const struct suspect *suspect = &before->suspects[i];
        object_id id = heap_at(judge->in->heap, suspect->address);
        if (id != suspect->id || object_of(judge, id)->birth != suspect->birth) {
            count_freed(judge, suspect);
            continue;
        }
        set_flags(object_of(judge, id), 0);
        node_number node = graph_number(&judge->graph, id);
        if (node == GRAPH_NONE)
            count_withdrawn(judge, suspect);
        else
            judge->suspect[node] = (uint32_t)i;
    }
}

/* Sums, so that the order in which pointers are met does not count. */
static void hash_edges(struct judge *judge) {
    const struct graph *graph = &judge->graph;
    for (node_number node = 0; node < graph->count; node++) {
        struct pointers walk = graph_walk_from(graph, node);
        struct graph_edge edge;
        int known = judge->suspect[node] != GRAPH_NONE;
        if (graph_object(graph, node)->flags & OBJECT_INHERITED || (judge->in->is_last && !known))
            continue;
        while (graph_next(graph, node, &walk, &edge)) {
            uint64_t hash = mix(mix(graph->address[node], edge.offset), edge.target_offset);
            judge->edges[edge.target] += hash;
            if (known)
                judge->known_edges[edge.target] += hash;
        }
    }
}

static struct suspect new_suspect(const struct judge *judge, uintptr_t address, object_id id,
                                  const struct scan_entry *seen) {
    const struct scan_entry *scan = &judge->in->scan;
    uint32_t birth = object_of(judge, id)->birth;
    return (struct suspect){
        .address = address,
        .id = id,
        .birth = birth,
        .seen_scan = seen ? seen->number : 0,
        .seen_us = seen ? seen->at_us : 0,
        .found_scan = scan->number,
        .found_us = scan->at_us,
        .scans = 1,
        .generation = generation_of(&judge->eras, birth),
    };
}

/* A change proves that somebody could still reach it after the scan before: it begins anew from there. */
static struct suspect judge_again(struct judge *judge, const struct suspect *old, int changed) {
    struct suspect suspect = *old;
    if (!changed) {
        suspect.scans += suspect.scans < UINT16_MAX;
        return suspect;
    }
    count_withdrawn(judge, old);
    judge->out->counts.suspects++;
    suspect = new_suspect(judge, old->address, old->id, last_scan(judge->before, 0, UINT32_MAX));
    suspect.generation = old->generation;
    return suspect;
}

static struct suspect judge_new(struct judge *judge, uintptr_t address, object_id id) {
    uint32_t birth = object_of(judge, id)->birth;
    judge->out->counts.suspects++;
    return new_suspect(judge, address, id, last_look(judge->before, birth, judge->in->scan.number));
}

/* An entry only to look at the object again: inherited or held, and no suspect. */
static struct suspect watch_only(const struct judge *judge, uintptr_t address, object_id id) {
    struct suspect suspect = new_suspect(judge, address, id, NULL);
    suspect.scans = 0;
    return suspect;
}

/* Young, and held by a stack or a register alone: that may be a word that nobody uses any more, and then no younger scan
 * would look at the object again. So it is looked at in HELD_SCANS_MAX scans, under an entry that is no suspect.
 * returns  the scan that first saw it so, or 0: it is not held, or was for long enough */
static uint32_t held_since(const struct judge *judge, uintptr_t address, object_id id) {
    const struct marks *marks = judge->in->marks;
    const struct object *object = object_of(judge, id);
    if (!marks->settled || mark_test(marks->settled, id) || !mark_test(marks->reachable, id) ||
        object->flags & OBJECT_INHERITED || !judge->before->scan_count)
        return 0;
    const struct suspect *old = find_suspect(judge->before, address, object->birth);
    int is_young = !heap_born_before(object->birth, history_young_from(judge->before, 0));
    if (!is_young && !old)
        return 0;
    uint32_t number = judge->in->scan.number, since = old && old->scans == 0 ? old->found_scan : number;
    return number - since < HELD_SCANS_MAX ? since : 0;
}

static struct suspect judge_held(const struct judge *judge, uintptr_t address, object_id id) {
    struct suspect suspect = watch_only(judge, address, id);
    suspect.found_scan = held_since(judge, address, id);
    return suspect;
}

/* It was counted as a survivor when it was held. */
static void discount(struct judge *judge, const struct suspect *old, const struct object *object) {
    unsigned generation = generation_of(&judge->eras, object->birth);
    if (!old || old->scans > 0 || generation <= judge->in->scan.generation || !judge->out->objects[generation])
        return;
    judge->out->objects[generation]--;
    judge->out->bytes[generation] -= object->size_bytes;
}

static struct suspect judge_suspect(struct judge *judge, uintptr_t address, object_id id) {
    struct object *object = object_of(judge, id);
    if (object->flags & OBJECT_INHERITED)
        return watch_only(judge, address, id);
    node_number node = graph_number(&judge->graph, id);
    if (node == GRAPH_NONE)
        return judge_held(judge, address, id);
    const struct suspect *old =
        judge->suspect[node] == GRAPH_NONE ? NULL : &judge->before->suspects[judge->suspect[node]];
    uint64_t contents = hash_contents(judge->in->heap, address, object->size_bytes);
    discount(judge, old, object);
    int changed = old && old->unchanged != mix(contents, judge->known_edges[node]);
    int known = old && !changed && old->is_finding;
    struct suspect suspect = old ? judge_again(judge, old, changed) : judge_new(judge, address, id);
    suspect.unchanged = mix(contents, judge->edges[node]);
    suspect.is_finding = known || suspect.scans >= judge->in->confirm;
    judge->out->counts.confirmed += !known && suspect.is_finding;
    set_flags(object, known ? OBJECT_KNOWN : suspect.is_finding ? 0 : OBJECT_SUSPECT);
    judge->out->objects[0]++;
    judge->out->bytes[0] += object->size_bytes;
    return suspect;
}

/* heap_each() gives those without a slot after the others. */
static int sort_lost(struct judge *judge) {
    struct heap_odd *lost = judge->lost;
    size_t split = 1, count = judge->lost_count;
    while (split < count && lost[split - 1].address < lost[split].address)
        split++;
    if (split >= count)
        return 0;
    judge->lost = arena_alloc(judge->scratch, count, sizeof *lost);
    if (!judge->lost)
        return -ENOMEM;
    heap_merge(lost, split, lost + split, count - split, judge->lost);
    return 0;
}

static int judge_suspects(struct judge *judge, struct arena *keep) {
    struct history *out = judge->out;
    hash_edges(judge);
    if (sort_lost(judge))
        return -ENOMEM;
    out->suspects = arena_alloc(keep, judge->lost_count, sizeof *out->suspects);
    if (!out->suspects)
        return -ENOMEM;
    for (size_t i = 0; i < judge->lost_count; i++)
        out->suspects[i] = judge_suspect(judge, judge->lost[i].address, judge->lost[i].id);
    out->suspect_count = judge->lost_count;
    return 0;
}

/* ---- generations and populations ---- */

static int tally_site(struct judge *judge, uint32_t site, uint64_t size_bytes) {
    if (site >= judge->tally_sites) {
        size_t sites = 2 * (size_t)site + 64;
        struct site_tally *longer = arena_alloc(judge->scratch, sites, sizeof *longer);
        if (!longer)
            return -ENOMEM;
        if (judge->tally_sites)
            memcpy(longer, judge->tally, judge->tally_sites * sizeof *longer);
        judge->tally = longer;
        judge->tally_sites = sites;
    }
    judge->tally[site].objects++;
    judge->tally[site].bytes += size_bytes;
    return 0;
}

/* Survivors of a scan are one generation older than the scan, or as old as they were; then they were counted before. */
static int count_survivor(struct judge *judge, uintptr_t address, const struct object *object) {
    unsigned scanned = judge->in->scan.generation, generation = generation_of(&judge->eras, object->birth);
    const struct suspect *old = generation > scanned ? find_suspect(judge->before, address, object->birth) : NULL;
    if (old && old->scans == 0)
        return 0;
    unsigned after = generation > scanned ? generation : scanned < 2 ? scanned + 1 : 2;
    judge->out->objects[after]++;
    judge->out->bytes[after] += object->size_bytes;
    return scanned == 2 && generation == 2 ? tally_site(judge, object->site, object->size_bytes) : 0;
}

static int list(struct judge *judge, uintptr_t address, object_id id) {
    judge->lost =
        arena_grow(judge->scratch, judge->lost, judge->lost_count, &judge->lost_capacity, sizeof *judge->lost);
    if (!judge->lost)
        return -ENOMEM;
    judge->lost[judge->lost_count++] = (struct heap_odd){address, id};
    return 0;
}

/* A finding at once, since no other scan comes. */
static void count_last(struct judge *judge, const struct object *object) {
    if (object->flags & OBJECT_INHERITED)
        return;
    judge->out->counts.suspects++;
    judge->out->counts.confirmed++;
    judge->out->objects[0]++;
    judge->out->bytes[0] += object->size_bytes;
}

static int visit_lost(struct judge *judge, uintptr_t address, object_id id) {
    if (!judge->in->is_last)
        return list(judge, address, id);
    if (judge->before->suspect_count && judge->suspect[graph_number(&judge->graph, id)] != GRAPH_NONE)
        return list(judge, address, id);
    count_last(judge, object_of(judge, id));
    return 0;
}

static int visit(void *context, uintptr_t address, object_id id) {
    struct judge *judge = context;
    const struct object *object = object_of(judge, id);
    if (!mark_test(judge->in->marks->reachable, id) && !mark_test(judge->in->marks->possible, id))
        return visit_lost(judge, address, id);
    if (!(object->flags & OBJECT_INHERITED) && count_survivor(judge, address, object))
        return -ENOMEM;
    return !judge->in->is_last && held_since(judge, address, id) ? list(judge, address, id) : 0;
}

static int look_at_all(struct judge *judge) {
    struct history *out = judge->out;
    for (unsigned generation = 0; generation <= judge->in->scan.generation; generation++)
        out->objects[generation] = out->bytes[generation] = 0;
    return heap_each(judge->in->heap, visit, judge);
}

/* ---- windows ---- */

/* The last entries of a full row of `count`, or all of it. returns how many they are. */
static size_t shift(uint64_t *to, const uint64_t *from, size_t count) {
    size_t dropped = count == HISTORY_WINDOW_MAX;
    memcpy(to, from + dropped, (count - dropped) * sizeof *to);
    return count - dropped;
}

/* The site's window with the newest entry; returns 0 when nothing but zeros is in it. */
static int next_window(const struct judge *judge, uint32_t site, const struct site_window *old,
                       struct site_window *window) {
    const struct site_tally no_tally = {0};
    const struct site_window no_window = {0};
    const struct site_tally *tally = site < judge->tally_sites ? &judge->tally[site] : &no_tally;
    const struct site_window *last = old ? old : &no_window;
    size_t count = judge->before->window_scans;
    uint64_t any = tally->objects;
    *window = (struct site_window){.site = site};
    shift(window->bytes, last->bytes, count);
    count = shift(window->objects, last->objects, count);
    for (size_t i = 0; i < count; i++)
        any |= window->objects[i];
    window->objects[count] = tally->objects;
    window->bytes[count] = tally->bytes;
    window->count = (uint32_t)count + 1;
    return any != 0;
}

static int keep_windows(struct history *out, const struct site_window *windows, size_t count, struct arena *keep) {
    out->windows = arena_alloc(keep, count, sizeof *windows);
    if (!out->windows)
        return -ENOMEM;
    if (count)
        memcpy(out->windows, windows, count * sizeof *windows);
    out->window_count = count;
    return 0;
}

static int move_windows(struct judge *judge, struct arena *keep) {
    const struct history *before = judge->before;
    struct history *out = judge->out;
    size_t sites = judge->tally_sites, count = 0, capacity = 0, old = 0;
    if (before->window_count && before->windows[before->window_count - 1].site >= sites)
        sites = (size_t)before->windows[before->window_count - 1].site + 1;
    struct site_window *windows = NULL;
    for (uint32_t site = 0; site < sites; site++) {
        int has_old = old < before->window_count && before->windows[old].site == site;
        if (!has_old && !(site < judge->tally_sites && judge->tally[site].objects))
            continue;
        windows = arena_grow(judge->scratch, windows, count, &capacity, sizeof *windows);
        if (!windows)
            return -ENOMEM;
        count += (size_t)next_window(judge, site, has_old ? &before->windows[old] : NULL, &windows[count]);
        old += (size_t)has_old;
    }
    size_t dropped = before->window_scans == HISTORY_WINDOW_MAX, kept_scans = before->window_scans - dropped;
    memcpy(out->window_at_us, before->window_at_us + dropped, kept_scans * sizeof *out->window_at_us);
    out->window_at_us[kept_scans] = judge->in->scan.at_us;
    out->window_scans = kept_scans + 1;
    return keep_windows(out, windows, count, keep);
}

/* ---- the whole ---- */

static void log_generations(struct history *out) {
    struct scan_entry *entry = &out->scans[out->scan_count - 1];
    memcpy(entry->objects, out->objects, sizeof entry->objects);
    memcpy(entry->bytes, out->bytes, sizeof entry->bytes);
}

/* What there is by node is asked for by a scan that comes after this one, or one that came before. */
static int prepare(struct judge *judge) {
    if (judge->in->is_last && !judge->before->suspect_count)
        return 0;
    int error = graph_nodes(&judge->graph, judge->in->heap, judge->in->marks, judge->scratch);
    size_t count = judge->graph.count;
    if (error)
        return error;
    judge->suspect = arena_alloc(judge->scratch, count, sizeof *judge->suspect);
    judge->edges = arena_alloc(judge->scratch, count, sizeof *judge->edges);
    judge->known_edges = arena_alloc(judge->scratch, count, sizeof *judge->known_edges);
    judge->lost = arena_alloc(judge->scratch, count, sizeof *judge->lost);
    judge->lost_capacity = count;
    if (!judge->suspect || !judge->edges || !judge->known_edges || !judge->lost)
        return -ENOMEM;
    for (size_t node = 0; node < count; node++)
        judge->suspect[node] = GRAPH_NONE;
    return 0;
}

int history_update(const struct history_input *in, struct arena *keep, struct arena *scratch, struct history *out) {
    const struct history *before = in->before ? in->before : &NO_HISTORY;
    struct judge judge = {.in = in, .before = before, .out = out, .scratch = scratch};
    *out = *before;
    judge.eras = eras_before(before, in->scan.number);
    int error = log_scan(in, before, keep, out);
    if (!error)
        error = prepare(&judge);
    if (error)
        return error;
    find_suspects(&judge);
    if (look_at_all(&judge) || judge_suspects(&judge, keep))
        return -ENOMEM;
    log_generations(out);
    return in->scan.generation == 2 ? move_windows(&judge, keep)
                                    : keep_windows(out, before->windows, before->window_count, keep);
}

size_t history_bytes_max(size_t objects, size_t sites) {
    enum { PIECES = 4, ALIGNMENT = 16 }; /* three arrays, and where the block begins; arena.c rounds each up */
    return (HISTORY_SCANS_MAX + 1) * sizeof(struct scan_entry) + objects * sizeof(struct suspect) +
           sites * sizeof(struct site_window) + (size_t)PIECES * ALIGNMENT;
}

/* ---- ages ---- */

static int64_t time_of_birth(const struct birth_time *births, size_t count, uint32_t birth) {
    size_t lo = 0, hi = count; /* the answer is the last one that is not after `birth` */
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (heap_born_before(birth, births[middle].birth))
            hi = middle;
        else
            lo = middle + 1;
    }
    return lo ? births[lo - 1].at_us : -1;
}

struct age history_age(const struct history *history, const struct scan_entry *now, const struct birth_time *births,
                       size_t birth_count, uintptr_t address, const struct object *object) {
    uint32_t birth = object->birth;
    struct age age = {.born_us = time_of_birth(births, birth_count, birth)};
    if (!history)
        history = &NO_HISTORY;
    const struct suspect *suspect = find_suspect(history, address, birth);
    if (suspect) {
        age.generation = suspect->generation;
        age.scan_a = suspect->seen_scan;
        age.a_us = suspect->seen_us;
        age.scan_b = suspect->found_scan;
        age.b_us = suspect->found_us;
        return age;
    }
    const struct scan_entry *seen = last_look(history, birth, now->number);
    struct eras eras = eras_before(history, now->number);
    age.generation = generation_of(&eras, birth);
    age.scan_a = seen ? seen->number : 0;
    age.a_us = seen ? seen->at_us : 0;
    age.scan_b = now->number;
    age.b_us = now->at_us;
    return age;
}

/* ---- times ---- */

static int compare_numbers(const void *a, const void *b) {
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static struct spread spread_of(uint32_t *number, size_t count) {
    if (count == 0)
        return (struct spread){0};
    sort_array(number, count, sizeof *number, compare_numbers);
    return (struct spread){
        .p50 = number[(count * 50 + 99) / 100 - 1],
        .p99 = number[(count * 99 + 99) / 100 - 1],
        .max = number[count - 1],
    };
}

struct spread history_pauses(const struct history *history, struct arena *scratch) {
    uint32_t *number = arena_alloc(scratch, history->scan_count, sizeof *number);
    for (size_t i = 0; number && i < history->scan_count; i++)
        number[i] = history->scans[i].pause_us;
    return spread_of(number, number ? history->scan_count : 0);
}

struct spread history_scan_times(const struct history *history, unsigned generation, struct arena *scratch) {
    uint32_t *number = arena_alloc(scratch, history->scan_count, sizeof *number);
    size_t count = 0;
    for (size_t i = 0; number && i < history->scan_count; i++)
        if (history->scans[i].generation == generation)
            number[count++] = history->scans[i].scan_us;
    return spread_of(number, count);
}
