/* granules_note.c - note in granules' bytes where words lead to nothing new, and close pages of which that is all.
 *
 * Owns:    GRANULE_WITHIN, but where granules_look() sets it.
 * Never:   changes the byte of a granule where an object begins.
 * Runs in: snapshot child (a crew of threads, each of which may note the same), unit tests, tools.
 * Start:   granules_settle(). */
#include "granules.h"

enum { PAGE_GRANULES = CLOSED_PAGE_BYTES / GRANULE_BYTES };
#define NOT_KNOWN SIZE_MAX
static const uint64_t all_within = UINT64_C(0x0101010101010101) * GRANULE_WITHIN;

static uint8_t load(const _Atomic uint8_t *granule) {
    return atomic_load_explicit(granule, memory_order_relaxed);
}
static void note(_Atomic uint8_t *granule) {
    atomic_store_explicit(granule, GRANULE_WITHIN, memory_order_relaxed);
}

/* ---- a page ---- */

/* A page while it is gone through. */
struct page {
    _Atomic uint8_t *granule;
    size_t none_begin, none_end; /* granules of it that may be in no object */
    size_t free_from;            /* empty granules from this one on are in no object that was not met */
    int is_met;                  /* the object that began last, or there is none */
    int is_open;
};

/* Words behind an object's start that may lead to it, its end, or into the word that it ends in: as granules. */
static size_t short_granules(uint8_t byte) {
    const size_t words = (size_t)((byte & GRANULE_CODE) - GRANULE_SHORT) + 1;
    return (words * sizeof(uintptr_t) + GRANULE_BYTES - 1) / GRANULE_BYTES;
}

/* An object begins at a granule. */
static void pass_begin(struct page *page, size_t i, uint8_t byte) {
    page->is_met = byte & GRANULE_MET;
    page->is_open |= !page->is_met;
    if (page->is_met)
        page->free_from = i;
    else
        page->free_from = (byte & GRANULE_CODE) < GRANULE_INSIDE ? i + short_granules(byte) : NOT_KNOWN;
}

static void pass_inside(struct page *page, size_t i) {
    if (page->is_met)
        note(&page->granule[i]);
    page->is_open |= !page->is_met;
    page->free_from = page->is_met ? i : i + 2; /* the next one may have the object's end */
}

static void pass_empty(struct page *page, size_t i) {
    if (i >= page->free_from && i >= page->none_begin && i < page->none_end)
        note(&page->granule[i]);
    else
        page->is_open = 1;
}

static void pass(struct page *page, size_t i) {
    uint8_t byte = load(&page->granule[i]);
    if (byte == GRANULE_EMPTY) {
        pass_empty(page, i);
    } else if (byte == GRANULE_WITHIN) {
        page->free_from = i;
    } else if (granules_is_inside(byte)) {
        pass_inside(page, i);
    } else if (granules_begins(byte)) {
        pass_begin(page, i, byte);
    } else {
        page->is_open = 1;
        page->is_met = 0;
        page->free_from = NOT_KNOWN;
    }
}

/* Are all eight inside long objects? Each byte on its own: what is added to it carries nothing into the next. */
static int are_inside(uint64_t bytes) {
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t above = ((bytes & ~(each * GRANULE_MET)) + each * (256 - (GRANULE_INSIDE | GRANULE_MET))) ^
                     (bytes & each * GRANULE_MET);
    return !(above & each * (256 - (GRANULE_LONG - GRANULE_INSIDE)));
}

/* Eight at once, where nothing begins. returns whether that could be */
static int pass_group(struct page *page, size_t i) {
    uint64_t bytes = granules_group(&page->granule[i]);
    if (bytes == all_within) {
        page->free_from = i;
        return 1;
    }
    if (!bytes && (i < page->free_from || i < page->none_begin || i + GRANULES_GROUP > page->none_end))
        return 0;
    if (bytes && !are_inside(bytes))
        return 0;
    if (bytes && !page->is_met) {
        page->is_open = 1;
        page->free_from = i + GRANULES_GROUP + 1;
        return 1;
    }
    granules_set_group(&page->granule[i], GRANULE_WITHIN);
    page->free_from = i;
    return 1;
}

/* The page's first granule that an object which was not met, and begins before it, does not reach. When it is a long one, the
 * first is inside, or has its end. */
static size_t free_behind(struct granules *granules, uintptr_t start, uintptr_t base) {
    uint8_t byte = load(granules_at(granules, start));
    size_t before = (base - start) / GRANULE_BYTES, own = short_granules(byte);
    if ((byte & GRANULE_CODE) >= GRANULE_INSIDE)
        return 1;
    return own > before ? own - before : 0;
}

/* What is known of the page's first granule, where no object begins. */
static void begin_inside(struct granules *granules, struct page *page, uintptr_t base) {
    uintptr_t start = base;
    switch (granules_look(granules, base, &start)) {
    case GRANULES_NOWHERE:
    case GRANULES_IN_MET:
    case GRANULES_FAR:
        page->is_met = 1;
        page->free_from = 0;
        break;
    case GRANULES_IN_UNMET:
    case GRANULES_AT_UNMET:
        page->free_from = free_behind(granules, start, base);
        break;
    case GRANULES_ASK:
        break;
    }
}

/* How many granules of the page at `base` lie wholly before the address. */
static size_t granules_up_to(uintptr_t base, uintptr_t address) {
    if (address <= base)
        return 0;
    return address - base < CLOSED_PAGE_BYTES ? (address - base) / GRANULE_BYTES : PAGE_GRANULES;
}

static void settle_page(struct granules *granules, struct page *page, uintptr_t base) {
    if (!granules_begins(load(page->granule)))
        begin_inside(granules, page, base);
    for (size_t i = 0; i < PAGE_GRANULES;) {
        if (i % GRANULES_GROUP == 0 && pass_group(page, i))
            i += GRANULES_GROUP;
        else
            pass(page, i++);
    }
    if (!page->is_open)
        closed_add(&granules->closed, base);
}

/* ---- what is free behind an object ---- */

/* Granules [at, end) in a row, or as many as are empty: what follows was noted before, or another object begins there. */
static void note_empty(_Atomic uint8_t *granule, size_t at, size_t end) {
    while (at < end) {
        if (at % GRANULES_GROUP == 0 && end - at >= GRANULES_GROUP && !granules_group(&granule[at])) {
            granules_set_group(&granule[at], GRANULE_WITHIN);
            at += GRANULES_GROUP;
            continue;
        }
        if (load(&granule[at]) != GRANULE_EMPTY)
            return;
        note(&granule[at++]);
    }
}

/* An empty granule of the page, the object before it being a short one that begins at `start`. */
static void settle_short(struct granules *granules, struct page *page, uintptr_t base, uintptr_t start, size_t i) {
    uint8_t byte = load(granules_at(granules, start));
    size_t own = byte & GRANULE_MET ? 1 : short_granules(byte);
    size_t from = granules_up_to(base, start + own * GRANULE_BYTES);
    from = from > page->none_begin ? from : page->none_begin;
    if (from <= i)
        note_empty(page->granule, from, page->none_end);
}

/* Is the object at `start`, if one begins there, a short one? */
static int is_short(struct granules *granules, uintptr_t start) {
    uint8_t byte = load(granules_at(granules, start));
    return granules_begins(byte) && (byte & GRANULE_CODE) < GRANULE_INSIDE;
}

/* An empty granule of the page: the page is not gone through when that would not be noted. */
static void settle_empty(struct granules *granules, struct page *page, uintptr_t base, size_t i) {
    uintptr_t start = 0;
    enum granules_inside inside = granules_look(granules, base + i * GRANULE_BYTES, &start);
    if (inside != GRANULES_NOWHERE && inside != GRANULES_IN_MET && inside != GRANULES_FAR)
        return;
    if (i < page->none_begin || i >= page->none_end)
        return;
    if (inside != GRANULES_FAR && is_short(granules, start))
        settle_short(granules, page, base, start, i);
    else
        settle_page(granules, page, base);
}

void granules_settle(struct granules *granules, struct range none, uintptr_t address) {
    const uintptr_t base = address & ~(uintptr_t)(CLOSED_PAGE_BYTES - 1);
    struct page page = {.granule = granules_at(granules, base), .free_from = NOT_KNOWN};
    size_t i = granules_up_to(base, address);
    if (granules_are_bare(granules, page.granule, heap_slot_number(base)))
        return;
    page.none_begin = granules_up_to(base, none.lo + GRANULE_BYTES - 1);
    page.none_end = granules_up_to(base, none.hi);
    if (load(&page.granule[i]) == GRANULE_EMPTY)
        settle_empty(granules, &page, base, i);
    else
        settle_page(granules, &page, base);
}

/* ---- an object ---- */

/* Is nothing left to be met in the page of which these are the granules? */
static int is_settled(const _Atomic uint8_t *granule) {
    for (size_t i = 0; i < PAGE_GRANULES; i += 64) {
        uint64_t other;
        if (granules_sort(&granule[i], UINT64_MAX, &other) | other)
            return 0;
    }
    return 1;
}

void granules_note_met(struct granules *granules, struct range object, uintptr_t address) {
    const uintptr_t base = address & ~(uintptr_t)(HEAP_LEAF_BYTES - 1);
    const size_t number = heap_slot_number(address);
    _Atomic uint8_t *granule = granules_at(granules, address);
    if (granules_are_bare(granules, granule, number))
        return;
    _Atomic uint8_t *leaf = granule - number;
    size_t at = object.lo < base ? 0 : heap_slot_number(object.lo);
    size_t end = object.hi < base + HEAP_LEAF_BYTES ? heap_slot_number(object.hi) : HEAP_LEAF_SLOTS;
    note_empty(leaf, object.lo < base ? 0 : at + 1, end);
    for (size_t page = at & ~(size_t)(PAGE_GRANULES - 1); page < end; page += PAGE_GRANULES)
        if (is_settled(&leaf[page]))
            closed_add(&granules->closed, base + page * GRANULE_BYTES);
}
