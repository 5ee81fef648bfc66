/* lingering.c - see the header.
 *
 * Marking tells which objects no living word is needed for: the others hang from stacks, registers and thread-local data
 * alone. Among them a second search begins at all such words but those that linger; what it does not meet, these alone
 * hold.
 *
 * Owns:    nothing.      Never: calls malloc, prints, recurses.
 * Runs in: snapshot child, unit tests.
 * Start:   lingering_find(). */
#include "lingering.h"

#include <errno.h>
#include <string.h>

#include "pointers.h"
#include "sort.h"

enum { WORD = sizeof(uintptr_t) };

struct job { /* objects that were met and not yet searched */
    uintptr_t address;
    object_id id;
};
struct search {
    const struct heap *heap;
    const struct marks *marks;
    uint64_t *met; /* by id: by words that do not linger */
    struct job *job;
    size_t count, capacity;
    struct arena *scratch;
};

/* The object that a word names, when it hangs from living words alone; else 0. */
static object_id hanging(const struct search *search, uintptr_t word, uintptr_t *start) {
    object_id id = heap_pointed(search->heap, word, start);
    return id && mark_test(search->marks->reachable, id) && !mark_test(search->marks->settled, id) ? id : 0;
}

/* ---- words that were there before ---- */

static const struct lingering_word *word_at(const struct lingering_words *words, uintptr_t address) {
    size_t lo = 0, hi = words ? words->count : 0;
    while (lo < hi) {
        size_t middle = (lo + hi) / 2;
        if (words->word[middle].address < address)
            lo = middle + 1;
        else
            hi = middle;
    }
    return words && lo < words->count && words->word[lo].address == address ? &words->word[lo] : NULL;
}

static int by_address(const void *a, const void *b) {
    const struct lingering_word *left = a, *right = b;
    return (left->address > right->address) - (left->address < right->address);
}

static void note_word(const struct search *search, const struct lingering_words *before, uintptr_t address,
                      struct lingering_words *now) {
    uintptr_t object;
    uintptr_t value = heap_pointer(search->heap, address);
    object_id id = now->count < LINGERING_WORDS_MAX ? hanging(search, value, &object) : 0;
    if (!id)
        return;
    const struct lingering_word *old = word_at(before, address);
    uint32_t birth = heap_object(search->heap, id)->birth;
    int is_same = old && old->object == object && old->birth == birth;
    now->word[now->count++] = (struct lingering_word){address, object, birth, is_same ? old->scans + 1 : 1};
}

static int note_words(const struct search *search, const struct root *roots, size_t root_count,
                      const struct lingering_words *before, struct arena *keep, struct lingering_words *now) {
    now->word = arena_alloc(keep, LINGERING_WORDS_MAX, sizeof *now->word);
    now->count = 0;
    if (!now->word)
        return -ENOMEM;
    for (size_t i = 0; i < root_count; i++)
        if ((roots[i].flags & (ROOT_STACK | ROOT_REGISTER)) == ROOT_STACK)
            for (uintptr_t at = roots[i].lo; at < roots[i].hi; at += WORD)
                note_word(search, before, at, now);
    sort_array(now->word, now->count, sizeof *now->word, by_address);
    return 0;
}

static const struct lingering_word *lingers(const struct lingering_words *now, uintptr_t address) {
    const struct lingering_word *word = word_at(now, address);
    return word && word->scans >= LINGERING_SCANS ? word : NULL;
}

/* ---- what the others hold ---- */

static int meet(struct search *search, uintptr_t word) {
    uintptr_t start;
    object_id id = hanging(search, word, &start);
    if (!id || mark_test(search->met, id))
        return 0;
    search->met[id >> 6] |= 1ull << (id & 63);
    struct job *job = arena_grow(search->scratch, search->job, search->count, &search->capacity, sizeof *job);
    if (!job)
        return -ENOMEM;
    search->job = job;
    job[search->count++] = (struct job){start, id};
    return 0;
}

static int search_object(struct search *search, struct job job) {
    const struct heap *heap = search->heap;
    struct pointers walk = pointers_of(heap, heap_object(heap, job.id), job.address);
    for (uintptr_t word; pointers_next(heap, &walk, &word);)
        if (meet(search, word) != 0)
            return -ENOMEM;
    return 0;
}

static int search_others(struct search *search, const struct root *roots, size_t root_count,
                         const struct lingering_words *now) {
    for (size_t i = 0; i < root_count; i++)
        for (uintptr_t at = roots[i].lo; roots[i].flags & ROOT_LIVE && at < roots[i].hi; at += WORD)
            if (!lingers(now, at) && meet(search, heap_pointer(search->heap, at)) != 0)
                return -ENOMEM;
    while (search->count)
        if (search_object(search, search->job[--search->count]) != 0)
            return -ENOMEM;
    return 0;
}

/* ---- what is told ---- */

static void add_object(struct lingering *out, const struct object *object, uint32_t scans) {
    size_t at = 0;
    while (at < out->site_count && out->site[at].site != object->site)
        at++;
    if (at == LINGERING_SITES_MAX)
        return;
    struct lingering_site *site = &out->site[at];
    if (at == out->site_count)
        out->site[out->site_count++] = (struct lingering_site){.site = object->site, .scans = scans};
    site->objects++;
    site->bytes += object->size_bytes;
    site->scans = scans < site->scans ? scans : site->scans;
}

static int most_bytes_first(const void *a, const void *b) {
    const struct lingering_site *left = a, *right = b;
    return (left->bytes < right->bytes) - (left->bytes > right->bytes);
}

static void tell(struct search *search, struct lingering *out) {
    for (size_t i = 0; i < out->words.count; i++) {
        const struct lingering_word *word = &out->words.word[i];
        uintptr_t start;
        object_id id = word->scans >= LINGERING_SCANS ? heap_find(search->heap, word->object, &start) : 0;
        if (!id || mark_test(search->met, id))
            continue;
        search->met[id >> 6] |= 1ull << (id & 63); /* told once, however many words there are */
        add_object(out, heap_object(search->heap, id), word->scans);
    }
    sort_array(out->site, out->site_count, sizeof *out->site, most_bytes_first);
}

int lingering_find(const struct heap *heap, const struct marks *marks, const struct root *roots, size_t root_count,
                   const struct lingering_words *before, struct arena *keep, struct arena *scratch,
                   struct lingering *out) {
    struct search search = {.heap = heap, .marks = marks, .scratch = scratch};
    int is_any = 0;
    *out = (struct lingering){0};
    if (!marks->settled)
        return 0;
    int error = note_words(&search, roots, root_count, before, keep, &out->words);
    for (size_t i = 0; i < out->words.count; i++)
        is_any |= out->words.word[i].scans >= LINGERING_SCANS;
    if (error || !is_any)
        return error;
    search.met = arena_alloc(scratch, heap->id_end / 64 + 1, sizeof *search.met);
    if (!search.met)
        return -ENOMEM;
    error = search_others(&search, roots, root_count, &out->words);
    if (!error)
        tell(&search, out);
    return error;
}
