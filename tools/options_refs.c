/* options_refs.c - which functions count references: read here, so that mistakes are told before the program starts; the
 * library reads them again.
 *
 * Start: set_refs(), set_profile(). The language: analysis/pair.h. */
#include "options_refs.h"

#include "library.h"
#include "message.h"
#include "options_live.h"

#include "analysis/pair.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_BYTES_MAX = 4000 /* that the library keeps of all mentions */, PROFILE_BYTES_MAX = (1 << 20) - 1 };

/* Beside the library: in a build folder, and where `make install` puts them. */
static const char *const places[] = {"profiles", "../share/castaway/profiles", "../../share/castaway/profiles"};

static int take_nothing(void *context, const struct pair_rule *rule) {
    (void)context, (void)rule;
    return 0;
}

/* The library takes values between quotes, and a list of them with commas. */
static int hand_on(struct options *options, const char *key, const char *value, const char *spelling) {
    char quote = strchr(value, '\'') ? '"' : '\'';
    if (strchr(value, quote))
        return option_bad_value(spelling, value, "a name without both kinds of quotes");
    if (strlen(value) > VALUE_BYTES_MAX)
        return option_bad_value(spelling, value, "short enough (4000 bytes): put it into a file for --profile");
    return option_hand_on(options, key, pool_printf(options->pool, "%c%s%c", quote, value, quote));
}

int set_refs(struct options *options, const char *value, const char *spelling) {
    struct pair_error error;
    if (pair_parse(value, take_nothing, NULL, &error)) {
        message_error("%s: column %u: %s", spelling, error.column, error.what);
        return -1;
    }
    return hand_on(options, "refs", value, spelling);
}

/* ---- profiles ---- */

/* The folder of the profiles that come with castaway, NULL: none. */
static const char *profile_folder(struct pool *pool) {
    const char *library = library_find(pool);
    const char *slash = library ? strrchr(library, '/') : NULL;
    for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
        const char *folder = pool_printf(pool, "%.*s/%s", (int)(slash - library), library, places[i]);
        DIR *open = opendir(folder);
        if (open) {
            closedir(open);
            return folder;
        }
    }
    return NULL;
}

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static const char *profile_names(struct pool *pool, const char *folder) {
    struct dirent **entries;
    const char *names = "";
    int count = folder ? scandir(folder, &entries, is_visible, alphasort) : -1;
    for (int i = 0; i < count; i++) {
        names = pool_printf(pool, "%s%s%s", names, i ? ", " : "", entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return names;
}

/* The whole path of a file, NULL: there is none. */
static const char *whole_path(struct pool *pool, const char *path) {
    char *real = realpath(path, NULL);
    const char *kept = real ? pool_strdup(pool, real) : NULL;
    free(real);
    return kept;
}

/* A name of ours comes before a file of the same name here: a folder `glib` is not rare. */
static const char *profile_find(struct options *options, const char *value, const char *spelling) {
    struct pool *pool = options->pool;
    const char *folder = strchr(value, '/') ? NULL : profile_folder(pool);
    const char *path = folder && *value ? whole_path(pool, pool_printf(pool, "%s/%s", folder, value)) : NULL;
    if (!path)
        path = whole_path(pool, value);
    if (!path && folder)
        message_error("%s: `%s` is no file and no profile; profiles are %s", spelling, value,
                      profile_names(pool, folder));
    else if (!path)
        message_error("%s: %s: %s", spelling, value, strerror(errno));
    return path;
}

/* Its text, with a NUL; NULL after a message. */
static const char *profile_read(struct pool *pool, const char *path) {
    FILE *file = fopen(path, "re");
    if (!file) {
        message_error("%s: %s", path, strerror(errno));
        return NULL;
    }
    char *text = pool_alloc(pool, PROFILE_BYTES_MAX + 1);
    size_t bytes = fread(text, 1, PROFILE_BYTES_MAX, file);
    int failed = ferror(file) ? errno : 0, has_nul = memchr(text, '\0', bytes) != NULL, is_whole = fgetc(file) == EOF;
    fclose(file);
    if (failed)
        message_error("%s: %s", path, strerror(failed));
    else if (has_nul)
        message_error("%s: not a text", path);
    else if (!is_whole)
        message_error("%s: larger than 1 MiB", path);
    return failed || has_nul || !is_whole ? NULL : text;
}

int set_profile(struct options *options, const char *value, const char *spelling) {
    struct pair_error error;
    const char *path = profile_find(options, value, spelling);
    const char *text = path ? profile_read(options->pool, path) : NULL;
    if (!text)
        return -1;
    if (pair_parse(text, take_nothing, NULL, &error)) {
        message_error("%s:%u:%u: %s", path, error.line, error.column, error.what);
        return -1;
    }
    if (strchr(path, ','))
        return option_bad_value(spelling, path, "a path without commas");
    return hand_on(options, "profile", path, spelling);
}
