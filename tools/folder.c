/* folder.c - made before the program starts, removed whatever happens.
 *
 * Start: folder_create(). */
#include "folder.h"

#include "message.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
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

const char **folder_recordings(struct pool *pool, const char *folder, size_t *count) {
    struct dirent **entries = NULL;
    int found = scandir(folder, &entries, is_recording, versionsort);
    *count = found > 0 ? (size_t)found : 0;
    const char **paths = pool_array(pool, *count, sizeof *paths);
    for (size_t i = 0; i < *count; i++) {
        paths[i] = pool_printf(pool, "%s/%s", folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return paths;
}

void folder_remove(const char *folder) {
    DIR *directory = opendir(folder);
    struct dirent *entry;
    while (directory && (entry = readdir(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory)
        closedir(directory);
    rmdir(folder);
}
