/* launch.c - see the header.
 *
 * Owns:    nothing.
 * Never:   allocates: an exec may stand in a child that shares the program's memory.
 * Start:   launch_judge(). */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "init.h"
#include "proc.h"
#include "rights.h"
#include "sys.h"
#include "text.h"
#include "together.h"
#include "watchable.h"

#define OPEN_FILES "/proc/self/fd/"
#define OPEN_EXECUTABLE "/proc/self/exe"

/* ---- which file it is ---- */

typedef void file_cb(void *context, int folder, const char *path);

/* The first entry of PATH that has an executable file of that name, as execvp(3). */
static int found_in_path(const char *name, file_cb *visit, void *context) {
    const char *list = "/bin:/usr/bin";
    for (char **entry = environ; entry && *entry; entry++)
        if (strncmp(*entry, "PATH=", 5) == 0)
            list = *entry + 5;
    char path[strlen(list) + strlen(name) + 2];
    for (;; list++) {
        size_t bytes = strcspn(list, ":");
        char *end = text_append(path, list, bytes);
        text_append(bytes ? text_append(end, "/", 1) : end, name, strlen(name));
        if (sys(SYS_faccessat, AT_FDCWD, path, X_OK) == 0) {
            visit(context, AT_FDCWD, path);
            return 1;
        }
        list += bytes;
        if (!*list)
            return 0;
    }
}

/* returns whether there is one; visit gets it */
static int find(const struct launch *launch, file_cb *visit, void *context) {
    char open_file[sizeof OPEN_FILES + PROC_DECIMAL_BYTES];
    const char *path = launch->path;
    if (!path)
        return 0;
    if (launch->is_searched && *path && !strchr(path, '/'))
        return found_in_path(path, visit, context);
    if (!*path && launch->flags & AT_EMPTY_PATH) {
        proc_decimal(launch->folder, text_append(open_file, OPEN_FILES, strlen(OPEN_FILES)));
        path = open_file;
    }
    if (sys(SYS_faccessat, launch->folder, path, X_OK) != 0)
        return 0;
    visit(context, launch->folder, path);
    return 1;
}

static void nothing(void *context, int folder, const char *path) {
    (void)context;
    (void)folder;
    (void)path;
}
int launch_is_found(const struct launch *launch) {
    return find(launch, nothing, NULL);
}

/* ---- why it is not watched ---- */

struct judging {
    const char *library;
    struct unwatched_program *out;
};

/* An entry of the list is a line. */
static void name_clean(struct unwatched_program *out) {
    for (size_t i = 0; i < out->path_bytes; i++)
        if ((unsigned char)out->path[i] < ' ')
            out->path[i] = '?';
}

static void name(struct unwatched_program *out, const char *path) {
    int is_link = strncmp(path, OPEN_FILES, strlen(OPEN_FILES)) == 0 || strcmp(path, OPEN_EXECUTABLE) == 0;
    long bytes = is_link ? sys(SYS_readlinkat, AT_FDCWD, path, out->path, sizeof out->path) : -1;
    if (sys_failed(bytes))
        text_append(out->path, path, (size_t)(bytes = (long)strnlen(path, sizeof out->path - 1)));
    out->path_bytes = (size_t)bytes;
    name_clean(out);
}

static void judge(void *context, int folder, const char *path) {
    const struct judging *judging = context;
    struct unwatched_program *out = judging->out;
    out->why = watchable_judge(folder, path);
    if (out->why == WATCHED && sys(SYS_faccessat, AT_FDCWD, judging->library, R_OK) != 0)
        out->why = UNWATCHED_OUT_OF_REACH;
    name(out, path);
}

enum unwatched launch_judge(const struct launch *launch, const char *library, struct unwatched_program *out) {
    struct judging judging = {library, out};
    out->why = WATCHED;
    find(launch, judge, &judging);
    return out->why;
}

enum unwatched launch_refuse(const struct launch *launch, enum unwatched why, struct unwatched_program *out) {
    out->why = why;
    out->path_bytes = launch->path ? strnlen(launch->path, sizeof out->path) : 0;
    if (out->path_bytes)
        memcpy(out->path, launch->path, out->path_bytes);
    name_clean(out);
    return why;
}

/* ---- the list ---- */

static int list_open(void) {
    char folder[OPTION_BYTES_MAX + 32];
    int file = -ENOENT;
    for (int which = 0; which < RIGHTS_PLACES && file < 0; which++) {
        int at = rights_place(which, process.options.dir, folder, sizeof folder - sizeof "/" UNWATCHED_LIST);
        if (at == RIGHTS_NO_PLACE)
            continue;
        text_append(folder + strlen(folder), "/" UNWATCHED_LIST, sizeof UNWATCHED_LIST);
        /* not to wait for the reader of a pipe that somebody put there */
        file =
            (int)sys(SYS_openat, at, folder, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    }
    return file;
}

void launch_list(const struct unwatched_program *program, int pid, int undo) {
    static const char *const words[] = {
#define X(name, word, text) word,
        UNWATCHED(X)
#undef X
    };
    char line[sizeof program->path + 64], digits[PROC_DECIMAL_BYTES] = "", *end = line;
    int file = list_open();
    if (undo)
        *end++ = UNWATCHED_UNDO;
    end = text_append(end, words[program->why], strlen(words[program->why]));
    end = text_append(end, " ", 1);
    end = text_append(end, digits, proc_decimal(pid, digits));
    end = text_append(end, " ", 1);
    end = text_append(end, program->path, program->path_bytes);
    *end++ = '\n';
    if (file < 0) {
        together_add_line(line, (size_t)(end - line));
        return;
    }
    sys(SYS_write, file, line, end - line);
    sys(SYS_close, file);
}

void launch_list_self(enum unwatched why) {
    struct unwatched_program program = {.why = why};
    if (!process.options.dir[0])
        return;
    name(&program, OPEN_EXECUTABLE);
    launch_list(&program, (int)sys(SYS_getpid, 0), 0);
}
