/* suppress_parse.c - suppressions as text, in the formats of LeakSanitizer and of Valgrind, told apart by themselves.
 *
 * `leak:PATTERN` is a line, `{` alone begins a block of Valgrind's; a file may hold both. What the two tools have no
 * words for stands in a comment, so that they can go on reading the file:
 *   # castaway: max=10 expires=2027-06-30 kinds=cycle reason=to the end of the line
 * It belongs to the suppression that follows, or to the block that it stands in.
 *
 * Never: prints; errors are given back with their place.
 * Start: suppress_parse(). */
#include "suppress.h"

#include "kinds.h"

#include <string.h>
#include <time.h>

struct text {
    const char *at, *end;
};
struct parser {
    struct suppressions *into;
    struct suppress_error *error;
    const char *rest, *end; /* what was not read yet */
    struct text line;       /* without blanks around it */
    const char *line_start;
    size_t number;
    struct suppression next; /* what comments said of the suppression to come */
    size_t comment_number;   /* where; 0: nothing is waiting */
};

static int fail_at(struct parser *parser, size_t line, const char *at, const char *what) {
    parser->error->line = line;
    parser->error->column = at ? (size_t)(at - parser->line_start) + 1 : 1;
    parser->error->what = what;
    return -1;
}

static int fail(struct parser *parser, const char *at, const char *what) {
    return fail_at(parser, parser->number, at, what);
}

/* ---- words ---- */

static size_t length_of(struct text text) {
    return (size_t)(text.end - text.at);
}

static bool equals(struct text text, const char *word) {
    return strlen(word) == length_of(text) && !strncmp(text.at, word, length_of(text));
}

/* Take `prefix` off. */
static bool takes(struct text *text, const char *prefix) {
    size_t length = strlen(prefix);
    if (length_of(*text) < length || strncmp(text->at, prefix, length) != 0)
        return false;
    text->at += length;
    return true;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static struct text trimmed(struct text text) {
    while (text.at < text.end && is_blank(*text.at))
        text.at++;
    while (text.end > text.at && is_blank(text.end[-1]))
        text.end--;
    return text;
}

static char *copy(struct parser *parser, struct text text) {
    return pool_strndup(parser->into->pool, text.at, length_of(text));
}

/* Digits only; false if there are others, or too many. */
static bool number_of(struct text text, uint64_t *number) {
    bool is_number = text.at < text.end && length_of(text) <= 18;
    *number = 0;
    for (; is_number && text.at < text.end; text.at++) {
        is_number = *text.at >= '0' && *text.at <= '9';
        *number = *number * 10 + (uint64_t)(*text.at - '0');
    }
    return is_number;
}

/* ---- # castaway: ---- */

static int set_max(struct parser *parser, struct text value) {
    if (number_of(value, &parser->next.objects_max))
        return 0;
    return fail(parser, value.at, "max= needs a number of objects");
}

/* YYYY-MM-DD, of the calendar. */
static bool is_date(const char *text) {
    struct tm date = {0};
    const char *end = strptime(text, "%Y-%m-%d", &date);
    if (!end || *end || strlen(text) != 10)
        return false;
    struct tm same = date;
    return timegm(&same) != -1 && same.tm_mday == date.tm_mday && same.tm_mon == date.tm_mon;
}

static int set_expires(struct parser *parser, struct text value) {
    parser->next.expires = copy(parser, value);
    return is_date(parser->next.expires) ? 0 : fail(parser, value.at, "expires= needs a date like 2027-06-30");
}

static int set_kinds(struct parser *parser, struct text value) {
    const char *wrong;
    size_t wrong_length;
    if (!kinds_parse(WORDS_CASTAWAY, value.at, length_of(value), &parser->next.kinds, &wrong, &wrong_length))
        return 0;
    return fail(parser, wrong,
                "kinds= needs some of lost, lost-indirect, cycle, possible, reachable, growing, dangling-weak, "
                "over-unref, missing-unref, all, none");
}

static int set_reason(struct parser *parser, struct text value) {
    parser->next.reason = copy(parser, value);
    return 0;
}

static const struct {
    const char *key;
    int (*set)(struct parser *, struct text value);
    bool to_end_of_line;
} settings[] = {
    {"max=", set_max, false},
    {"expires=", set_expires, false},
    {"kinds=", set_kinds, false},
    {"reason=", set_reason, true},
};

static int setting(struct parser *parser, struct text *comment) {
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (!takes(comment, settings[i].key))
            continue;
        struct text value = *comment;
        if (!settings[i].to_end_of_line)
            for (value.end = value.at; value.end < comment->end && !is_blank(*value.end);)
                value.end++;
        comment->at = value.end;
        return settings[i].set(parser, value);
    }
    return fail(parser, comment->at, "after `# castaway:` stand max=, expires=, kinds= and reason=");
}

/* The line is a comment. Those that are not ours say nothing to us. */
static int comment_line(struct parser *parser) {
    struct text comment = parser->line;
    takes(&comment, "#");
    comment = trimmed(comment);
    if (!takes(&comment, "castaway:"))
        return 0;
    parser->comment_number = parser->number;
    for (comment = trimmed(comment); comment.at < comment.end; comment = trimmed(comment))
        if (setting(parser, &comment))
            return -1;
    return 0;
}

/* ---- lines ---- */

/* To the next line that is not empty and no comment. 1: there is one, 0: the text has ended, -1: error. */
static int next_line(struct parser *parser) {
    while (parser->rest < parser->end) {
        const char *start = parser->rest, *newline = memchr(start, '\n', (size_t)(parser->end - start));
        parser->rest = newline ? newline + 1 : parser->end;
        parser->line_start = start;
        parser->line = trimmed((struct text){start, newline ? newline : parser->end});
        parser->number++;
        const char *nul = memchr(parser->line.at, '\0', length_of(parser->line));
        if (nul)
            return fail(parser, nul, "a byte of zero: not a text");
        if (parser->line.at == parser->line.end)
            continue;
        if (*parser->line.at != '#')
            return 1;
        if (comment_line(parser))
            return -1;
    }
    return 0;
}

/* ---- suppressions ---- */

static void clear_next(struct parser *parser) {
    parser->next = (struct suppression){.kinds = KINDS_ALL, .objects_max = UINT64_MAX};
    parser->comment_number = 0;
}

/* `parsed` and what the comments said. */
static void add(struct parser *parser, struct suppression parsed) {
    struct suppressions *into = parser->into;
    parsed.reason = parser->next.reason;
    parsed.expires = parser->next.expires;
    parsed.objects_max = parser->next.objects_max;
    parsed.kinds &= parser->next.kinds;
    into->list = pool_grow(into->pool, into->list, into->count, &into->capacity, sizeof parsed);
    into->list[into->count++] = parsed;
    clear_next(parser);
}

static int leak_line(struct parser *parser, struct suppression suppression) {
    struct text pattern = parser->line;
    if (!takes(&pattern, "leak:"))
        return fail(parser, parser->line.at, "neither `leak:PATTERN` nor the `{` of a block");
    if (pattern.at == pattern.end)
        return fail(parser, pattern.at, "the pattern is missing (`leak:*` matches everything)");
    suppression.name = copy(parser, pattern);
    add(parser, suppression);
    return 0;
}

/* ---- blocks ---- */

/* The next line of a block that began at line `number`: there must be one. */
static int block_line(struct parser *parser, size_t number) {
    int result = next_line(parser);
    if (result > 0)
        return 0;
    return result ? -1 : fail_at(parser, number, NULL, "the block has no end: `}` is missing");
}

/* A kind that Memcheck does not have is a slip of the pen, which would hide nothing for ever. */
static bool is_of_memcheck(struct text kind) {
    static const char *const kinds[] = {
        "Addr1",   "Addr2",  "Addr4",   "Addr8",      "Addr16", "Addr32",      "Value0",   "Value1",  "Value2",
        "Value4",  "Value8", "Value16", "Value32",    "Cond",   "Param",       "CoreMem",  "Free",    "Leak",
        "Overlap", "Jump",   "Mempool", "FishyValue", "User",   "ReallocZero", "BadAlign", "BadSize", "SizeMismatch"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (equals(kind, kinds[i]))
            return true;
    return false;
}

/* TOOL,TOOL:KIND. */
static int is_leak_of_memcheck(struct parser *parser, bool *is_ours) {
    struct text tools = parser->line;
    const char *colon = memchr(tools.at, ':', length_of(tools));
    if (!colon)
        return fail(parser, tools.at, "the second line of a block is TOOL:KIND, as `Memcheck:Leak`");
    *is_ours = false;
    for (struct text tool = {tools.at, tools.at}; tool.at < colon; tool.at = tool.end + 1) {
        for (tool.end = tool.at; *tool.end != ',' && tool.end < colon;)
            tool.end++;
        *is_ours |= equals(tool, "Memcheck");
    }
    struct text kind = {colon + 1, tools.end};
    if (*is_ours && !is_of_memcheck(kind))
        return fail(parser, kind.at, "Memcheck has no such kind; that of leaks is `Leak`");
    *is_ours &= equals(kind, "Leak");
    return 0;
}

static int leak_kinds(struct parser *parser, struct text words, unsigned *kinds) {
    const char *wrong;
    size_t wrong_length;
    words = trimmed(words);
    if (!kinds_parse(WORDS_VALGRIND, words.at, length_of(words), kinds, &wrong, &wrong_length))
        return 0;
    return fail(parser, wrong, "a kind is one of definite, indirect, possible, reachable, all, none");
}

/* src:FILE or src:FILE:LINE. */
static struct suppression_frame source_frame(struct parser *parser, struct text place) {
    const char *colon = memrchr(place.at, ':', length_of(place));
    struct suppression_frame frame = {.what = FRAME_SOURCE};
    uint64_t line;
    if (colon && number_of((struct text){colon + 1, place.end}, &line) && line <= INT32_MAX) {
        frame.line = (int)line;
        place.end = colon;
    }
    frame.pattern = copy(parser, place);
    return frame;
}

static int frame_of(struct parser *parser, struct suppression_frame *frame) {
    struct text line = parser->line;
    if (equals(line, "..."))
        *frame = (struct suppression_frame){.what = FRAME_ANY_NUMBER};
    else if (takes(&line, "fun:"))
        *frame = (struct suppression_frame){.what = FRAME_FUNCTION, .pattern = copy(parser, line)};
    else if (takes(&line, "obj:"))
        *frame = (struct suppression_frame){.what = FRAME_OBJECT, .pattern = copy(parser, line)};
    else if (takes(&line, "src:"))
        *frame = source_frame(parser, line);
    else
        return fail(parser, line.at, "a place is fun:FUNCTION, obj:FILE, src:FILE:LINE or `...`");
    return 0;
}

static int block_frames(struct parser *parser, size_t number, struct suppression *suppression) {
    bool names_a_place = false;
    size_t capacity = 0;
    while (!equals(parser->line, "}")) {
        if (suppression->frame_count == SUPPRESSION_FRAMES_MAX)
            return fail(parser, parser->line.at, "more than 500 places");
        suppression->frames = pool_grow(parser->into->pool, suppression->frames, suppression->frame_count, &capacity,
                                        sizeof *suppression->frames);
        struct suppression_frame *frame = &suppression->frames[suppression->frame_count++];
        if (frame_of(parser, frame) || block_line(parser, number))
            return -1;
        names_a_place |= frame->what != FRAME_ANY_NUMBER;
    }
    return names_a_place ? 0 : fail(parser, parser->line.at, "the block names no place, or only `...`");
}

static int block(struct parser *parser, struct suppression suppression) {
    size_t number = parser->number;
    bool is_ours = false;
    if (block_line(parser, number))
        return -1;
    if (equals(parser->line, "}"))
        return fail(parser, parser->line.at, "the first line of a block is its name");
    suppression.name = copy(parser, parser->line);
    if (block_line(parser, number) || is_leak_of_memcheck(parser, &is_ours) || block_line(parser, number))
        return -1;
    if (!is_ours) {
        while (!equals(parser->line, "}"))
            if (block_line(parser, number))
                return -1;
        clear_next(parser);
        return 0;
    }
    struct text words = parser->line;
    if (takes(&words, "match-leak-kinds:") &&
        (leak_kinds(parser, words, &suppression.kinds) || block_line(parser, number)))
        return -1;
    if (block_frames(parser, number, &suppression))
        return -1;
    add(parser, suppression);
    return 0;
}

int suppress_parse(struct suppressions *into, const char *file, const char *text, size_t length,
                   struct suppress_error *error) {
    struct parser parser = {.into = into, .error = error, .rest = text, .end = text + length, .line_start = text};
    int result;
    clear_next(&parser);
    while ((result = next_line(&parser)) > 0) {
        struct suppression suppression = {.file = file, .line = parser.number, .kinds = KINDS_ALL};
        if (equals(parser.line, "{") ? block(&parser, suppression) : leak_line(&parser, suppression))
            return -1;
    }
    if (!result && parser.comment_number)
        return fail_at(&parser, parser.comment_number, NULL, "no suppression follows this comment");
    return result;
}
