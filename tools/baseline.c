/* baseline.c - the known findings of a project, as a file that is kept beside its sources.
 *
 * Owns:  the file's format. One entry a finding, sorted, no lines, no times: a change of it reads well in a review.
 * Start: baseline_load(), baseline_apply(), baseline_update(). */
#include "baseline.h"

#include "escape.h"
#include "json.h"
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BASELINE_VERSION = 1 };

/* ---- reading ---- */

static int bad_entry(const char *path, size_t index, const char *what) {
    message_error("%s: entry %zu: %s", path, index + 1, what);
    return -1;
}

static bool get_fingerprint(const json_t *entry, const char *key, uint64_t *fingerprint) {
    const char *text = json_string_value(json_object_get(entry, key));
    char *end = NULL;
    if (!text || strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
        return false;
    *fingerprint = strtoull(text, &end, 16);
    return true;
}

static bool get_kind(const json_t *entry, enum kind *kind) {
    const char *word = json_string_value(json_object_get(entry, "kind"));
    for (int i = 0; word && i < KIND_COUNT; i++) {
        if (!strcmp(word, kind_word((enum kind)i))) {
            *kind = (enum kind)i;
            return true;
        }
    }
    return false;
}

static int read_entry(struct baseline *baseline, struct pool *pool, const json_t *entry, size_t index) {
    struct compare_item *item = &baseline->known.items[index];
    const json_t *objects = json_object_get(entry, "objects");
    const char *where = json_string_value(json_object_get(entry, "where"));
    if (!get_fingerprint(entry, "fingerprint", &item->fingerprint))
        return bad_entry(baseline->path, index, "`fingerprint` is not one of 16 hexadecimal digits");
    if (!get_kind(entry, &item->kind))
        return bad_entry(baseline->path, index, "`kind` is none of ours");
    if (!json_is_integer(objects) || json_integer_value(objects) < 0)
        return bad_entry(baseline->path, index, "`objects` is not a number of objects");
    item->objects = (uint64_t)json_integer_value(objects);
    item->where = pool_strdup(pool, where ? where : "");
    item->family = item->fingerprint;
    if (json_object_get(entry, "family") && !get_fingerprint(entry, "family", &item->family))
        return bad_entry(baseline->path, index, "`family` is not a fingerprint");
    return 0;
}

static int read_entries(struct baseline *baseline, struct pool *pool, const json_t *root) {
    const json_t *format = json_object_get(root, "format"), *version = json_object_get(root, "version");
    const json_t *findings = json_object_get(root, "findings");
    if (!json_is_string(format) || strcmp(json_string_value(format), "castaway-baseline") != 0) {
        message_error("%s: not a baseline (--update-baseline --accept-new makes one)", baseline->path);
        return -1;
    }
    if (json_integer_value(version) != BASELINE_VERSION || !json_is_array(findings)) {
        message_error("%s: not a baseline of version %d", baseline->path, BASELINE_VERSION);
        return -1;
    }
    baseline->known.count = json_array_size(findings);
    baseline->known.items = pool_array(pool, baseline->known.count, sizeof *baseline->known.items);
    for (size_t i = 0; i < baseline->known.count; i++)
        if (read_entry(baseline, pool, json_array_get(findings, i), i))
            return -1;
    return 0;
}

int baseline_load(struct baseline *baseline, struct pool *pool, const char *path, bool may_be_new) {
    json_error_t error;
    *baseline = (struct baseline){.path = path};
    if (access(path, R_OK)) {
        if (errno == ENOENT && may_be_new)
            return 0;
        message_error("baseline %s: %s%s", path, strerror(errno),
                      errno == ENOENT ? "; --update-baseline --accept-new makes it" : "");
        return -1;
    }
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        message_error("%s:%d:%d: %s", path, error.line, error.column, error.text);
        return -1;
    }
    int result = read_entries(baseline, pool, root);
    json_decref(root);
    return result;
}

/* ---- judging ---- */

void baseline_apply(struct baseline *baseline, struct report *report, unsigned kinds) {
    struct compare_list found = compare_findings(report->pool, report, kinds);
    compare_pair(&baseline->known, &found);
    for (size_t i = 0; i < found.count; i++) {
        const struct compare_item *item = &found.items[i], *known = item->partner;
        struct report_finding *finding = &report->findings[item->index];
        finding->ceiling = known ? known->objects : 0;
        finding->standing = !known ? STANDING_NEW : item->objects > known->objects ? STANDING_GROWN : STANDING_KNOWN;
    }
}

/* ---- writing ---- */

static int by_fingerprint(const void *a, const void *b) {
    const struct compare_item *left = a, *right = b;
    return (left->fingerprint > right->fingerprint) - (left->fingerprint < right->fingerprint);
}

/* The entry that `item` of the file becomes; false: it is dropped. */
static bool updated(const struct compare_item *item, unsigned kinds, bool accept_new, struct compare_item *entry,
                    struct baseline_change *change) {
    const struct compare_item *found = item->partner;
    *entry = *item;
    if (!(kinds & 1u << item->kind))
        return true;
    if (!found) {
        change->dropped++;
        return false;
    }
    change->lowered += found->objects < item->objects;
    change->raised += accept_new && found->objects > item->objects;
    *entry = *found;
    if (found->objects > item->objects && !accept_new)
        entry->objects = item->objects;
    return true;
}

/* What the file will hold, sorted. */
static struct compare_list next_entries(const struct baseline *baseline, const struct report *report, unsigned kinds,
                                        bool accept_new, struct baseline_change *change) {
    struct compare_list next = {
        .items = pool_array(report->pool, baseline->known.count + report->finding_count, sizeof *next.items)};
    for (size_t i = 0; i < baseline->known.count; i++)
        if (updated(&baseline->known.items[i], kinds, accept_new, &next.items[next.count], change))
            next.count++;
    struct compare_list found = compare_findings(report->pool, report, kinds);
    for (size_t i = 0; accept_new && i < found.count; i++) {
        if (report->findings[found.items[i].index].standing != STANDING_NEW)
            continue;
        next.items[next.count++] = found.items[i];
        change->added++;
    }
    if (next.count)
        qsort(next.items, next.count, sizeof *next.items, by_fingerprint);
    return next;
}

static json_t *entries_json(struct pool *pool, const struct compare_list *entries) {
    json_t *root = json_object(), *findings = json_array();
    for (size_t i = 0; i < entries->count; i++) {
        const struct compare_item *item = &entries->items[i];
        json_t *object = json_object();
        json_object_set_new(object, "fingerprint", json_fingerprint(item->fingerprint));
        if (item->family != item->fingerprint)
            json_object_set_new(object, "family", json_fingerprint(item->family));
        json_object_set_new(object, "kind", json_string(kind_word(item->kind)));
        json_object_set_new(object, "objects", json_integer((json_int_t)(item->objects & INT64_MAX)));
        json_object_set_new(object, "where", json_string(escape_to_utf8(pool, item->where)));
        json_array_append_new(findings, object);
    }
    json_object_set_new(root, "format", json_string("castaway-baseline"));
    json_object_set_new(root, "version", json_integer(BASELINE_VERSION));
    json_object_set_new(root, "findings", findings);
    return root;
}

static int fail_write(const char *path) {
    message_error("%s: the baseline was not written: %s", path, strerror(errno));
    return -1;
}

/* A new file beside the old one, with its rights, takes its place. */
static int replace(struct pool *pool, const char *path, const json_t *root) {
    char *real = realpath(path, NULL), *name = pool_printf(pool, "%s.XXXXXX", real ? real : path);
    const char *target = real ? pool_strdup(pool, real) : path;
    struct stat status;
    mode_t mask = umask(0);
    umask(mask);
    mode_t mode = stat(target, &status) ? 0666 & ~mask : status.st_mode & 07777;
    free(real);
    int descriptor = mkostemp(name, O_CLOEXEC);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (!file)
        return fail_write(path);
    int failed = json_dumpf(root, file, JSON_INDENT(2) | JSON_ENSURE_ASCII) || fputc('\n', file) == EOF ||
                 fchmod(descriptor, mode);
    failed |= fclose(file) != 0;
    if (!failed && !rename(name, target))
        return 0;
    fail_write(path);
    unlink(name);
    return -1;
}

int baseline_update(const struct baseline *baseline, const struct report *report, unsigned kinds, bool accept_new,
                    struct baseline_change *change) {
    *change = (struct baseline_change){0};
    struct compare_list next = next_entries(baseline, report, kinds, accept_new, change);
    json_t *root = entries_json(report->pool, &next);
    int result = replace(report->pool, baseline->path, root);
    json_decref(root);
    return result;
}
