/* diff.c - two lists of findings, and how one became the other.
 *
 * Start: diff_make(). */
#include "diff.h"

#include "escape.h"
#include "json.h"
#include "units.h"

#include <stdlib.h>

enum { DIFF_VERSION = 1 };

static const char *const change_words[CHANGE_COUNT] = {[CHANGE_NEW] = "new",
                                                       [CHANGE_GROWN] = "grown",
                                                       [CHANGE_SHRUNK] = "shrunk",
                                                       [CHANGE_GONE] = "gone",
                                                       [CHANGE_NONE] = "unchanged"};

/* ---- making ---- */

static enum change change_of(const struct compare_item *before, const struct compare_item *after) {
    if (!before || !after)
        return before ? CHANGE_GONE : CHANGE_NEW;
    if (before->objects != after->objects)
        return after->objects > before->objects ? CHANGE_GROWN : CHANGE_SHRUNK;
    if (before->bytes != after->bytes)
        return after->bytes > before->bytes ? CHANGE_GROWN : CHANGE_SHRUNK;
    return CHANGE_NONE;
}

static void add(struct diff *diff, const struct compare_item *before, const struct compare_item *after) {
    enum change change = change_of(before, after);
    diff->counts[change]++;
    if (change != CHANGE_NONE)
        diff->entries[diff->entry_count++] = (struct diff_entry){change, before, after, after ? after : before};
}

static uint64_t bytes_of(const struct compare_item *item) {
    return item ? item->bytes : 0;
}

static uint64_t bytes_changed(const struct diff_entry *entry) {
    uint64_t before = bytes_of(entry->before), after = bytes_of(entry->after);
    return before > after ? before - after : after - before;
}

static int by_weight(const void *a, const void *b) {
    const struct diff_entry *left = a, *right = b;
    uint64_t left_bytes = bytes_changed(left), right_bytes = bytes_changed(right);
    uint64_t left_name = left->item->fingerprint, right_name = right->item->fingerprint;
    if (left->change != right->change)
        return (int)left->change - (int)right->change;
    if (left_bytes != right_bytes)
        return left_bytes > right_bytes ? -1 : 1;
    return (left_name > right_name) - (left_name < right_name);
}

struct diff diff_make(struct pool *pool, struct compare_list *before, struct compare_list *after) {
    struct diff diff = {.entries = pool_array(pool, before->count + after->count, sizeof *diff.entries)};
    compare_pair(before, after);
    for (size_t i = 0; i < after->count; i++)
        add(&diff, after->items[i].partner, &after->items[i]);
    for (size_t i = 0; i < before->count; i++)
        if (!before->items[i].partner)
            add(&diff, &before->items[i], NULL);
    if (diff.entry_count)
        qsort(diff.entries, diff.entry_count, sizeof *diff.entries, by_weight);
    return diff;
}

bool diff_is_worse(const struct diff *diff, unsigned kinds) {
    for (size_t i = 0; i < diff->entry_count; i++)
        if (diff->entries[i].change <= CHANGE_GROWN && kinds & 1u << diff->entries[i].item->kind)
            return true;
    return false;
}

/* ---- text ---- */

static const char *signed_count(struct pool *pool, uint64_t before, uint64_t after) {
    return pool_printf(pool, "%c%s", after < before ? '-' : '+',
                       units_count(pool, after < before ? before - after : after - before));
}

static const char *signed_size(struct pool *pool, uint64_t before, uint64_t after) {
    return pool_printf(pool, "%c%s", after < before ? '-' : '+',
                       units_size(pool, after < before ? before - after : after - before));
}

static void entry_line(FILE *file, struct pool *pool, const struct diff_entry *entry, bool utf8) {
    const struct compare_item *item = entry->item;
    uint64_t objects_before = entry->before ? entry->before->objects : 0;
    uint64_t objects_after = entry->after ? entry->after->objects : 0;
    const char *objects = pool_printf(pool, "%s (%s)", units_things(pool, objects_after, "object"),
                                      signed_count(pool, objects_before, objects_after));
    const char *bytes = pool_printf(pool, "%s (%s)", units_size(pool, bytes_of(entry->after)),
                                    signed_size(pool, bytes_of(entry->before), bytes_of(entry->after)));
    fprintf(file, " %-7s %-13s %-24s %-24s %08x  %s\n", change_words[entry->change], kind_word(item->kind), objects,
            bytes, (unsigned)(item->fingerprint >> 32), escape_text(pool, item->where, utf8));
}

void diff_write_text(FILE *file, struct pool *pool, const struct diff *diff, bool utf8) {
    fprintf(file, "castaway: %s %s %s:", escape_text(pool, diff->before_name, utf8), utf8 ? "→" : "->",
            escape_text(pool, diff->after_name, utf8));
    for (int change = 0; change < CHANGE_COUNT; change++)
        fprintf(file, "%s %zu %s", change ? "," : "", diff->counts[change], change_words[change]);
    fputs(diff->entry_count ? "\n\n" : "\n", file);
    for (size_t i = 0; i < diff->entry_count; i++)
        entry_line(file, pool, &diff->entries[i], utf8);
}

/* ---- JSON ---- */

static json_t *number(uint64_t value) {
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *entry_json(struct pool *pool, const struct diff_entry *entry) {
    const struct compare_item *item = entry->item;
    json_t *object = json_object();
    json_object_set_new(object, "change", json_string(change_words[entry->change]));
    json_object_set_new(object, "kind", json_string(kind_word(item->kind)));
    json_object_set_new(object, "fingerprint", json_fingerprint(item->fingerprint));
    json_object_set_new(object, "where", json_string(escape_to_utf8(pool, item->where)));
    json_object_set_new(object, "objects_before", number(entry->before ? entry->before->objects : 0));
    json_object_set_new(object, "objects", number(entry->after ? entry->after->objects : 0));
    json_object_set_new(object, "bytes_before", number(bytes_of(entry->before)));
    json_object_set_new(object, "bytes", number(bytes_of(entry->after)));
    return object;
}

void diff_write_json(FILE *file, struct pool *pool, const struct diff *diff) {
    json_t *root = json_object(), *summary = json_object(), *entries = json_array();
    for (int change = 0; change < CHANGE_COUNT; change++)
        json_object_set_new(summary, change_words[change], number(diff->counts[change]));
    for (size_t i = 0; i < diff->entry_count; i++)
        json_array_append_new(entries, entry_json(pool, &diff->entries[i]));
    json_object_set_new(root, "format", json_string("castaway-diff"));
    json_object_set_new(root, "version", json_integer(DIFF_VERSION));
    json_object_set_new(root, "before", json_string(escape_to_utf8(pool, diff->before_name)));
    json_object_set_new(root, "after", json_string(escape_to_utf8(pool, diff->after_name)));
    json_object_set_new(root, "summary", summary);
    json_object_set_new(root, "findings", entries);
    json_dumpf(root, file, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    fputc('\n', file);
    json_decref(root);
}
