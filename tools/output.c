/* output.c - nothing is written before all is known to be writable, and no write error passes unseen.
 *
 * Start: output_check(), output_report(). */
#include "output.h"

#include "escape.h"
#include "hash.h"
#include "message.h"
#include "pager.h"
#include "question.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names ---- */

static const char *host_name(struct pool *pool) {
    char name[256] = "";
    if (gethostname(name, sizeof name - 1))
        return "localhost";
    return pool_strdup(pool, name);
}

/* The text that the letter at `*at` stands for; moves `*at` to its last byte. NULL: not known, or the variable `*unset`
 * is not set. */
static const char *expansion(struct pool *pool, const char **at, const char *process, const char **unset) {
    const char *close;
    switch (**at) {
    case 'p':
        return process;
    case 'h':
        return host_name(pool);
    case '%':
        return "%";
    case 'q':
        close = (*at)[1] == '{' ? strchr(*at, '}') : NULL;
        if (!close)
            return NULL;
        const char *name = pool_strndup(pool, *at + 2, (size_t)(close - *at - 2)), *value = getenv(name);
        *at = close;
        *unset = value ? NULL : name;
        return value;
    default:
        return NULL;
    }
}

static const char *expand(struct pool *pool, const char *pattern, const char *process) {
    const char *expanded = "";
    for (const char *at = pattern; *at; at++) {
        size_t plain = strcspn(at, "%");
        expanded = pool_printf(pool, "%s%.*s", expanded, (int)plain, at);
        at += plain;
        if (!*at)
            break;
        at++;
        const char *unset = NULL, *text = *at ? expansion(pool, &at, process, &unset) : NULL;
        if (unset) {
            message_error("%s: the environment variable %s is not set", pattern, unset);
            return NULL;
        }
        if (!text) {
            message_error(*at == 'q' ? "%s: %%q is written %%q{VARIABLE}"
                                     : "%s: after %% comes one of p (process id), h (host), q{VARIABLE} or %%",
                          pattern);
            return NULL;
        }
        expanded = pool_printf(pool, "%s%s", expanded, text);
    }
    return expanded;
}

const char *output_expand(struct pool *pool, const char *pattern, int64_t pid) {
    return expand(pool, pattern, pid == OUTPUT_PID_LATER ? "%p" : pool_printf(pool, "%" PRId64, pid));
}

/* Does the name differ from process to process by itself? */
static bool has_pid(const char *pattern) {
    for (const char *at = strchr(pattern, '%'); at && at[1]; at = strchr(at + 2, '%'))
        if (at[1] == 'p')
            return true;
    return false;
}

/* Where the name's ending begins: leaks.cast becomes leaks.4242.cast. */
static size_t stem_length(const char *path) {
    const char *base = path_base(path), *dot = strrchr(base, '.');
    return dot && dot > base ? (size_t)(dot - path) : strlen(path);
}

static const char *with_process(struct pool *pool, const char *path, const char *process) {
    size_t stem = stem_length(path);
    return pool_printf(pool, "%.*s.%s%s", (int)stem, path, process, path + stem);
}

bool output_is_device(const char *path) {
    struct stat status;
    return !stat(path, &status) && S_ISCHR(status.st_mode);
}

const char *output_of_each(struct pool *pool, const char *pattern) {
    size_t stem = stem_length(pattern);
    return has_pid(pattern) ? pattern : pool_printf(pool, "%.*s.%%p%s", (int)stem, pattern, pattern + stem);
}

/* ---- checks ---- */

static int check_folder(struct pool *pool, const char *path) {
    const char *base = path_base(path);
    const char *folder = base > path ? pool_strndup(pool, path, (size_t)(base - path)) : ".";
    struct stat status;
    if (stat(folder, &status))
        message_error("%s: folder %s: %s; create it or name another", path, folder, strerror(errno));
    else if (!S_ISDIR(status.st_mode))
        message_error("%s: %s is not a folder", path, folder);
    else if (eaccess(folder, W_OK | X_OK))
        message_error("%s: folder %s: %s; make it writable or name another", path, folder, strerror(errno));
    else
        return 0;
    return -1;
}

static int check_file(struct pool *pool, const char *pattern) {
    const char *path = output_expand(pool, pattern, getpid());
    struct stat status;
    if (!path)
        return -1;
    if (stat(path, &status))
        return check_folder(pool, path);
    if (S_ISDIR(status.st_mode))
        message_error("%s: is a directory; name a file in it", path);
    else if (eaccess(path, W_OK))
        message_error("%s: %s; make it writable or name another", path, strerror(errno));
    else
        return 0;
    return -1;
}

int output_check(const struct options *options) {
    if (options->output && check_file(options->pool, options->output))
        return -1;
    for (size_t i = 0; i < options->destination_count; i++)
        if (strcmp(options->destinations[i].path, "-") != 0 && check_file(options->pool, options->destinations[i].path))
            return -1;
    return 0;
}

/* ---- recordings ---- */

static int write_all(int to, const char *bytes, ssize_t count) {
    while (count > 0) {
        ssize_t written = write(to, bytes, (size_t)count);
        if (written < 0 && errno != EINTR)
            return -1;
        if (written > 0) {
            bytes += written;
            count -= written;
        }
    }
    return 0;
}

static bool is_same_file(const char *one, const char *other) {
    struct stat a, b;
    return !stat(one, &a) && !stat(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int output_copy(const char *from, const char *to) {
    char buffer[65536];
    ssize_t count = -1;
    if (is_same_file(from, to))
        return 0;
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int result = in < 0 || out < 0 ? -1 : 0;
    while (!result && (count = read(in, buffer, sizeof buffer)) > 0)
        result = write_all(out, buffer, count);
    if (!result && count < 0)
        result = -1;
    if (result)
        message_error("%s: the recording was not kept: %s", to, strerror(errno));
    if (in >= 0)
        close(in);
    if (out >= 0 && close(out) && !result) {
        message_error("%s: the recording was not kept: %s", to, strerror(errno));
        result = -1;
    }
    return result;
}

struct output_name {
    const char *text;
    UT_hash_handle hh;
};

static bool is_taken(const struct output_names *names, const char *text) {
    struct output_name *known = NULL;
    HASH_FIND_STR(names->taken, text, known);
    return known != NULL;
}

static void take(struct pool *pool, struct output_names *names, const char *text) {
    struct output_name *name = pool_alloc(pool, sizeof *name);
    name->text = text;
    HASH_ADD_KEYPTR(hh, names->taken, name->text, strlen(name->text), name);
}

/* For the `number`-th recording of the process: from the second on the number stands behind the process id. */
static const char *name_of(struct pool *pool, const char *pattern, int64_t pid, int64_t number, bool is_plain) {
    const char *process =
        number ? pool_printf(pool, "%" PRId64 ".%" PRId64, pid, number) : pool_printf(pool, "%" PRId64, pid);
    const char *name = expand(pool, pattern, process);
    return name && !is_plain && !has_pid(pattern) && !output_is_device(name) ? with_process(pool, name, process) : name;
}

/* A pipe has room for one recording, and a name beside it (/dev/stdout.4242) would be nobody's. */
static bool is_pipe(const char *path) {
    struct stat status;
    return !stat(path, &status) && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

int output_keep(const struct options *options, struct output_names *names, const char *path, int64_t pid,
                int64_t main_pid) {
    struct pool *pool = options->pool;
    const char *plain = name_of(pool, options->output, pid, 0, true);
    if (plain && is_pipe(plain) && (pid != main_pid || is_taken(names, plain))) {
        message_error("%s: the recording of process %" PRId64 " was not kept: a pipe takes one; name a file", plain,
                      pid);
        return -1;
    }
    const char *name = name_of(pool, options->output, pid, 0, pid == main_pid);
    for (int64_t number = 0; name && is_taken(names, name); number++)
        name = name_of(pool, options->output, pid, number, false);
    if (!name)
        return -1;
    if (!output_is_device(name))
        take(pool, names, name);
    return output_copy(path, name);
}

void output_names_close(struct output_names *names) {
    HASH_CLEAR(hh, names->taken);
}

/* ---- reports ---- */

static bool want_color(const struct options *options, FILE *file) {
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    if (options->color != COLOR_AUTO)
        return options->color == COLOR_ALWAYS;
    return !(no_color && *no_color) && !(terminal && !strcmp(terminal, "dumb")) && isatty(fileno(file));
}

struct writing {
    const struct options *options;
    int64_t pid;
    output_write_cb *write;
    const void *content;
    struct questions *questions; /* NULL: nothing is asked */
};

static struct view view_for(const struct writing *writing, FILE *reader) {
    const struct options *options = writing->options;
    return (struct view){.show = options->show,
                         .show_known = options->show_known,
                         .suppression_texts = options->suppression_texts,
                         .questions = writing->questions,
                         .print_suppressions = options->print_suppressions,
                         .fail_on = options->fail_on,
                         .frames_max = options->frames_max,
                         .findings_max = options->findings_max,
                         .color = want_color(options, reader),
                         .verbose = options->verbose,
                         .allocated = options->folded_allocated,
                         .utf8 = escape_locale_is_utf8()};
}

static int write_to(const struct writing *writing, enum format format, FILE *file, const char *name) {
    struct view view = view_for(writing, file);
    errno = 0;
    writing->write(file, writing->content, format, &view);
    if (!fflush(file) && !ferror(file))
        return 0;
    message_error("%s: the report was not written: %s", name, errno ? strerror(errno) : "write error");
    return -1;
}

static int write_destination(const struct writing *writing, const struct destination *to) {
    if (!strcmp(to->path, "-"))
        return write_to(writing, to->format, stdout, "standard output");
    const char *path = output_expand(writing->options->pool, to->path, writing->pid);
    FILE *file = path ? fopen(path, "we") : NULL;
    if (!file) {
        if (path)
            message_error("%s: the report was not written: %s", path, strerror(errno));
        return -1;
    }
    int result = write_to(writing, to->format, file, path);
    if (fclose(file) && !result) {
        message_error("%s: the report was not written: %s", path, strerror(errno));
        result = -1;
    }
    return result;
}

/* The text that is written without being asked for; on a terminal page by page. */
static int write_usual(const struct writing *writing, FILE *usual) {
    bool paged = usual == stdout && !writing->options->no_pager && !writing->questions;
    FILE *pager = paged ? pager_open(writing->options->pool) : NULL;
    if (!pager)
        return write_to(writing, FORMAT_TEXT, usual, usual == stdout ? "standard output" : "standard error");
    struct view view = view_for(writing, stdout);
    writing->write(pager, writing->content, FORMAT_TEXT, &view);
    pager_close(pager);
    return 0;
}

/* Annotations stand beside the text, every other format in its place. */
static bool wants_usual(const struct options *options) {
    for (size_t i = 0; i < options->destination_count; i++)
        if (options->destinations[i].format != FORMAT_GITHUB)
            return false;
    return true;
}

bool output_has_text(const struct options *options) {
    for (size_t i = 0; i < options->destination_count; i++)
        if (options->destinations[i].format == FORMAT_TEXT)
            return true;
    return wants_usual(options);
}

unsigned output_kinds(const struct options *options) {
    if (options->folded_allocated)
        return KINDS_ALL;
    for (size_t i = 0; i < options->destination_count; i++)
        if (format_needs_all(options->destinations[i].format))
            return KINDS_ALL;
    return options->show | options->fail_on;
}

int output_each(const struct options *options, int64_t pid, output_write_cb *write, const void *content, FILE *usual) {
    struct questions questions = {0};
    const struct writing writing = {.options = options,
                                    .pid = pid,
                                    .write = write,
                                    .content = content,
                                    .questions = options->ask_suppressions ? &questions : NULL};
    int result = 0;
    if (usual && wants_usual(options))
        result = write_usual(&writing, usual);
    for (size_t i = 0; i < options->destination_count; i++)
        result |= write_destination(&writing, &options->destinations[i]);
    return result;
}

static void write_report(FILE *file, const void *report, enum format format, const struct view *view) {
    static void (*const writers[])(FILE *, const struct report *, const struct view *) = {
#define X(enumerator, name, value, help) [FORMAT_##enumerator] = name##_write,
        FORMATS(X)
#undef X
    };
    writers[format](file, report, view);
}

/* Is there something that even --quiet does not keep back? */
static bool has_something(const struct options *options, const struct report *report) {
    for (size_t i = 0; i < report->finding_count; i++)
        if ((options->show | options->fail_on) & 1u << report->findings[i].kind)
            return true;
    return report->unjudged || !report->processes || report_has(report, options->fail_on);
}

int output_report(const struct options *options, const struct report *report, FILE *usual) {
    bool silent = options->quiet && !has_something(options, report);
    return output_each(options, report->pid, write_report, report, silent ? NULL : usual);
}
