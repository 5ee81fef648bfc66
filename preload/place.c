/* place.c - see the header.
 *
 * Owns:    where the unfinished recording was created.
 * Never:   follows a link that somebody put in the folder, leaves half a recording.
 * Start:   place_open(), then place_commit(). */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "proc.h"
#include "rights.h"
#include "sys.h"
#include "text.h"
#include "write.h"

enum { NUMBERS_MAX = 1000, COPY_BYTES = 8192 };

/* Where the unfinished recording was created, which is where it takes its place: one of rights_place(). */
static int place_at = AT_FDCWD;
static char place_folder[OPTION_BYTES_MAX + 32];

static int create(int at, const char *path, int flags) {
    return (int)sys(SYS_openat, at, path, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);
}

/* In a folder where others may make files: what is there may be another user's, to be read by them, or a pipe. One that we
 * left when we were interrupted can be taken away. */
static int create_own(int at, const char *path) {
    int file = create(at, path, O_EXCL);
    if (file != -EEXIST || sys(SYS_unlinkat, at, path, 0) != 0)
        return file;
    return create(at, path, O_EXCL);
}

/* A link or a pipe that the recording of a live scan must not take the place of: that of the end is written into it. */
static int is_special(const char *path) {
    struct stat status = {0};
    return sys(SYS_newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode);
}

static void name_pattern(struct text *path, const char *pattern, int pid) {
    for (; *pattern; pattern++)
        if (pattern[0] == '%' && pattern[1] == 'p') {
            text_add_number(path, pid);
            pattern++;
        } else
            text_add(path, pattern, 1);
}

static void name_final(struct text *path, const struct options *options, int pid, int number) {
    path->fill = 0;
    if (!options->dir[0]) {
        name_pattern(path, options->output, pid);
        return;
    }
    text_add(path, place_folder, strlen(place_folder));
    text_add(path, "/", 1);
    text_add_number(path, pid);
    if (number > 0) {
        text_add(path, ".", 1);
        text_add_number(path, number);
    }
    text_add(path, ".cast", 5);
}

static void name_unfinished(struct text *path, const struct options *options, int pid) {
    path->fill = 0;
    if (options->dir[0]) {
        text_add(path, place_folder, strlen(place_folder));
        text_add(path, "/.", 2);
        text_add_number(path, pid);
    } else
        name_pattern(path, options->output, pid);
    text_add(path, ".unfinished", 11);
}

static int open_output(const struct options *options, int pid) {
    struct text path;
    name_final(&path, options, pid, 0);
    if (!options->output[0] || is_special(path.bytes))
        return -ENOENT;
    name_unfinished(&path, options, pid);
    return create(AT_FDCWD, path.bytes, O_TRUNC | O_NOFOLLOW);
}

int place_open(const struct options *options, int pid) {
    struct text path;
    int file = -ENOENT, error = 0;
    place_at = AT_FDCWD;
    if (!options->dir[0])
        return open_output(options, pid);
    for (int which = 0; which < RIGHTS_PLACES && file < 0; which++) {
        place_at = rights_place(which, options->dir, place_folder, sizeof place_folder);
        if (place_at == RIGHTS_NO_PLACE)
            continue;
        name_unfinished(&path, options, pid);
        file = create_own(place_at, path.bytes);
        error = error ? error : file;
    }
    return file < 0 ? error : file; /* the first one tells whether the folder is gone */
}

/* Names that another process took are left alone; without a folder the name is the user's own choice. */
static int move(const struct options *options, int pid, const char *from, int *number) {
    struct text to;
    int taken = *number != PLACE_NONE || !options->dir[0];
    for (int n = taken ? *number : 0; n < NUMBERS_MAX; n++) {
        name_final(&to, options, pid, n);
        long error = sys(SYS_renameat2, place_at, from, place_at, to.bytes, taken ? 0 : RENAME_NOREPLACE);
        if (error == -EINVAL && !taken) { /* a file system that can't tell: look first */
            error = sys(SYS_faccessat, place_at, to.bytes, 0) == 0
                        ? -EEXIST
                        : sys(SYS_renameat, place_at, from, place_at, to.bytes);
        }
        if (error == -EEXIST && !taken)
            continue;
        if (!sys_failed(error))
            *number = n;
        return (int)error;
    }
    return -EEXIST;
}

int place_commit(const struct options *options, int pid, int *number) {
    struct text from;
    name_unfinished(&from, options, pid);
    int error = move(options, pid, from.bytes, number);
    if (error)
        sys(SYS_unlinkat, place_at, from.bytes, 0);
    return error;
}

int place_copy(int from, int to) {
    char buffer[COPY_BYTES];
    long got;
    sys(SYS_lseek, from, 0, SEEK_SET);
    while ((got = sys(SYS_read, from, buffer, sizeof buffer)) > 0) {
        int error = write_bytes(to, buffer, (size_t)got);
        if (error)
            return error;
    }
    return (int)got;
}

void place_drop(const struct options *options, int pid) {
    struct text from;
    name_unfinished(&from, options, pid);
    sys(SYS_unlinkat, place_at, from.bytes, 0);
}

void place_hand_over(const struct options *options, int pid, int number, int at, const char *folder, uid_t user) {
    struct text from, to = {.fill = 0};
    if (number == PLACE_NONE)
        return;
    if (!place_folder[0]) /* only snapshot children have written so far */
        memcpy(place_folder, options->dir, strlen(options->dir) + 1);
    name_final(&from, options, pid, number);
    const char *base = strrchr(from.bytes, '/');
    text_add(&to, folder, strlen(folder));
    text_add(&to, base, strlen(base));
    if (sys(SYS_renameat2, place_at, from.bytes, at, to.bytes, RENAME_NOREPLACE) == 0 &&
        sys(SYS_fchownat, at, to.bytes, user, (gid_t)-1, AT_SYMLINK_NOFOLLOW) != 0)
        sys(SYS_unlinkat, at, to.bytes, 0); /* that user could not put the next one in its place */
}

/* The folder's parent is everybody's as a rule: no file that is there already is touched. */
static int open_beside_folder(const struct options *options, int pid) {
    const char *slash = strrchr(options->dir, '/'), *base = strrchr(options->left_output, '/');
    struct text path = {.fill = 0};
    if (!slash || !base)
        return -ENOENT;
    text_add(&path, options->dir, (size_t)(slash - options->dir));
    name_pattern(&path, base, pid);
    return create(AT_FDCWD, path.bytes, O_EXCL | O_NOFOLLOW);
}

int place_open_left(const struct options *options, int pid) {
    struct text path = {.fill = 0};
    if (!options->left_output[0])
        return -ENOENT;
    name_pattern(&path, options->left_output, pid);
    int file = create(AT_FDCWD, path.bytes, O_TRUNC | O_NOFOLLOW);
    return file < 0 ? open_beside_folder(options, pid) : file;
}

int place_open_without_tool(const struct options *options, int pid) {
    struct text path = {.fill = 0};
    name_pattern(&path, options->output[0] ? options->output : "castaway.%p.cast", pid);
    return create(AT_FDCWD, path.bytes, O_TRUNC);
}
