/* pprof.c - a profile of pprof's: what is lost and what is live, by the stack that allocated it; gzip around it.
 *
 * Frames that were inlined are lines of the location that they were inlined into. Strings, functions, mappings and
 * locations are each written once and numbered from 1 (strings from 0, which is "").
 * Start: pprof_write(); a sample is add_sample(). */
#include "demangle.h"
#include "escape.h"
#include "formats.h"
#include "hash.h"
#include "protobuf.h"
#include "shares.h"
#include "wording.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Field numbers of profile.proto, message by message. */
enum { PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE, PROFILE_MAPPING, PROFILE_LOCATION, PROFILE_FUNCTION, PROFILE_STRING };
enum { PROFILE_COMMENT = 13, PROFILE_DEFAULT_SAMPLE_TYPE = 14 };
enum { TYPE_TYPE = 1, TYPE_UNIT };
enum { SAMPLE_LOCATIONS = 1, SAMPLE_VALUES, SAMPLE_LABEL };
enum { LABEL_KEY = 1, LABEL_STRING };
enum { MAPPING_ID = 1, MAPPING_FILE = 5, MAPPING_BUILD_ID = 6, MAPPING_HAS_FUNCTIONS = 7, MAPPING_HAS_INLINED = 10 };
enum { LOCATION_ID = 1, LOCATION_MAPPING, LOCATION_ADDRESS, LOCATION_LINE };
enum { LINE_FUNCTION = 1, LINE_LINE };
enum { FUNCTION_ID = 1, FUNCTION_NAME, FUNCTION_SYSTEM_NAME, FUNCTION_FILE };

enum { LOST_OBJECTS, LOST_BYTES, LIVE_OBJECTS, LIVE_BYTES, ALLOCATED_OBJECTS, ALLOCATED_BYTES, VALUES };
static const struct {
    const char *type, *unit;
} value_types[VALUES] = {
    [LOST_OBJECTS] = {"lost_objects", "count"},       [LOST_BYTES] = {"lost_space", "bytes"},
    [LIVE_OBJECTS] = {"inuse_objects", "count"},      [LIVE_BYTES] = {"inuse_space", "bytes"},
    [ALLOCATED_OBJECTS] = {"alloc_objects", "count"}, [ALLOCATED_BYTES] = {"alloc_space", "bytes"},
};

/* Things that are numbered once, by what they say. */
struct entry {
    const char *key;
    uint64_t number;
    UT_hash_handle hh;
};
struct profile {
    struct pool *pool;
    struct protobuf out;
    struct entry *strings, *functions, *mappings, *locations;
    size_t value_count; /* VALUES, or those up to the allocated ones, which need a profile */
};

/* The number of `key` in `table`; *is_new when it has just been given. */
static uint64_t number_of(struct pool *pool, struct entry **table, const char *key, uint64_t first, bool *is_new) {
    struct entry *entry = NULL;
    HASH_FIND_STR(*table, key, entry);
    *is_new = !entry;
    if (!entry) {
        entry = pool_alloc(pool, sizeof *entry);
        entry->key = key;
        entry->number = HASH_COUNT(*table) + first;
        HASH_ADD_KEYPTR(hh, *table, entry->key, strlen(entry->key), entry);
    }
    return entry->number;
}

static uint64_t string_of(struct profile *profile, const char *text) {
    bool is_new;
    const char *valid = escape_to_utf8(profile->pool, text ? text : "");
    uint64_t number = number_of(profile->pool, &profile->strings, valid, 0, &is_new);
    if (is_new)
        protobuf_bytes(&profile->out, PROFILE_STRING, valid, strlen(valid));
    return number;
}

static uint64_t function_of(struct profile *profile, const struct stack_frame *frame) {
    bool is_new;
    struct pool *pool = profile->pool;
    struct protobuf message = {.pool = pool};
    const char *name = frame->function ? frame->function : wording_place(pool, frame);
    const char *key = pool_printf(pool, "%s\n%s", name, frame->file ? frame->file : "");
    uint64_t number = number_of(pool, &profile->functions, key, 1, &is_new);
    if (!is_new)
        return number;
    protobuf_number(&message, FUNCTION_ID, number);
    protobuf_number(&message, FUNCTION_NAME, string_of(profile, demangle_short(pool, name)));
    protobuf_number(&message, FUNCTION_SYSTEM_NAME, string_of(profile, name));
    protobuf_number(&message, FUNCTION_FILE, string_of(profile, frame->file));
    protobuf_message(&profile->out, PROFILE_FUNCTION, &message);
    return number;
}

/* All symbols are here already: a reader need not look for them. */
static uint64_t mapping_of(struct profile *profile, const struct stack_frame *frame) {
    bool is_new;
    struct protobuf message = {.pool = profile->pool};
    if (!frame->module)
        return 0;
    const char *key = pool_printf(profile->pool, "%s\n%s", frame->module, frame->build_id ? frame->build_id : "");
    uint64_t number = number_of(profile->pool, &profile->mappings, key, 1, &is_new);
    if (!is_new)
        return number;
    protobuf_number(&message, MAPPING_ID, number);
    protobuf_number(&message, MAPPING_FILE, string_of(profile, frame->module));
    protobuf_number(&message, MAPPING_BUILD_ID, string_of(profile, frame->build_id));
    for (unsigned field = MAPPING_HAS_FUNCTIONS; field <= MAPPING_HAS_INLINED; field++)
        protobuf_number(&message, field, 1);
    protobuf_message(&profile->out, PROFILE_MAPPING, &message);
    return number;
}

/* One location is `count` frames: those that were inlined, and the last, into which they were. */
static uint64_t location_of(struct profile *profile, const struct stack_frame *frames, size_t count) {
    bool is_new;
    const struct stack_frame *last = &frames[count - 1];
    struct protobuf message = {.pool = profile->pool};
    uint64_t mapping = mapping_of(profile, last);
    const char *key = pool_printf(profile->pool, "%" PRIu64 " %" PRIx64, mapping, last->offset);
    for (size_t i = 0; i < count; i++)
        key = pool_printf(profile->pool, "%s %" PRIu64 ":%d", key, function_of(profile, &frames[i]), frames[i].line);
    uint64_t number = number_of(profile->pool, &profile->locations, key, 1, &is_new);
    if (!is_new)
        return number;
    protobuf_number(&message, LOCATION_ID, number);
    protobuf_number(&message, LOCATION_MAPPING, mapping);
    protobuf_number(&message, LOCATION_ADDRESS, last->offset);
    for (size_t i = 0; i < count; i++) {
        struct protobuf line = {.pool = profile->pool};
        protobuf_number(&line, LINE_FUNCTION, function_of(profile, &frames[i]));
        protobuf_number(&line, LINE_LINE, frames[i].line > 0 ? (uint64_t)frames[i].line : 0);
        protobuf_message(&message, LOCATION_LINE, &line);
    }
    protobuf_message(&profile->out, PROFILE_LOCATION, &message);
    return number;
}

static void put_label(struct profile *profile, struct protobuf *sample, const char *key, const char *value) {
    struct protobuf label = {.pool = profile->pool};
    protobuf_number(&label, LABEL_KEY, string_of(profile, key));
    protobuf_number(&label, LABEL_STRING, string_of(profile, value));
    protobuf_message(sample, SAMPLE_LABEL, &label);
}

static uint64_t clamp(uint64_t value) {
    return value > INT64_MAX ? INT64_MAX : value;
}

static struct protobuf sample_of(struct profile *profile, const struct stack *stack, const uint64_t values[VALUES]) {
    struct protobuf sample = {.pool = profile->pool};
    uint64_t *locations = pool_array(profile->pool, stack->named_count + 1, sizeof *locations);
    size_t count = 0;
    for (size_t first = 0, i = 0; i < stack->named_count; i++) {
        if (stack->frames[i].inlined && i + 1 < stack->named_count)
            continue;
        locations[count++] = location_of(profile, &stack->frames[first], i + 1 - first);
        first = i + 1;
    }
    protobuf_numbers(&sample, SAMPLE_LOCATIONS, locations, count);
    protobuf_numbers(&sample, SAMPLE_VALUES, values, profile->value_count);
    return sample;
}

static void add_sample(struct profile *profile, const struct report_finding *finding, const struct share *share) {
    bool lost = shares_is_lost(finding->kind);
    const uint64_t values[VALUES] = {
        [LOST_OBJECTS] = lost ? clamp(share->objects) : 0,
        [LOST_BYTES] = lost ? clamp(share->bytes) : 0,
        [LIVE_OBJECTS] = clamp(share->objects),
        [LIVE_BYTES] = clamp(share->bytes),
    };
    struct protobuf sample = sample_of(profile, share->stack, values);
    put_label(profile, &sample, "kind", kind_word(finding->kind));
    if (lost)
        put_label(profile, &sample, "fingerprint", wording_fingerprint(profile->pool, finding));
    protobuf_message(&profile->out, PROFILE_SAMPLE, &sample);
}

static void add_allocations(struct profile *profile, const struct report_site *site) {
    const uint64_t values[VALUES] = {
        [ALLOCATED_OBJECTS] = clamp(site->counts.objects),
        [ALLOCATED_BYTES] = clamp(site->counts.bytes),
    };
    struct protobuf sample = sample_of(profile, site->stack, values);
    protobuf_message(&profile->out, PROFILE_SAMPLE, &sample);
}

static void put_head(struct profile *profile, const struct report *report) {
    string_of(profile, "");
    for (size_t i = 0; i < profile->value_count; i++) {
        struct protobuf type = {.pool = profile->pool};
        protobuf_number(&type, TYPE_TYPE, string_of(profile, value_types[i].type));
        protobuf_number(&type, TYPE_UNIT, string_of(profile, value_types[i].unit));
        protobuf_message(&profile->out, PROFILE_SAMPLE_TYPE, &type);
    }
    protobuf_number(&profile->out, PROFILE_DEFAULT_SAMPLE_TYPE, string_of(profile, value_types[LOST_BYTES].type));
    protobuf_number(&profile->out, PROFILE_COMMENT,
                    string_of(profile, pool_printf(profile->pool, "castaway %s: %s", CASTAWAY_VERSION,
                                                   wording_program(profile->pool, report))));
}

static void *from_pool(void *pool, uInt count, uInt size_bytes) {
    return pool_array(pool, count, size_bytes);
}

static void to_pool(void *pool, void *memory) {
    (void)pool, (void)memory; /* freed with the rest */
}

/* Neither call of zlib's can fail: memory comes from the pool, and there is room for the worst case. */
static void write_gzip(FILE *file, struct pool *pool, const struct protobuf *message) {
    enum { GZIP_WINDOW_BITS = 15 + 16, MEMORY_LEVEL = 8 };
    z_stream stream = {.zalloc = from_pool, .zfree = to_pool, .opaque = pool};
    deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
    uLong room = deflateBound(&stream, message->count);
    unsigned char *packed = pool_alloc(pool, room);
    stream.next_in = message->bytes;
    stream.avail_in = (uInt)message->count;
    stream.next_out = packed;
    stream.avail_out = (uInt)room;
    deflate(&stream, Z_FINISH);
    fwrite(packed, 1, stream.total_out, file);
    deflateEnd(&stream);
}

void pprof_write(FILE *file, const struct report *report, const struct view *view) {
    struct pool scratch = {0};
    struct profile profile = {.pool = &scratch, .out = {.pool = &scratch}};
    (void)view;
    profile.value_count = report->profile.known ? VALUES : ALLOCATED_OBJECTS;
    put_head(&profile, report);
    for (size_t i = 0; i < report->finding_count; i++) {
        size_t count = 0;
        const struct share *shares = shares_of(&scratch, &report->findings[i], &count);
        for (size_t j = 0; j < count && shares_is_live(report->findings[i].kind); j++)
            add_sample(&profile, &report->findings[i], &shares[j]);
    }
    for (size_t i = 0; i < report->profile.site_count; i++)
        add_allocations(&profile, &report->profile.sites[i]);
    write_gzip(file, &scratch, &profile.out);
    HASH_CLEAR(hh, profile.strings);
    HASH_CLEAR(hh, profile.functions);
    HASH_CLEAR(hh, profile.mappings);
    HASH_CLEAR(hh, profile.locations);
    pool_free(&scratch);
}
