/* stale.c - see the header. A process replaces its recording where it may: who becomes another user is in another folder then,
 * and in the first one when it is what it was before.
 *
 * Start: stale_drop(). */
#include "stale.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols.h"

struct span {
    double start, end; /* Unix seconds; 0: not known */
};

/* From the header, which is the first line. */
static struct span span_of(const char *path) {
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t capacity = 0;
    json_t *header = file && getline(&line, &capacity, file) > 0 ? json_loads(line, 0, NULL) : NULL;
    struct span span = {json_number_value(json_object_get(header, "start")),
                        json_number_value(json_object_get(header, "end"))};
    json_decref(header);
    free(line);
    if (file)
        fclose(file);
    return span;
}

double stale_start(const char *path) {
    return span_of(path).start;
}

struct named {
    const char *path, **place; /* *place becomes NULL when it is dropped */
};

static int by_name(const void *a, const void *b) {
    return strcmp(path_base(((const struct named *)a)->path), path_base(((const struct named *)b)->path));
}

/* Two processes may have one number, in namespaces of their own. */
static void drop_older(const struct named *one, const struct named *other) {
    struct span a = span_of(one->path), b = span_of(other->path);
    if (a.start > 0 && a.start == b.start)
        *(a.end < b.end ? one : other)->place = NULL;
}

size_t stale_drop(struct pool *pool, const char **paths, size_t count) {
    struct named *named = pool_array(pool, count, sizeof *named);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        named[i] = (struct named){paths[i], &paths[i]};
    qsort(named, count, sizeof *named, by_name);
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count && *named[i].place && by_name(&named[i], &named[j]) == 0; j++)
            if (*named[j].place)
                drop_older(&named[i], &named[j]);
    for (size_t i = 0; i < count; i++)
        if (paths[i])
            paths[kept++] = paths[i];
    return kept;
}
