/* options.c - CASTAWAY_OPTIONS, read once by the constructor.
 *
 * Owns:    nothing: struct options is init.c's.
 * Never:   stops at what it does not understand: the first such key is kept, for a note.
 * Start:   options_parse(). */
#include "options.h"

#include <stddef.h>
#include <string.h>

#include "analysis/verdict.h"
#include "proc.h"

/* Keys of the whole tool. Those without a place here are the tool's business. */
#define AT(member) offsetof(struct options, member), sizeof(((struct options *)0)->member)
static const struct key {
    const char *name;
    size_t place, bytes_max;
} keys[] = {
    {"dir", AT(dir)},
    {"output", AT(output)},
    {"left-output", AT(left_output)},
    {"left-reports", AT(left_reports)},
    {"pointer-mask", AT(pointer_mask)},
    {"unaligned", AT(unaligned)},
    {"mark-threads", AT(mark_threads)},
    {"children", AT(children)},
    {"owner", AT(owner)},
    {"mounts", AT(mounts)},
    {"pools", AT(pools)},
    {"thresholds", AT(thresholds)},
    {"scan-every", AT(scan_every)},
    {"confirm", AT(confirm)},
    {"scan-signal", AT(scan_signal)},
    {"control", AT(control)},
    {"dirty-pages", AT(dirty_pages)},
    {"refs", AT(refs)},
    {"profile", AT(profile)},
    {"retained", AT(retained)},
    {"audit-live", AT(audit_live)},
    {"profile-allocations", AT(profile_allocations)},
    {"unread", AT(unread)},
    {"added", 0, 0}, /* follow.c */
    {"text", 0, 0},
    {"json", 0, 0},
    {"html", 0, 0},
    {"sarif", 0, 0},
    {"junit", 0, 0},
    {"pprof", 0, 0},
    {"folded", 0, 0},
    {"folded-bytes", 0, 0},
    {"dot", 0, 0},
    {"openmetrics", 0, 0},
    {"github", 0, 0},
    {"quiet", 0, 0},
    {"verbose", 0, 0},
    {"no-pager", 0, 0},
    {"show", 0, 0},
    {"fail-on", 0, 0},
    {"exit-code", 0, 0},
    {"max-frames", 0, 0},
    {"color", 0, 0},
    {"keep-pools", 0, 0},
};
#undef AT

static const struct key *key_find(const char *name, size_t bytes) {
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strlen(keys[i].name) == bytes && memcmp(keys[i].name, name, bytes) == 0)
            return &keys[i];
    return NULL;
}

static void copy(char *out, size_t max, const char *text, size_t bytes) {
    if (bytes >= max)
        bytes = max - 1;
    memcpy(out, text, bytes);
    out[bytes] = 0;
}

/* Of these every mention counts, of the others the last. */
static int is_list(const struct key *key) {
    return key->place == offsetof(struct options, refs) || key->place == offsetof(struct options, profile);
}

static void take(char *out, const struct key *key, const char *text, size_t bytes) {
    size_t fill = is_list(key) ? strlen(out) : 0;
    if (fill && fill < key->bytes_max - 1)
        out[fill++] = ',';
    copy(out + fill, key->bytes_max - fill, text, bytes);
}

/* End of the value that begins at `text`; *lo and *hi receive it without its quotes. */
static const char *value_end(const char *text, const char **lo, const char **hi) {
    if (*text == '\'' || *text == '"') {
        const char *close = strchr(text + 1, *text);
        if (close) {
            *lo = text + 1;
            *hi = close;
            return close + strcspn(close, ":");
        }
    }
    *lo = text;
    *hi = text + strcspn(text, ":");
    return *hi;
}

void options_parse(const char *text, struct options *out) {
    while (text && *text) {
        size_t name_bytes = strcspn(text, "=:");
        const struct key *key = key_find(text, name_bytes);
        const char *value_lo = "", *value_hi = value_lo, *end = text + name_bytes;
        if (*end == '=')
            end = value_end(end + 1, &value_lo, &value_hi);
        if (!key && name_bytes && !out->bad_key[0])
            copy(out->bad_key, sizeof out->bad_key, text, name_bytes);
        if (key && key->bytes_max)
            take((char *)out + key->place, key, value_lo, (size_t)(value_hi - value_lo));
        text = *end ? end + 1 : end;
    }
}

uintptr_t options_pointer_mask(const struct options *options) {
    const char *text = options->pointer_mask;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        text += 2;
    return proc_hex(&text);
}

int options_unaligned(const struct options *options) {
    return strcmp(options->unaligned, "yes") == 0;
}

int options_profile_allocations(const struct options *options) {
    return strcmp(options->profile_allocations, "yes") == 0;
}

int options_audit_live(const struct options *options) {
    return strcmp(options->audit_live, "yes") == 0;
}

unsigned options_unread(const struct options *options) {
    if (strcmp(options->unread, "possible,reachable") == 0)
        return 1u << KIND_POSSIBLE | 1u << KIND_REACHABLE;
    return strcmp(options->unread, "reachable") == 0 ? 1u << KIND_REACHABLE : 0;
}

int options_retained(const struct options *options) {
    return strcmp(options->retained, "yes") == 0 ||
           (options_profile_allocations(options) && strcmp(options->retained, "no") != 0);
}

unsigned options_mark_threads(const struct options *options) {
    return (unsigned)proc_number(options->mark_threads);
}

int options_owner(const struct options *options) {
    return proc_number(options->owner);
}

int options_children(const struct options *options) {
    return strcmp(options->children, "no") != 0;
}
