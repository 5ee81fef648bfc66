/* unwatched.c - see the header. The lines are described in analysis/unwatched.h.
 *
 * Start: unwatched_read(). */
#include "unwatched.h"

#include "analysis/unwatched.h"
#include "folder.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATHS_SHOWN = 3 };

static const struct {
    const char *word, *text;
} reasons[] = {
#define X(name, word, text) {word, text},
    UNWATCHED(X)
#undef X
};

struct unwatched_process {
    enum unwatched why;
    pid_t pid;
    const char *path;
};
struct unwatched_list {
    struct unwatched_process *process;
    size_t count, capacity;
};

/* ---- reading ---- */

static bool parse(struct pool *pool, char *line, struct unwatched_process *out) {
    char *space = strchr(line, ' '), *end;
    if (!space)
        return false;
    *space = '\0';
    for (out->why = 0; out->why < UNWATCHED_COUNT; out->why++)
        if (!strcmp(line, reasons[out->why].word))
            break;
    out->pid = (pid_t)strtol(space + 1, &end, 10);
    if (out->why == UNWATCHED_COUNT || *end != ' ')
        return false;
    out->path = pool_strndup(pool, end + 1, strcspn(end + 1, "\n"));
    return true;
}

static void take_back(struct unwatched_list *list, const struct unwatched_process *process) {
    for (size_t i = list->count; i-- > 0;)
        if (list->process[i].pid == process->pid && !strcmp(list->process[i].path, process->path)) {
            list->process[i] = list->process[--list->count];
            return;
        }
}

static void read_file(struct pool *pool, const char *path, struct unwatched_list *list) {
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t capacity = 0;
    while (file && getline(&line, &capacity, file) > 0) {
        struct unwatched_process process;
        bool undone = *line == UNWATCHED_UNDO;
        if (!parse(pool, line + undone, &process))
            continue;
        if (undone) {
            take_back(list, &process);
            continue;
        }
        list->process = pool_grow(pool, list->process, list->count, &list->capacity, sizeof *list->process);
        list->process[list->count++] = process;
    }
    free(line);
    if (file)
        fclose(file);
}

struct unwatched_list *unwatched_read(struct pool *pool, const char *folder) {
    struct unwatched_list *list = pool_alloc(pool, sizeof *list);
    size_t count;
    const char **paths = folder_lists(pool, folder, &count);
    for (size_t i = 0; i < count; i++)
        read_file(pool, paths[i], list);
    return list;
}

/* ---- telling ---- */

/* "static: 2, /bin/busybox"; NULL: there is none */
static const char *tell_reason(struct pool *pool, const struct unwatched_list *list, enum unwatched why) {
    const char *shown[PATHS_SHOWN], *paths = "";
    size_t processes = 0, different = 0;
    for (size_t i = 0; i < list->count; i++) {
        size_t known = 0;
        if (list->process[i].why != why)
            continue;
        processes++;
        while (known < different && strcmp(shown[known], list->process[i].path) != 0)
            known++;
        if (known < different || different == PATHS_SHOWN)
            continue;
        shown[different++] = list->process[i].path;
        paths = pool_printf(pool, "%s, %s", paths, list->process[i].path);
    }
    return processes ? pool_printf(pool, "%s: %zu%s", reasons[why].text, processes, paths) : NULL;
}

size_t unwatched_count(struct pool *pool, const struct unwatched_list *list, const char **detail) {
    const char *all = "", *reason;
    for (enum unwatched why = 0; why < UNWATCHED_COUNT; why++)
        if ((reason = tell_reason(pool, list, why)))
            all = pool_printf(pool, "%s%s%s", all, *all ? "; " : "", reason);
    *detail = all;
    return list->count;
}

const char *unwatched_why(struct pool *pool, const struct unwatched_list *list, pid_t pid) {
    for (size_t i = list->count; i-- > 0;)
        if (list->process[i].pid == pid)
            return pool_printf(pool, "it had become %s; %s", list->process[i].path, reasons[list->process[i].why].text);
    return NULL;
}
