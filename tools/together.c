/* together.c - see the header.
 *
 * Never: trusts what lies there: a process may have been killed while it wrote.
 * Start: together_read(). */
#include "together.h"

#include "analysis/together.h"
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAITS_MAX = 1000, WAIT_US = 1000, NUMBERS_MAX = 1000 };

static const char beginning[] = "\n{\"record\":\"header\"", end[] = "\n{\"record\":\"end\"}\n";

/* ---- the file ---- */

/* Who adds to it now has found it in its place. One that was stopped there is not waited for. */
static int open_locked(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct flock all = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    for (int i = 0; file >= 0 && i < WAITS_MAX && fcntl(file, F_SETLK, &all) && (errno == EAGAIN || errno == EACCES);
         i++)
        usleep(WAIT_US);
    return file;
}

static struct piece read_all(struct pool *pool, int file) {
    struct stat status;
    struct piece all = {.bytes = 0};
    ssize_t got = 1;
    if (fstat(file, &status) || !S_ISREG(status.st_mode))
        return all;
    char *text = pool_alloc(pool, (size_t)status.st_size + 1);
    while (all.bytes < (size_t)status.st_size && got > 0) {
        got = read(file, text + all.bytes, (size_t)status.st_size - all.bytes);
        all.bytes += got > 0 ? (size_t)got : 0;
    }
    all.text = text;
    return all;
}

static const char *find(const char *from, const char *limit, const char *text) {
    return memmem(from, (size_t)(limit - from), text, strlen(text));
}

/* ---- which process's ---- */

static struct piece header_of(const struct piece *piece) {
    const char *line_end = memchr(piece->text, '\n', piece->bytes);
    return (struct piece){piece->text, (size_t)(line_end - piece->text)};
}

static const char *find_in(const struct piece *line, const char *text) {
    return find(line->text, line->text + line->bytes, text);
}

/* Quotes inside of a header's strings have a backslash before them. */
static bool is_of(const struct piece *piece, pid_t process) {
    struct piece header = header_of(piece);
    char text[80];
    snprintf(text, sizeof text, ",\"pid\":%d,\"ppid\":%d,", (int)process, (int)getpid());
    return find_in(&header, text) != NULL;
}

static bool has_equal(const struct piece *one, const struct piece *other, const char *key) {
    const char *a = find_in(one, key), *b = find_in(other, key);
    size_t bytes = a ? strcspn(a + 1, ",") + 1 : 0;
    return a && b && !strncmp(a, b, bytes + 1);
}

/* A process that left one before an exec goes on when that fails, and leaves another at its end. */
static bool is_stale(const struct piece *pieces, size_t at, size_t count) {
    struct piece header = header_of(&pieces[at]);
    if (!find_in(&header, ",\"replaced\":true,"))
        return false;
    for (size_t i = at + 1; i < count; i++) {
        struct piece later = header_of(&pieces[i]);
        if (has_equal(&header, &later, ",\"pid\":") && has_equal(&header, &later, ",\"start\":"))
            return true;
    }
    return false;
}

static size_t drop_stale(struct piece *pieces, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_stale(pieces, i, count))
            pieces[kept++] = pieces[i];
    return kept;
}

/* ---- all of them ---- */

struct piece *together_read(struct pool *pool, const char *folder, size_t *count) {
    struct piece *pieces = NULL;
    size_t capacity = 0;
    *count = 0;
    const char *path = pool_printf(pool, "%s/" TOGETHER_FILE, folder);
    int file = open_locked(path);
    if (file < 0)
        return NULL;
    struct piece all = read_all(pool, file);
    unlink(path); /* who was handed it sees so that nobody will read it any more */
    close(file);
    const char *limit = all.text + all.bytes, *next;
    for (const char *at = all.text ? find(all.text, limit, beginning) : NULL; at; at = next) {
        const char *text = at + 1;
        next = find(text, limit, beginning);
        const char *last = find(text, next ? next + 1 : limit, end);
        if (!last)
            continue;
        pieces = pool_grow(pool, pieces, *count, &capacity, sizeof *pieces);
        pieces[(*count)++] = (struct piece){text, (size_t)(last - text) + strlen(end)};
    }
    *count = drop_stale(pieces, *count);
    return pieces;
}

/* ---- files of their own ---- */

static int64_t process_of(const struct piece *piece) {
    struct piece line = header_of(piece);
    json_t *header = json_loadb(line.text, line.bytes, 0, NULL);
    int64_t pid = json_integer_value(json_object_get(header, "pid"));
    json_decref(header);
    return pid;
}

static FILE *create(struct pool *pool, const char *folder, int64_t pid) {
    FILE *file = NULL;
    errno = EEXIST;
    for (int number = 0; !file && errno == EEXIST && number < NUMBERS_MAX; number++)
        file = fopen(number ? pool_printf(pool, "%s/%" PRId64 ".%d.cast", folder, pid, number)
                            : pool_printf(pool, "%s/%" PRId64 ".cast", folder, pid),
                     "wxe");
    return file;
}

size_t together_part(struct pool *pool, const char *folder, struct piece *pieces, size_t count, pid_t process) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (process && !is_of(&pieces[i], process)) {
            pieces[kept++] = pieces[i];
            continue;
        }
        FILE *file = create(pool, folder, process_of(&pieces[i]));
        bool failed = !file || fwrite(pieces[i].text, pieces[i].bytes, 1, file) != 1;
        if (file)
            failed |= fclose(file) != 0;
        if (failed)
            message_error("%s: a recording was not kept: %s", folder, strerror(errno));
    }
    return kept;
}
