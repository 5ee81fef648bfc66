/* layouts.c - from rules about objects to counts.
 *
 * Owns:    the rules; what came of them is the snapshot child's own.
 * Never:   looks into an object: that is analysis/layout.c's part.
 * Start:   layouts_add(), layouts_read(). */
#include "layouts.h"

#include <errno.h>
#include <string.h>

#include "analysis/reason.h"
#include "module.h"
#include "site.h"
#include "symbol.h"

enum { LAYOUTS_MAX = 64, DETAIL_BYTES = 512 };

static struct layout layouts[LAYOUTS_MAX];
static uint8_t from_profile[LAYOUTS_MAX];
static size_t count;
static int was_read;

int layouts_add(const char *name, const struct pair_counted *what, int is_profile) {
    if (count == LAYOUTS_MAX)
        return -ENOMEM;
    from_profile[count] = (uint8_t)is_profile;
    layouts[count++] = (struct layout){.name = name, .what = *what};
    return 0;
}

/* ---- who made it ---- */

/* The function made what a stack made when it is the innermost one of its module there: libraries are called to allocate. */
static int is_maker(const struct site *site, struct range function, struct range module) {
    for (uint32_t i = 0; i < site->count && !site->stale; i++) {
        uint64_t frame = site_frame(site, i);
        uintptr_t at = (uintptr_t)(frame & ~FRAME_EXACT) - !(frame & FRAME_EXACT);
        if (at >= module.lo && at < module.hi)
            return at >= function.lo && at < function.hi;
    }
    return 0;
}

static int find_sites(struct layout *layout, struct arena *arena) {
    struct range function = symbol_function(layout->name), module;
    uint32_t sites = site_count();
    if (function.lo >= function.hi)
        return 0;
    uint8_t *made_here = arena_alloc(arena, (size_t)sites + 1, 1);
    if (!made_here)
        return -ENOMEM;
    module_span((const void *)function.lo, &module.lo, &module.hi);
    for (uint32_t id = 1; id <= sites; id++)
        made_here[id] = (uint8_t)is_maker(site_get(id), function, module);
    layout->made_here = made_here;
    return 0;
}

int layouts_read(const struct heap *heap, struct counts *counts, struct arena *arena) {
    int error = 0;
    for (size_t i = 0; i < count && !error; i++)
        if (layouts[i].what.objects == PAIR_MADE_BY)
            error = find_sites(&layouts[i], arena);
    was_read = !heap->subset; /* a young scan looks at few objects */
    return error ? error : layout_read(layouts, count, heap, counts);
}

int layouts_matched(void) {
    for (size_t i = 0; i < count; i++)
        if (layouts[i].matched)
            return 1;
    return 0;
}

/* ---- notes ---- */

static void append(char *text, const char *more) {
    size_t fill = strlen(text), bytes = strlen(more);
    if (fill + bytes < DETAIL_BYTES)
        memcpy(text + fill, more, bytes + 1);
}

static void append_number(char *text, uint64_t number) {
    char digits[21];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    append(text, digits + at);
}

/* As the user wrote it. */
static void append_rule(char *text, const struct layout *layout) {
    static const char *const words[] = {"made-by=", "type=", "size="};
    append(text, words[layout->what.objects]);
    append(text, layout->name);
    if (!layout->what.count_bytes)
        return;
    append(text, " count=");
    append_number(text, layout->what.count_bytes);
    append(text, "@");
    append_number(text, layout->what.count_offset);
}

static void note(struct cast_sink *sink, const struct layout *layout, uint64_t objects, enum reason why,
                 struct arena *arena) {
    char *text = arena_alloc(arena, DETAIL_BYTES, 1);
    if (!text || !why)
        return;
    append_rule(text, layout);
    append(text, ": ");
    append(text, reason_text(why));
    cast_note(sink, NOTE_REFS_LAYOUT, objects, text);
}

static enum reason why_none(const struct layout *layout) {
    if (layout->what.objects == PAIR_MADE_BY && !layout->made_here)
        return REASON_LAYOUT_NO_FUNCTION;
    return layout->matched ? REASON_NONE : REASON_LAYOUT_NO_OBJECT;
}

void layouts_write_notes(struct cast_sink *sink, struct arena *arena) {
    for (size_t i = 0; i < count && was_read; i++) {
        const struct layout *layout = &layouts[i];
        const struct {
            uint64_t objects;
            enum reason why;
        } wrong[] = {
            {layout->too_small, REASON_LAYOUT_TOO_SMALL},
            {layout->unaligned, REASON_LAYOUT_UNALIGNED},
            {layout->unreadable, REASON_LAYOUT_UNREADABLE},
            {layout->no_count, REASON_LAYOUT_NO_COUNT},
        };
        if (!from_profile[i])
            note(sink, layout, 1, why_none(layout), arena);
        for (size_t w = 0; w < sizeof wrong / sizeof wrong[0]; w++)
            if (wrong[w].objects)
                note(sink, layout, wrong[w].objects, wrong[w].why, arena);
    }
}
