/* scan.c - build the heap view, gather roots, mark, judge.
 *
 * A full scan walks the whole heap; one of the young generations looks at the young objects and at the memory that was
 * written since they were born (analysis/young.h says why that is enough). So does that of a forked child at its end, to
 * which all that was born since the fork is young.
 *
 * Owns:    nothing that outlives it; memory is an arena of our pages.
 * Never:   calls anything of the program's; takes no lock but for our pages; keeps to raw system calls.
 * Runs in: snapshot child.
 * Start:   search_run(). */
#include "scan.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "analysis/encoded.h"
#include "analysis/holes.h"
#include "analysis/miscount.h"
#include "analysis/settle.h"
#include "analysis/sift.h"
#include "clock.h"
#include "dirty.h"
#include "forked.h"
#include "frozen.h"
#include "generations.h"
#include "helpers.h"
#include "init.h"
#include "layouts.h"
#include "lsan.h"
#include "makers.h"
#include "record.h"
#include "refs.h"
#include "untouched.h"
#include "weak.h"
#include "write_refs.h"

/* ---- the heap ---- */

static int view_odd(struct heap *heap, struct arena *arena) {
    heap->odd_count = record_odd(NULL, 0);
    if (!heap->odd_count)
        return 0;
    heap->odd = arena_alloc(arena, heap->odd_count, sizeof *heap->odd);
    if (!heap->odd)
        return -ENOMEM;
    record_odd(heap->odd, heap->odd_count);
    return 0;
}

static int flag_inherited(void *context, uintptr_t address, object_id id) {
    const struct heap *heap = context;
    (void)address;
    struct object *object = heap_object(heap, id);
    if (object->birth < record_inherited_before())
        object->flags |= OBJECT_INHERITED;
    return 0;
}

/* What every search begins with. */
static int view(struct arena *arena, struct search *search) {
    search->arena = arena;
    search->begun_us = clock_us();
    int error = maps_read(&search->maps, arena);
    if (error)
        return error;
    record_view(&search->heap);
    search->heap.pointer_mask = options_pointer_mask(&process.options);
    search->heap.ends_hold = process.facts.allocator_is_glibc;
    search->heap.unaligned = options_unaligned(&process.options) || lsan.unaligned;
    error = view_odd(&search->heap, arena);
    frozen_flag(&search->heap);
    if (!error)
        error = roots_view_memory(&search->maps, &search->heap, arena);
    if (!error)
        holes_flag(&search->heap);
    return error ? error : language_encoded(&search->heap, arena);
}

int search_view(struct arena *arena, struct search *search) {
    int error = view(arena, search);
    if (!error)
        weak_look(&search->maps, 1);
    return error ? error : heap_freeze(&search->heap, arena);
}

/* ---- roots ---- */

/* written: roots.h */
static int gather_roots(const struct scan_input *in, struct search *search, const struct range *written,
                        size_t written_count) {
    struct roots_input roots = {
        .maps = &search->maps,
        .heap = &search->heap,
        .facts = in->facts,
        .stopped = in->stopped,
        .here = in->here,
        .here_interrupted = in->here_interrupted,
        .here_thread_pointer = in->here_thread_pointer,
        .here_reached = in->here_reached,
        .kernel = in->kernel,
        .written = written,
        .written_count = written_count,
        .pid = in->pid,
        .left_out = lsan.left_out,
    };
    return roots_gather(&roots, search->arena, &search->roots);
}

int search_roots(const struct scan_input *in, struct search *search) {
    return gather_roots(in, search, NULL, 0);
}

/* Old objects hold what they point at: their words on written pages are roots, too. */
static int add_old_words(struct search *search, const struct range *written, size_t written_count) {
    struct root *old_words, *all;
    size_t old_count;
    int error = young_old_words(&search->heap, written, written_count, search->arena, &old_words, &old_count);
    if (error)
        return error;
    struct roots_output *roots = &search->roots;
    all = arena_alloc(search->arena, roots->count + old_count + 1, sizeof *all);
    if (!all || encoded_widen(&search->heap, search->arena, &all[roots->count + old_count]))
        return -ENOMEM;
    memcpy(all, roots->root, roots->count * sizeof *all);
    if (old_count)
        memcpy(all + roots->count, old_words, old_count * sizeof *all);
    for (size_t i = 0; i < old_count; i++)
        roots->bytes += old_words[i].hi - old_words[i].lo;
    roots->root = all;
    roots->count += old_count + (search->heap.encoded_count > 0);
    return 0;
}

static int is_full(const struct scan_input *in) {
    return in->entry.generation == GENERATIONS - 1;
}

/* No other thread, and this one asked by itself: nothing stands in the middle of a destructor. */
static int is_between_calls(const struct scan_input *in) {
    return in->here && !in->here_interrupted && !in->stopped->count && !in->stopped->running;
}

/* ---- what is looked at ---- */

/* Of a process that made most of what it has itself, a search of all is not much longer, and says more. */
static int is_mostly_inherited(const struct search *search) {
    return search->left_out > search->heap.subset_count;
}

static int view_since_fork(const struct scan_input *in, struct search *search) {
    int error = young_view(&search->heap, &in->young, search->arena);
    uint64_t alive = generations_objects(), own = search->heap.subset_count;
    search->extent = EXTENT_SINCE_FORK;
    search->left_out = alive > own ? alive - own : 0;
    return error;
}

static int choose_objects(const struct scan_input *in, struct search *search) {
    struct heap *heap = &search->heap;
    int error = 0;
    if (!is_full(in)) {
        search->extent = EXTENT_YOUNG;
        return young_view(heap, &in->young, search->arena);
    }
    if (in->since_fork)
        error = view_since_fork(in, search);
    if (error || (in->since_fork && is_mostly_inherited(search)))
        return error;
    search->extent = EXTENT_ALL;
    search->left_out = 0;
    error = heap_freeze(heap, search->arena);
    /* What a scan before has read would not be equal to what this one reads. */
    return error || !in->is_end || in->young.history ? error : untouched_find(&search->maps, heap, search->arena);
}

/* Young scans know them too, so that they follow no word that owns nothing; but they don't add references up. */
static int know_references(const struct scan_input *in, struct search *search) {
    counts_begin(&search->counts, search->arena);
    int error = language_read(&search->heap, is_between_calls(in), &search->counts, &search->languages);
    if (!error)
        error = refs_read(&search->heap, &search->counts);
    if (!error)
        error = layouts_read(&search->heap, &search->counts, search->arena);
    if (!error)
        error = counts_install(&search->counts, &search->heap);
    return error || !search->counts.known || !is_full(in) ? error : makers_find(&search->counts);
}

/* Memory that the program still has is not changed. */
static int blank_weak(const struct scan_input *in, struct search *search) {
    if (in->shares_memory && search->counts.weak_slot_count)
        return -EAGAIN;
    if (!in->in_process)
        weak_blank_known(&search->maps, &search->counts);
    return 0;
}

/* ---- the scan ---- */

static int mark(struct search *search, const struct crew *crew) {
    const struct root *roots = search->roots.root;
    size_t count = search->roots.count;
    int64_t begun_us = clock_us();
    int error =
        search->extent == EXTENT_ALL ? sift_roots(&search->heap, roots, count, search->arena, &roots, &count) : 0;
    if (!error)
        error = mark_together(crew, &search->heap, roots, count, search->arena, &search->marks);
    if (!error && search->extent != EXTENT_YOUNG)
        error = audit_run(crew, &search->heap, &search->counts, roots, count, options_audit_live(&process.options),
                          &search->marks, search->arena, &search->audit);
    search->mark_us += clock_us() - begun_us;
    return error;
}

static int mark_whole(const struct scan_input *in, struct search *search, const struct crew *crew) {
    int error = search_roots(in, search);
    return error ? error : mark(search, crew);
}

/* Of the roots only what stands on written pages counts (and stacks and registers, always). */
static int mark_young(const struct scan_input *in, struct search *search, const struct crew *crew) {
    struct range *written;
    size_t count;
    int error = dirty_written(in->entry.generation, search->arena, &written, &count);
    if (!error)
        error = search_roots(in, search);
    if (!error)
        error = roots_intersect(&search->roots, written, count, search->arena);
    if (!error)
        error = add_old_words(search, written, count);
    return error ? error : mark(search, crew);
}

static int is_lost(void *context, uintptr_t address, object_id id) {
    const struct marks *marks = context;
    (void)address;
    return !mark_test(marks->reachable, id) && !mark_test(marks->possible, id);
}

/* Most children lose nothing, and what holds their objects stands on pages of their own: these are quickly read.
 * returns  0, or 1: something seems lost, or nothing is known of pages; -ENOMEM */
static int mark_own_pages(const struct scan_input *in, struct search *search, const struct crew *crew) {
    struct range *written;
    size_t count;
    int error = forked_written(&search->maps, search->arena, &written, &count);
    if (error)
        return error == -ENODATA ? 1 : error;
    error = gather_roots(in, search, written, count);
    if (!error)
        error = add_old_words(search, written, count);
    if (!error)
        error = mark(search, crew);
    return error ? error : heap_each(&search->heap, is_lost, &search->marks);
}

/* Nothing is called lost because of a word elsewhere that was not looked at. */
static int mark_since_fork(const struct scan_input *in, struct search *search, const struct crew *crew) {
    const struct range everywhere = {0, UINTPTR_MAX & ~(uintptr_t)7};
    int error = mark_own_pages(in, search, crew);
    if (error <= 0)
        return error;
    error = search_roots(in, search);
    if (!error)
        error = add_old_words(search, &everywhere, 1);
    return error ? error : mark(search, crew);
}

static int find_reachable(const struct scan_input *in, struct search *search) {
    static int (*const MARK[])(const struct scan_input *, struct search *, const struct crew *) = {
        [EXTENT_ALL] = mark_whole, [EXTENT_YOUNG] = mark_young, [EXTENT_SINCE_FORK] = mark_since_fork};
    struct heap *heap = &search->heap;
    int error = choose_objects(in, search);
    if (error)
        return error;
    if (record_inherited_before())
        heap_each(heap, flag_inherited, heap);
    error = know_references(in, search);
    if (!error)
        error = blank_weak(in, search);
    if (error)
        return error;
    return MARK[search->extent](in, search, in->in_process || in->in_place ? NULL : helpers_crew(search->arena));
}

static int is_live(const struct scan_input *in) {
    return in->exit_status < 0;
}

/* A young scan does not see all words: what the last full one has found stands. */
static int find_lingering(const struct scan_input *in, struct search *search) {
    const struct lingering *before = in->lingering;
    if (is_full(in))
        return lingering_find(&search->heap, &search->marks, search->roots.root, search->roots.count,
                              before ? &before->words : NULL, in->keep, search->arena, &search->lingering);
    search->lingering = before ? *before : (struct lingering){0};
    size_t count = search->lingering.words.count;
    struct lingering_word *word = arena_alloc(in->keep, count, sizeof *word);
    if (!word)
        return -ENOMEM;
    if (count)
        memcpy(word, before->words.word, count * sizeof *word);
    search->lingering.words.word = word;
    return 0;
}

int search_run(const struct scan_input *in, struct arena *arena, struct search *search) {
    int error = view(arena, search);
    if (!error)
        weak_look(&search->maps, !in->in_process && !in->shares_memory);
    if (!error)
        error = find_reachable(in, search);
    if (error)
        return error;
    struct history_input input = {
        .heap = &search->heap,
        .marks = &search->marks,
        .before = in->young.history,
        .scan = in->entry,
        .confirm = in->confirm,
        .is_last = !is_live(in),
    };
    if (is_live(in))
        error = settle_possible(&search->heap, &search->marks, arena);
    if (is_live(in) && !error)
        error = find_lingering(in, search);
    if (error)
        return error;
    input.scan.pause_us = (uint32_t)(search->begun_us - in->stop_begun_us);
    input.scan.scan_us = (uint32_t)(clock_us() - search->begun_us);
    return history_update(&input, in->keep, arena, &search->history);
}

int search_judge(const struct scan_input *in, unsigned skip, struct search *search) {
    struct verdict_times times = {&search->history, in->entry, in->births, in->birth_count, &search->audit, in->unread};
    int error =
        verdict_run(&search->heap, &search->marks, OBJECT_INHERITED | skip, &times, search->arena, &search->verdicts);
    search->verdicts.inherited_objects += search->left_out;
    if (error || !is_full(in) || !options_audit_live(&process.options))
        return error;
    struct miscount_input miscounts = {.heap = &search->heap,
                                       .marks = &search->marks,
                                       .audit = &search->audit,
                                       .skip = OBJECT_INHERITED | OBJECT_IGNORED,
                                       .bears_out = refs_bear_out};
    return miscount_add(&miscounts, search->arena, &search->verdicts);
}
