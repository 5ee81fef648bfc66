/* pair.c - read the words that name reference counting functions.
 *
 * Owns:    nothing.      Never: copies the text, remembers a rule.
 * Runs in: the target's start, tools, unit tests.
 * Start:   pair_parse(). */
#include "pair.h"

#include <errno.h>

struct reader {
    const char *start, *at;
    const char *wrong; /* where what is wrong begins */
    const char *what;  /* NULL: nothing is */
};

static int fail(struct reader *reader, const char *wrong, const char *what) {
    reader->wrong = wrong;
    reader->what = what;
    return -EINVAL;
}

/* ---- pieces ---- */

static int is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',';
}
static int is_digit(char c) {
    return c >= '0' && c <= '9';
}
static int is_end(char c) {
    return c == '\0' || c == '#' || is_blank(c);
}
/* What symbols are made of, those of C++ too; not the punctuation of this language. */
static int is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '.' || c == '$';
}

static void skip_blanks(struct reader *reader) {
    for (;; reader->at++) {
        if (*reader->at == '#')
            while (reader->at[1] && reader->at[1] != '\n')
                reader->at++;
        else if (!is_blank(*reader->at))
            return;
    }
}

static int take_word(struct reader *reader, const char *word) {
    const char *at = reader->at;
    for (; *word; word++, at++)
        if (*at != *word)
            return 0;
    reader->at = at;
    return 1;
}

static int digit_of(char c, unsigned base) {
    int value = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
    return value < (int)base ? value : -1;
}

static int take_number(struct reader *reader, uint64_t max, uint64_t *out) {
    const char *begins = reader->at;
    unsigned base = take_word(reader, "0x") || take_word(reader, "0X") ? 16 : 10;
    if (digit_of(*reader->at, base) < 0)
        return fail(reader, begins, "a number is missing");
    *out = 0;
    for (int digit; (digit = digit_of(*reader->at, base)) >= 0; reader->at++)
        if (__builtin_mul_overflow(*out, base, out) || __builtin_add_overflow(*out, (unsigned)digit, out) || *out > max)
            return fail(reader, begins, "the number is too large");
    return 0;
}

/* ---- functions ---- */

static int take_place(struct reader *reader, struct pair_rule *rule) {
    const char *begins = reader->at;
    uint64_t number;
    for (rule->loads = 0; *reader->at == '*'; reader->at++)
        if (++rule->loads > PAIR_LOADS_MAX)
            return fail(reader, begins, "more than three stars");
    rule->place = PAIR_RETURN;
    if (take_word(reader, "return"))
        return rule->effect == PAIR_UNREF ? fail(reader, begins, "what is given back is an argument, not `return`") : 0;
    if (!is_digit(*reader->at) || take_number(reader, PAIR_ARGUMENTS, &number) || !number)
        return fail(reader, begins, "a place is an argument from 1 to 6, or `return`");
    rule->place = (unsigned)number;
    return 0;
}

static int take_function(struct reader *reader, enum pair_effect effect, struct pair_rule *rule) {
    *rule = (struct pair_rule){.name = reader->at, .effect = effect, .place = effect == PAIR_CREATE ? PAIR_RETURN : 1};
    while (is_name(*reader->at))
        reader->at++;
    rule->name_bytes = (size_t)(reader->at - rule->name);
    if (!rule->name_bytes || is_digit(*rule->name))
        return fail(reader, rule->name, "the name of a function is missing");
    if (rule->name_bytes > PAIR_NAME_BYTES_MAX)
        return fail(reader, rule->name, "the name is too long");
    if (take_word(reader, "@") && take_place(reader, rule) != 0)
        return -EINVAL;
    rule->patch = take_word(reader, "/patch");
    return 0;
}

static int take_floating(struct reader *reader, struct pair_rule *sink) {
    const char *begins = reader->at;
    uint64_t bytes, offset, mask;
    int error = take_number(reader, 8, &bytes);
    if (!error && !take_word(reader, "@"))
        error = fail(reader, reader->at, "`@` and an offset are missing: BYTES@OFFSET&MASK");
    if (!error)
        error = take_number(reader, UINT32_MAX - 8, &offset);
    if (!error && !take_word(reader, "&"))
        error = fail(reader, reader->at, "`&` and a mask are missing: BYTES@OFFSET&MASK");
    if (!error)
        error = take_number(reader, UINT64_MAX, &mask);
    if (error)
        return error;
    if (!bytes || (bytes & (bytes - 1)))
        return fail(reader, begins, "bytes are 1, 2, 4 or 8");
    if (!mask || (bytes < 8 && mask >> (8 * bytes)))
        return fail(reader, begins, "the mask has no bit in so many bytes");
    sink->floating = (struct pair_floating){(uint8_t)bytes, (uint32_t)offset, mask};
    return 0;
}

/* ---- counts in memory ---- */

static int has_said(const struct pair_counted *counted) {
    return counted->count_bytes || counted->link_count || counted->has_entry || counted->exact;
}

static int take_size(struct reader *reader, struct pair_counted *counted) {
    const char *begins = reader->at;
    int error = take_number(reader, UINT32_MAX, &counted->size_bytes);
    return error || counted->size_bytes ? error : fail(reader, begins, "objects have one byte or more");
}

static int take_count(struct reader *reader, struct pair_counted *counted) {
    const char *begins = reader->at;
    uint64_t bytes, offset;
    int error = take_number(reader, 8, &bytes);
    if (!error && !take_word(reader, "@"))
        error = fail(reader, reader->at, "`@` and an offset are missing: BYTES@OFFSET");
    const char *place = reader->at;
    if (!error)
        error = take_number(reader, UINT32_MAX - 8, &offset);
    if (error)
        return error;
    if (!bytes || (bytes & (bytes - 1)))
        return fail(reader, begins, "bytes are 1, 2, 4 or 8");
    if (offset % bytes)
        return fail(reader, place, "a count stands at a multiple of its bytes");
    if (counted->size_bytes && offset + bytes > counted->size_bytes)
        return fail(reader, place, "that is beyond the object's end");
    counted->count_bytes = (uint8_t)bytes;
    counted->count_offset = (uint32_t)offset;
    return 0;
}

static int take_links(struct reader *reader, struct pair_counted *counted) {
    const char *begins = reader->at;
    uint64_t lo, hi;
    int error = take_number(reader, UINT32_MAX - 8, &lo);
    if (!error && !take_word(reader, "-"))
        error = fail(reader, reader->at, "`-` and where they end are missing: FROM-TO");
    if (!error)
        error = take_number(reader, UINT32_MAX - 8, &hi);
    if (error)
        return error;
    if (lo >= hi || lo % 8 || hi % 8)
        return fail(reader, begins, "links are from a multiple of 8 up to a larger one");
    if (counted->link_count == PAIR_LINKS_MAX)
        return fail(reader, begins, "more than four");
    counted->links[counted->link_count].lo = (uint32_t)lo;
    counted->links[counted->link_count++].hi = (uint32_t)hi;
    return 0;
}

static int take_entry(struct reader *reader, struct pair_counted *counted) {
    const char *begins = reader->at;
    uint64_t entry;
    int error = take_number(reader, PAIR_ENTRY_MAX, &entry);
    if (!error && entry % 8)
        error = fail(reader, begins, "an entry is a multiple of 8");
    counted->entry = (uint32_t)(error ? 0 : entry);
    counted->has_entry = 1;
    return error;
}

static int take_exact(struct reader *reader, struct pair_counted *counted) {
    (void)reader;
    counted->exact = 1;
    return 0;
}

/* Does a word that begins a rule about objects stand here? Its name may be that of a C++ class. */
static int begins_objects(struct reader *reader, struct pair_rule *rule, int *error) {
    static const struct {
        const char *word;
        enum pair_objects objects;
    } words[] = {{"made-by=", PAIR_MADE_BY}, {"type=", PAIR_OF_TYPE}, {"size=", PAIR_OF_SIZE}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!take_word(reader, words[i].word))
            continue;
        *rule = (struct pair_rule){.name = reader->at, .effect = PAIR_COUNTED, .counted.objects = words[i].objects};
        if (words[i].objects == PAIR_OF_SIZE)
            *error = take_size(reader, &rule->counted);
        else
            while (is_name(*reader->at) || (words[i].objects == PAIR_OF_TYPE && *reader->at == ':'))
                reader->at++;
        rule->name_bytes = (size_t)(reader->at - rule->name);
        if (!*error && (!rule->name_bytes || rule->name_bytes > PAIR_NAME_BYTES_MAX))
            *error = fail(reader, rule->name, rule->name_bytes ? "the name is too long" : "a name is missing");
        return 1;
    }
    return 0;
}

/* ---- words ---- */

/* A sink waits here for its `floating`, objects for what is known of them. */
struct waiting {
    pair_take_cb *take;
    void *context;
    struct pair_rule rule;
    int is_there;
};

static int hand_over(struct reader *reader, struct waiting *waiting) {
    const struct pair_rule *rule = &waiting->rule;
    int is_there = waiting->is_there;
    waiting->is_there = 0;
    if (is_there && rule->effect == PAIR_COUNTED && !has_said(&rule->counted))
        return fail(reader, rule->name, "`count`, `links`, `entry` or `exact` is missing behind it");
    return is_there ? waiting->take(waiting->context, rule) : 0;
}

static int hold(struct reader *reader, struct waiting *waiting, const struct pair_rule *rule) {
    int error = hand_over(reader, waiting);
    waiting->rule = *rule;
    waiting->is_there = 1;
    return error;
}

static int read_pair(struct reader *reader, struct waiting *waiting) {
    struct pair_rule ref, unref;
    int error = take_function(reader, PAIR_REF, &ref);
    if (error)
        return error;
    if (!take_word(reader, ":"))
        return fail(reader, reader->at, "`:` and the function that gives the reference back are missing");
    error = take_function(reader, PAIR_UNREF, &unref);
    if (!error)
        error = hold(reader, waiting, &ref);
    return error ? error : hold(reader, waiting, &unref);
}

/* What is known of the objects that wait. returns 0 when no such word stands here */
static int tells_of_objects(struct reader *reader, struct waiting *waiting, int *error) {
    static const struct {
        const char *word;
        int (*take)(struct reader *reader, struct pair_counted *counted);
    } words[] = {{"count=", take_count}, {"links=", take_links}, {"entry=", take_entry}, {"exact", take_exact}};
    struct pair_counted *counted = &waiting->rule.counted;
    const char *begins = reader->at;
    int waits = waiting->is_there && waiting->rule.effect == PAIR_COUNTED;
    if (waits && counted->objects != PAIR_OF_SIZE && !counted->size_bytes && !has_said(counted) &&
        take_word(reader, "size=")) {
        *error = take_size(reader, counted);
        return 1;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!take_word(reader, words[i].word))
            continue;
        if (words[i].take == take_exact && !is_end(*reader->at)) { /* the name of a function */
            reader->at = begins;
            return 0;
        }
        *error = waits ? words[i].take(reader, counted)
                       : fail(reader, begins, "`made-by`, `type` or `size` is missing before it");
        return 1;
    }
    return 0;
}

static int read_word(struct reader *reader, struct waiting *waiting) {
    static const struct {
        const char *word;
        enum pair_effect effect;
    } words[] = {{"ref=", PAIR_REF}, {"unref=", PAIR_UNREF}, {"sink=", PAIR_SINK}, {"create=", PAIR_CREATE}};
    const char *begins = reader->at;
    struct pair_rule rule;
    int wrong = 0;
    if (tells_of_objects(reader, waiting, &wrong))
        return wrong;
    if (begins_objects(reader, &rule, &wrong))
        return wrong ? wrong : hold(reader, waiting, &rule);
    if (take_word(reader, "floating=")) {
        if (!waiting->is_there || waiting->rule.effect != PAIR_SINK || waiting->rule.floating.bytes)
            return fail(reader, begins, "`floating` stands behind a sink");
        return take_floating(reader, &waiting->rule);
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (take_word(reader, words[i].word)) {
            int error = take_function(reader, words[i].effect, &rule);
            return error ? error : hold(reader, waiting, &rule);
        }
    return read_pair(reader, waiting);
}

static void locate(const struct reader *reader, struct pair_error *error) {
    *error = (struct pair_error){.line = 1, .column = 1, .what = reader->what};
    for (const char *at = reader->start; at < reader->wrong; at++) {
        error->column = *at == '\n' ? 1 : error->column + 1;
        error->line += *at == '\n';
    }
}

int pair_parse(const char *text, pair_take_cb *take, void *context, struct pair_error *error) {
    struct reader reader = {.start = text, .at = text};
    struct waiting waiting = {.take = take, .context = context};
    int result = 0;
    for (skip_blanks(&reader); !result && *reader.at; skip_blanks(&reader)) {
        result = read_word(&reader, &waiting);
        if (!result && !is_end(*reader.at))
            result = fail(&reader, reader.at, "not expected here");
    }
    if (!result)
        result = hand_over(&reader, &waiting);
    if (reader.what)
        locate(&reader, error);
    return result;
}
