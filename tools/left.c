/* left.c - see the header. Such processes are known by their environment: nothing has to be kept of them while they run.
 *
 * Start: left_options() before the program starts, left_count() after its end. */
#include "left.h"

#include "output.h"
#include "symbols.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- where their results go ---- */

/* Absolute, with %p in it; NULL when it can't stand in quotes, or goes to standard output or a device: nobody waits there
 * for what comes later. */
static const char *left_name(struct pool *pool, const char *pattern) {
    bool is_output = !strcmp(pattern, "-") || output_is_device(pattern), is_whole = *pattern == '/';
    char *here = is_output || is_whole ? NULL : getcwd(NULL, 0);
    if (is_output || (!is_whole && !here))
        return NULL;
    const char *name = is_whole ? pattern : pool_printf(pool, "%s/%s", here, pattern);
    free(here);
    return strpbrk(name, "'\"") ? NULL : output_of_each(pool, name);
}

static const char *left_recording(const struct options *options) {
    if (!options->output && options->destination_count)
        return NULL;
    const char *name = options->output ? output_expand(options->pool, options->output, OUTPUT_PID_LATER) : NULL;
    return left_name(options->pool, name ? name : "castaway.%p.cast");
}

static const char *format_key(enum format format) {
    static const char *const keys[FORMAT_COUNT] = {
#define X(enumerator, name, value, help) [FORMAT_##enumerator] = #name,
        FORMATS(X)
#undef X
    };
    return keys[format];
}

/* The reports of one process, and what is not to stand in them. */
static const char *left_reports(const struct options *options) {
    struct pool *pool = options->pool;
    const char *reports = "", *name;
    for (size_t i = 0; i < options->destination_count; i++)
        if ((name = left_name(pool, options->destinations[i].path)))
            reports = pool_printf(pool, "%s%s%s='%s'", reports, *reports ? ":" : "",
                                  format_key(options->destinations[i].format), name);
    for (size_t i = 0; *reports && i < options->suppression_count; i++) {
        char *path = realpath(options->suppressions[i], NULL);
        if (path && !strpbrk(path, "'\""))
            reports = pool_printf(pool, "%s:suppressions='%s'", reports, path);
        free(path);
    }
    return reports;
}

const char *left_options(const struct options *options) {
    const char *recording = left_recording(options);
    return pool_printf(options->pool, ":left-output='%s':left-reports=\"%s\"", recording ? recording : "",
                       left_reports(options));
}

/* ---- which there are ---- */

/* Does the process have our folder in its environment? One of another user's can't be looked at. */
static bool records_into(struct pool *pool, pid_t process, const char *folder) {
    FILE *file = fopen(pool_printf(pool, "/proc/%d/environ", (int)process), "re");
    char *variable = NULL;
    size_t capacity = 0;
    bool found = false;
    const char *wanted = pool_printf(pool, ":dir='%s':", folder), *first = wanted + 1; /* without the colon before it */
    while (file && !found && getdelim(&variable, &capacity, '\0', file) > 0) {
        const char *options = variable + strlen("CASTAWAY_OPTIONS");
        if (!strncmp(variable, "CASTAWAY_OPTIONS=", strlen("CASTAWAY_OPTIONS=")))
            found = strstr(options, wanted) || strstr(options + 1, first) == options + 1;
    }
    free(variable);
    if (file)
        fclose(file);
    return found;
}

/* The number that the kernel gave out last: below `program`, they have begun anew since. */
static pid_t last_process(void) {
    FILE *file = fopen("/proc/loadavg", "re");
    int last = 0;
    if (file && fscanf(file, "%*s %*s %*s %*s %d", &last) != 1)
        last = 0;
    if (file)
        fclose(file);
    return last;
}

static const char *where_left(const struct options *options) {
    struct pool *pool = options->pool;
    const char *places = "", *name = left_recording(options);
    if (name)
        places = name;
    for (size_t i = 0; i < options->destination_count; i++)
        if ((name = left_name(pool, options->destinations[i].path)))
            places = pool_printf(pool, "%s%s%s", places, *places ? ", " : "", name);
    return *places ? places : "nowhere: no file was named";
}

/* Processes by number, from `from` to `last`: no longer than /proc's own list takes when there are few. */
static size_t count_numbers(struct pool *pool, pid_t from, pid_t last, const char *folder) {
    size_t count = 0;
    for (pid_t pid = from; pid <= last; pid++)
        count += pid != getpid() && records_into(pool, pid, folder);
    return count;
}

static size_t count_listed(struct pool *pool, pid_t from, pid_t program, const char *folder) {
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    size_t count = 0;
    while (processes && (entry = readdir(processes))) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid >= from && pid != program && pid != getpid())
            count += records_into(pool, pid, folder);
    }
    if (processes)
        closedir(processes);
    return count;
}

size_t left_count(const struct options *options, const char *folder, pid_t program, const char **where) {
    enum { FEW = 128 };
    struct pool scratch = {0};
    pid_t last = last_process();
    bool is_wrapped = last < program;
    size_t count = !is_wrapped && last - program < FEW
                       ? count_numbers(&scratch, program + 1, last, folder)
                       : count_listed(&scratch, is_wrapped ? 1 : program, program, folder);
    pool_free(&scratch);
    if (count)
        *where = where_left(options);
    return count;
}
