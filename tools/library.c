/* library.c - find libcastaway.so and have the loader load it first.
 *
 * Start: library_find(), library_environment(). */
#include "library.h"

#include "analysis/pools.h"
#include "message.h"
#include "symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY "libcastaway.so"

/* Beside the binary (a build folder), or where `make install` puts it. */
static const char *const places[] = {".", "../lib", "../lib/castaway"};

const char *library_find(struct pool *pool) {
    char self[4096];
    const char *given = getenv("CASTAWAY_LIBRARY");
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (given && *given) {
        char *path = realpath(given, NULL);
        const char *kept = path ? pool_strdup(pool, path) : NULL;
        free(path);
        if (!kept)
            message_error("CASTAWAY_LIBRARY: %s: %s", given, strerror(errno));
        return kept;
    }
    self[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *path = realpath(pool_printf(pool, "%s/%s/" LIBRARY, self, places[i]), NULL);
        const char *kept = path ? pool_strdup(pool, path) : NULL;
        free(path);
        if (kept)
            return kept;
    }
    message_error(LIBRARY " is not beside %s nor in ../lib of it; set CASTAWAY_LIBRARY to its path", self);
    return NULL;
}

/* The loader splits LD_PRELOAD at colons and blanks: a path with one of them gets a name in `folder` that has none. */
static const char *loadable(struct pool *pool, const char *library, const char *folder) {
    if (!strpbrk(library, ": \t"))
        return library;
    const char *link = pool_printf(pool, "%s/" LIBRARY, folder);
    if (strpbrk(link, ": \t")) {
        message_error("%s: the loader cannot take a path with a blank or colon; set TMPDIR to one without", link);
        return NULL;
    }
    if (!symlink(library, link))
        return link;
    message_error("%s: %s", link, strerror(errno));
    return NULL;
}

/* `list` without entries that are this library already, as when castaway runs under castaway. */
static const char *other_preloads(struct pool *pool, const char *list) {
    const char *kept = "";
    while (list && *list) {
        size_t length = strcspn(list, ": \t");
        const char *entry = pool_strndup(pool, list, length);
        if (length && strcmp(path_base(entry), LIBRARY) != 0)
            kept = pool_printf(pool, "%s:%s", kept, entry);
        list += length + (list[length] != '\0');
    }
    return kept;
}

/* Add those that the user has not set. Returns the names of those added, with commas between them. */
static const char *turn_pools_off(struct pool *pool, char **environment, size_t *kept) {
    const char *names = "";
    for (size_t i = 0; i < POOL_SWITCHES; i++) {
        if (getenv(pool_switches[i].name))
            continue;
        environment[(*kept)++] = pool_strdup(pool, pool_switches[i].setting);
        names = pool_printf(pool, "%s%s%s", names, *names ? "," : "", pool_switches[i].name);
    }
    return names;
}

/* "": not known */
static const char *own_mounts(struct pool *pool) {
    char name[64];
    ssize_t bytes = readlink("/proc/self/ns/mnt", name, sizeof name);
    return bytes > 0 && (size_t)bytes < sizeof name ? pool_strndup(pool, name, (size_t)bytes) : "";
}

char **library_environment(struct pool *pool, const char *library, const char *folder, const char *options,
                           bool keep_pools) {
    const char *path = loadable(pool, library, folder), *given = getenv("CASTAWAY_OPTIONS");
    size_t count = 0, kept = 0;
    if (!path)
        return NULL;
    while (environ[count])
        count++;
    char **environment = pool_array(pool, count + 3 + POOL_SWITCHES, sizeof *environment);
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "LD_PRELOAD=", 11) != 0 && strncmp(environ[i], "CASTAWAY_OPTIONS=", 17) != 0)
            environment[kept++] = environ[i];
    const char *pools = keep_pools ? "" : turn_pools_off(pool, environment, &kept);
    environment[kept++] = pool_printf(pool, "LD_PRELOAD=%s%s", path, other_preloads(pool, getenv("LD_PRELOAD")));
    environment[kept] =
        pool_printf(pool, "CASTAWAY_OPTIONS=%s%sdir='%s':owner=%d:mounts='%s':pools='%s'%s", given ? given : "",
                    given && *given ? ":" : "", folder, (int)getpid(), own_mounts(pool), pools, options);
    return environment;
}
