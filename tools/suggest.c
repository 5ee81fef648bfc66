/* suggest.c - did you mean ...?
 *
 * Start: suggest(). */
#include "suggest.h"

#include <stdbool.h>
#include <string.h>

/* Levenshtein's distance, for names of up to 31 bytes. */
static size_t distance(const char *a, size_t a_length, const char *b) {
    size_t row[32], b_length = strlen(b);
    if (a_length > 31 || b_length > 31)
        return 32;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = change < least ? change : least;
        }
    }
    return row[b_length];
}

const char *suggest(const char *word, size_t length, const char *(*name)(size_t index)) {
    const char *best = NULL, *candidate;
    size_t best_distance = length / 3 + 2;
    for (size_t i = 0; (candidate = name(i)); i++) {
        bool starts = length >= 2 && !strncmp(candidate, word, length);
        size_t away = starts ? 0 : distance(word, length, candidate);
        if (away < best_distance) {
            best_distance = away;
            best = candidate;
        }
    }
    return best;
}
