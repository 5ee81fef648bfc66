/* pattern.c - two ways to write a pattern, one matcher.
 *
 * Start: match(). */
#include "pattern.h"

#include <stddef.h>
#include <string.h>

struct pattern {
    const char *at, *end;
    bool from_start, to_end; /* held to the ends of the text */
    bool has_single;         /* `?` is any one byte */
};

static bool only_stars(const char *at, const char *end) {
    while (at < end && *at == '*')
        at++;
    return at == end;
}

/* When something does not fit, the text of the last `*` grows by one byte: earlier ones need not change. */
static bool match(const struct pattern *pattern, const char *text) {
    const char *at = pattern->at, *star = pattern->from_start ? NULL : at, *star_text = text;
    for (;;) {
        if (at == pattern->end && (!pattern->to_end || !*text))
            return true;
        if (!*text)
            return only_stars(at, pattern->end);
        if (at < pattern->end && *at == '*') {
            star = ++at;
            star_text = text;
        } else if (at < pattern->end && (*at == *text || (pattern->has_single && *at == '?'))) {
            at++;
            text++;
        } else if (star) {
            at = star;
            text = ++star_text;
        } else {
            return false;
        }
    }
}

bool pattern_matches_whole(const char *pattern, const char *text) {
    struct pattern whole = {
        .at = pattern, .end = pattern + strlen(pattern), .from_start = true, .to_end = true, .has_single = true};
    return match(&whole, text);
}

bool pattern_matches_part(const char *pattern, const char *text) {
    const char *dollar = strchr(pattern, '$');
    struct pattern part = {.at = pattern + (*pattern == '^'),
                           .end = dollar ? dollar : pattern + strlen(pattern),
                           .from_start = *pattern == '^',
                           .to_end = dollar != NULL};
    return *text && match(&part, text);
}
