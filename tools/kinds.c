/* kinds.c - `lost,cycle` and `definite,possible` are the same bits.
 *
 * Start: kinds_parse(). */
#include "kinds.h"

#include "report.h"

#include <string.h>

struct word {
    const char *word;
    unsigned kinds;
};

static const struct word castaway_words[] = {
#define X(name, word, key) {word, 1u << KIND_##name},
    KINDS(X)
#undef X
        {"all", KINDS_ALL},
    {"none", 0},
    {NULL, 0},
};
/* Memcheck calls everything definite to which no pointer leads, and everything indirect that hangs from it. */
static const struct word valgrind_words[] = {
    {"definite", 1u << KIND_LOST | 1u << KIND_CYCLE},
    {"indirect", 1u << KIND_LOST_INDIRECT},
    {"possible", 1u << KIND_POSSIBLE},
    {"reachable", 1u << KIND_REACHABLE},
    {"all", KINDS_ALL},
    {"none", 0},
    {NULL, 0},
};
static const struct {
    const struct word *words;
    const char *list;
} vocabularies[] = {
    [WORDS_CASTAWAY] = {castaway_words,
                        "lost, lost-indirect, cycle, possible, reachable, growing, dangling-weak, over-unref, "
                        "missing-unref, all, none"},
    [WORDS_VALGRIND] = {valgrind_words, "definite, indirect, possible, reachable, all, none"},
};

static const struct word *find(const struct word *words, const char *text, size_t length) {
    for (; words->word; words++)
        if (strlen(words->word) == length && !strncmp(words->word, text, length))
            return words;
    return NULL;
}

int kinds_parse(enum kind_words words, const char *text, size_t length, unsigned *kinds, const char **wrong,
                size_t *wrong_length) {
    const char *end = text + length;
    unsigned bits = 0;
    for (const char *word = text;; word++) {
        const char *comma = memchr(word, ',', (size_t)(end - word));
        size_t word_length = (size_t)((comma ? comma : end) - word);
        const struct word *found = find(vocabularies[words].words, word, word_length);
        if (!found) {
            *wrong = word;
            *wrong_length = word_length;
            return -1;
        }
        bits |= found->kinds;
        word += word_length;
        if (word == end)
            break;
    }
    *kinds = bits;
    return 0;
}

const char *kinds_list(enum kind_words words) {
    return vocabularies[words].list;
}
