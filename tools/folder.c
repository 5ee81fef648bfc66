/* folder.c - made before the program starts, removed whatever happens.
 *
 * Start: folder_create(). */
#include "folder.h"

#include "analysis/together.h"
#include "analysis/unwatched.h"
#include "message.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *folder_create(struct pool *pool) {
    const char *parent = secure_getenv("TMPDIR");
    /* The name goes into CASTAWAY_OPTIONS in quotes, and must mean the same after the program has changed directory. */
    if (!parent || *parent != '/' || strpbrk(parent, "'\""))
        parent = "/tmp";
    char *folder = pool_printf(pool, "%s/castaway-XXXXXX", parent);
    if (mkdtemp(folder))
        return folder;
    message_error("%s: cannot make a folder for recordings: %s; set TMPDIR to one that is writable", parent,
                  strerror(errno));
    return NULL;
}

static int is_recording(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return length > 5 && !strcmp(entry->d_name + length - 5, ".cast");
}

static int is_list(const struct dirent *entry) {
    return !strcmp(entry->d_name, UNWATCHED_LIST) || !strcmp(entry->d_name, TOGETHER_FILE);
}

/* A program that became another user has its recordings in a folder of that user's (preload/rights.c). */
static int is_of_user(const struct dirent *entry) {
    const char *name = entry->d_name;
    return name[0] == 'u' && name[1] && !name[1 + strspn(name + 1, "0123456789")];
}

struct paths {
    struct pool *pool;
    const char **path;
    size_t count, capacity;
};

/* A program that gave up its rights may put a pipe there: to open that is to wait for ever. */
static bool waits(const char *path) {
    struct stat status;
    return !stat(path, &status) && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

static void add_path(struct paths *paths, const char *path) {
    paths->path = pool_grow(paths->pool, paths->path, paths->count, &paths->capacity, sizeof *paths->path);
    paths->path[paths->count++] = path;
}

/* A user's folder may be open to a group: what the others of it put there, or links, is not of a program of ours. */
static bool is_theirs(const char *path, const char *folder) {
    struct stat file, holder;
    unsigned long user = strtoul(strrchr(folder, '/') + 2, NULL, 10);
    return !lstat(path, &file) && S_ISREG(file.st_mode) && !stat(folder, &holder) &&
           (file.st_uid == user || file.st_uid == holder.st_uid || file.st_uid == geteuid());
}

/* Names in `folder` that `is_wanted`, added to `paths`; those of users' folders to `users`, unless that is NULL: then it is
 * one of these. */
static void add_names(struct paths *paths, struct paths *users, const char *folder,
                      int (*is_wanted)(const struct dirent *)) {
    struct dirent **entries = NULL;
    int found = scandir(folder, &entries, NULL, versionsort);
    for (int i = 0; i < found; i++) {
        const char *path = pool_printf(paths->pool, "%s/%s", folder, entries[i]->d_name);
        if (is_wanted(entries[i]) && (users ? !waits(path) : is_theirs(path, folder)))
            add_path(paths, path);
        else if (users && is_of_user(entries[i]) && !waits(path))
            add_path(users, path);
        free(entries[i]);
    }
    free(entries);
}

/* Names in `folder`, and in those of users in it. */
static const char **names_in(struct pool *pool, const char *folder, int (*is_wanted)(const struct dirent *),
                             size_t *count) {
    struct paths users = {.pool = pool}, names = {.pool = pool};
    add_names(&names, &users, folder, is_wanted);
    for (size_t i = 0; i < users.count; i++)
        add_names(&names, NULL, users.path[i], is_wanted);
    *count = names.count;
    return names.path;
}

const char **folder_recordings(struct pool *pool, const char *folder, size_t *count) {
    return names_in(pool, folder, is_recording, count);
}

const char **folder_lists(struct pool *pool, const char *folder, size_t *count) {
    return names_in(pool, folder, is_list, count);
}

const char *folder_close(struct pool *pool, const char *folder) {
    const char *closed = pool_printf(pool, "%s-closed", folder);
    return rename(folder, closed) ? folder : closed;
}

static void remove_all(const char *folder, int depth) {
    DIR *directory = opendir(folder);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        char path[4096 + 256];
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (!unlinkat(dirfd(directory), entry->d_name, 0) || depth == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        remove_all(path, depth - 1);
    }
    if (directory)
        closedir(directory);
    rmdir(folder);
}

void folder_remove(const char *folder) {
    remove_all(folder, 1);
}
