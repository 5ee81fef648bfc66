/* annotate_write.c - lines of source with their amounts beside them, as text and as JSON.
 *
 * Start: annotate_text(), annotate_json(). */
#include "annotate.h"
#include "escape.h"
#include "json.h"
#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AROUND = 2 /* lines shown before and behind one with amounts */, COUNT_COLUMN = 10, SIZE_COLUMN = 11 };

/* ---- the source ---- */

struct source {
    const char **lines; /* without their newlines */
    size_t count, capacity;
};

static void read_lines(struct pool *pool, FILE *file, struct source *source) {
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t length; (length = getline(&line, &capacity, file)) >= 0;) {
        while (length && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            length--;
        source->lines = pool_grow(pool, source->lines, source->count, &source->capacity, sizeof *source->lines);
        source->lines[source->count++] = pool_strndup(pool, line, (size_t)length);
    }
    free(line);
}

/* Without the file there are the lines' numbers alone. */
static struct source read_source(struct pool *pool, const struct annotate_choice *choice,
                                 const struct annotated_file *annotated) {
    const char *const places[] = {choice->source, annotated->path, annotated->name};
    struct source source = {0};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        FILE *file = places[i] ? fopen(places[i], "re") : NULL;
        if (!file)
            continue;
        read_lines(pool, file, &source);
        fclose(file);
        return source;
    }
    return source;
}

/* ---- text ---- */

struct page {
    FILE *file;
    struct pool *pool;
    const struct annotate_choice *choice;
    const struct view *view;
};

static void amount(const struct page *page, uint64_t bytes, uint64_t objects) {
    fprintf(page->file, "%*s%*s", SIZE_COLUMN, objects ? units_size(page->pool, bytes) : "", COUNT_COLUMN,
            objects ? units_count(page->pool, objects) : "");
}

static void amounts(const struct page *page, const struct amounts *amounts) {
    if (page->choice->annotations->has_allocated)
        amount(page, amounts->allocated_bytes, amounts->allocated_objects);
    amount(page, amounts->live_bytes, amounts->live_objects);
    amount(page, amounts->lost_bytes, amounts->lost_objects);
}

static void title(const struct page *page) {
    static const char *const words[] = {"allocated", "live", "lost"};
    for (size_t i = !page->choice->annotations->has_allocated; i < 3; i++)
        fprintf(page->file, "%*s%*s", SIZE_COLUMN, words[i], COUNT_COLUMN, "objects");
    fputs("    line\n", page->file);
}

/* Tabs are kept: they stand where the source has them. */
static void source_line(const struct page *page, const char *line) {
    const char *at = line;
    for (size_t length; *at; at += length + (at[length] == '\t')) {
        length = strcspn(at, "\t");
        escape_write(page->file, pool_strndup(page->pool, at, length), page->view->utf8);
        if (at[length])
            fputc('\t', page->file);
    }
}

static void one_line(const struct page *page, const struct source *source, int number,
                     const struct annotated_line *annotated) {
    static const struct amounts none;
    const struct amounts *shown = !annotated ? &none : page->choice->self ? &annotated->self : &annotated->total;
    amounts(page, shown);
    fprintf(page->file, "%8d", number);
    if (source->lines && (size_t)number <= source->count && *source->lines[number - 1]) {
        fputs("  ", page->file);
        source_line(page, source->lines[number - 1]);
    }
    fputc('\n', page->file);
}

static bool has_amounts(const struct page *page, const struct annotated_line *line) {
    static const struct amounts none;
    return memcmp(page->choice->self ? &line->self : &line->total, &none, sizeof none) != 0;
}

/* All lines, or those around the ones with amounts. */
static void lines(const struct page *page, const struct annotated_file *file, const struct source *source) {
    int around = page->choice->file ? 1 << 30 : source->count ? AROUND : 0, shown = 0;
    size_t last = source->count;
    for (size_t i = 0; i < file->line_count; i++) {
        const struct annotated_line *line = &file->lines[i];
        if (!has_amounts(page, line))
            continue;
        int next = i + 1 < file->line_count ? file->lines[i + 1].line : 1 << 30;
        int from = line->line - shown > around ? line->line - around : shown + 1;
        if (shown && from > shown + 1)
            fputs("...\n", page->file);
        for (int number = source->count ? from : line->line; number < line->line; number++)
            one_line(page, source, number, NULL);
        one_line(page, source, line->line, line);
        shown = line->line;
        while ((size_t)shown < last && shown + 1 < next && shown < line->line + (long)around)
            one_line(page, source, ++shown, NULL);
    }
}

static void file_text(const struct page *page, const struct annotated_file *file) {
    struct source source = read_source(page->pool, page->choice, file);
    fprintf(page->file, "%s", escape_text(page->pool, file->name, page->view->utf8));
    fputs(source.count ? "\n" : ": the source is not there; `castaway annotate FILE.cast SOURCE` names it\n",
          page->file);
    title(page);
    lines(page, file, &source);
    fputs("\n", page->file);
}

void annotate_text(FILE *file, const struct annotate_choice *choice, const struct view *view) {
    struct pool scratch = {0};
    const struct page page = {file, &scratch, choice, view};
    fprintf(file, "bytes and objects by line, %s\n\n",
            choice->self ? "of what the line itself allocated" : "what it called included");
    for (size_t i = 0; i < choice->annotations->file_count; i++) {
        const struct annotated_file *each = &choice->annotations->files[i];
        if (choice->file ? each == choice->file : each->in_program)
            file_text(&page, each);
    }
    pool_free(&scratch);
}

/* ---- JSON ---- */

static json_t *amounts_json(const struct amounts *amounts) {
    json_t *object = json_object();
    json_object_set_new(object, "allocated_objects", json_number(amounts->allocated_objects));
    json_object_set_new(object, "allocated_bytes", json_number(amounts->allocated_bytes));
    json_object_set_new(object, "live_objects", json_number(amounts->live_objects));
    json_object_set_new(object, "live_bytes", json_number(amounts->live_bytes));
    json_object_set_new(object, "lost_objects", json_number(amounts->lost_objects));
    json_object_set_new(object, "lost_bytes", json_number(amounts->lost_bytes));
    return object;
}

static json_t *file_json(struct pool *pool, const struct annotated_file *file) {
    json_t *object = json_object(), *list = json_array();
    json_object_set_new(object, "file", json_text(pool, file->path));
    json_object_set_new(object, "in_program", json_boolean(file->in_program));
    json_object_set_new(object, "total", amounts_json(&file->amounts));
    for (size_t i = 0; i < file->line_count; i++) {
        json_t *line = json_object();
        json_object_set_new(line, "line", json_number((uint64_t)file->lines[i].line));
        json_object_set_new(line, "total", amounts_json(&file->lines[i].total));
        json_object_set_new(line, "self", amounts_json(&file->lines[i].self));
        json_array_append_new(list, line);
    }
    json_object_set_new(object, "lines", list);
    return object;
}

void annotate_json(FILE *file, const struct annotate_choice *choice) {
    struct pool scratch = {0};
    json_t *root = json_object(), *files = json_array();
    json_object_set_new(root, "format", json_string("castaway-annotate"));
    json_object_set_new(root, "version", json_integer(1));
    json_object_set_new(root, "profiled", json_boolean(choice->annotations->has_allocated));
    for (size_t i = 0; i < choice->annotations->file_count; i++)
        if (!choice->file || choice->file == &choice->annotations->files[i])
            json_array_append_new(files, file_json(&scratch, &choice->annotations->files[i]));
    json_object_set_new(root, "files", files);
    json_put(file, root);
    pool_free(&scratch);
}
