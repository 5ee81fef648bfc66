/* location.c - which line is a finding's?
 *
 * Sources that were compiled elsewhere (a container, another checkout) are known by their name within the compilation,
 * if there is such a file here.
 * A line of the system's headers, where containers allocate, is the last to be named; and of two, that of a function which
 * only hands memory on (xmalloc).
 * Start: location_of_stack(). */
#include "location.h"

#include "label.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum rank { NOTHING, A_NAME, A_SYSTEM_FILE, A_FILE, A_FILE_OF_THE_COMPILATION, IN_SOURCES };

const char *location_root(struct pool *pool) {
    const char *workspace = getenv("GITHUB_WORKSPACE");
    char *folder = workspace && *workspace ? NULL : getcwd(NULL, 0);
    const char *root = pool_strdup(pool, folder ? folder : workspace ? workspace : "/");
    free(folder);
    size_t length = strlen(root);
    while (length > 1 && root[length - 1] == '/')
        length--;
    return pool_strndup(pool, root, length);
}

/* The part of `file` below `root`, or NULL. */
static const char *below(const char *file, const char *root) {
    size_t length = strlen(root);
    if (strncmp(file, root, length) != 0 || file[length] != '/' || length < 2)
        return NULL;
    return file + length + 1;
}

static bool exists_below(struct pool *pool, const char *file, const char *root) {
    return *file != '/' && !access(pool_printf(pool, "%s/%s", root, file), F_OK);
}

static enum rank rank_frame(struct pool *pool, const struct stack_frame *frame, const char *root, const char **path) {
    *path = frame->file;
    if (!frame->file)
        return frame->function || frame->module ? A_NAME : NOTHING;
    if (below(frame->file, root)) {
        *path = below(frame->file, root);
        return IN_SOURCES;
    }
    if (!frame->file_short || *frame->file_short == '/')
        return strncmp(frame->file, "/usr/", 5) ? A_FILE : A_SYSTEM_FILE;
    if (!exists_below(pool, frame->file_short, root))
        return A_FILE_OF_THE_COMPILATION;
    *path = frame->file_short;
    return IN_SOURCES;
}

static struct location location_as(const struct stack_frame *frame, enum rank rank, const char *path) {
    return (struct location){.frame = rank > NOTHING ? frame : NULL,
                             .path = path,
                             .line = path && frame->line > 0 ? frame->line : 0,
                             .in_sources = rank == IN_SOURCES};
}

struct location location_of_frame(struct pool *pool, const struct stack_frame *frame, const char *root) {
    const char *path;
    enum rank rank = rank_frame(pool, frame, root, &path);
    return location_as(frame, rank, path);
}

struct location location_of_stack(struct pool *pool, const struct stack *stack, const char *root) {
    struct location best = {0};
    unsigned best_worth = 0, most = 2 * IN_SOURCES + 1;
    for (size_t i = 0; i < stack->named_count && best_worth < most; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        const char *path;
        enum rank rank = rank_frame(pool, frame, root, &path);
        bool plumbing = frame->function && label_is_plumbing(pool, frame->function);
        unsigned worth = rank == NOTHING ? 0 : 2 * rank + !plumbing;
        if (worth <= best_worth)
            continue;
        best = location_as(frame, rank, path);
        best_worth = worth;
    }
    return best;
}
