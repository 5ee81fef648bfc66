/* kernel_roots.c - what /proc tells of pointers that the program gave to the kernel.
 *
 * Source: Linux, Documentation/filesystems/proc.rst, "fdinfo" (epoll: "tfd: 5 events: 1d data: ffffffffffffffff ...") and
 * "/proc/<pid>/timers" ("signal: 60/00007fff86e452a8").
 *
 * Owns:    nothing.
 * Never:   keeps a descriptor open, or reads what a descriptor is open on.
 * Start:   kernel_roots(). */
#include "kernel_roots.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "proc.h"
#include "sys.h"

struct words {
    uintptr_t *word;
    size_t count, capacity;
    struct arena *arena;
    int error;
};

static void add(struct words *words, uintptr_t value) {
    if (!value || words->error)
        return;
    uintptr_t *word = arena_grow(words->arena, words->word, words->count, &words->capacity, sizeof *word);
    if (!word) {
        words->error = -ENOMEM;
        return;
    }
    words->word = word;
    word[words->count++] = value;
}

/* Add the hexadecimal number behind every `mark` on the lines of the file. */
static void add_from_file(struct words *words, const char *path, const char *line_start, const char *mark) {
    struct proc_reader reader;
    char line[512];
    if (proc_open(&reader, path) != 0)
        return;
    while (proc_line(&reader, line, sizeof line) > 0) {
        const char *at = strncmp(line, line_start, strlen(line_start)) == 0 ? strstr(line, mark) : NULL;
        if (!at)
            continue;
        at += strlen(mark);
        while (*at == ' ')
            at++;
        add(words, proc_hex(&at));
    }
    proc_close(&reader);
}

/* Files that lie nowhere have no type: fewer names are to be read. Source: Linux, fs/anon_inodes.c */
static int may_be_epoll(int descriptor) {
    struct stat status = {0};
    return !sys_failed(sys(SYS_newfstatat, descriptor, "", &status, AT_EMPTY_PATH)) && !(status.st_mode & S_IFMT);
}

int kernel_roots_are_in(int descriptor) {
    static const char epoll[] = "anon_inode:[eventpoll]";
    char path[64] = "/proc/self/fd/", target[32];
    if (!may_be_epoll(descriptor))
        return 0;
    proc_decimal(descriptor, path + 14);
    long length = sys(SYS_readlinkat, AT_FDCWD, path, target, sizeof target);
    return length == sizeof epoll - 1 && memcmp(target, epoll, sizeof epoll - 1) == 0;
}

static void add_epoll(void *context, const char *name) {
    char path[64] = "/proc/self/fdinfo/";
    size_t bytes = strlen(name);
    if (bytes > 10 || !kernel_roots_are_in(proc_number(name)))
        return;
    memcpy(path + 18, name, bytes + 1);
    add_from_file(context, path, "tfd:", "data:");
}

int kernel_roots(int pid, struct arena *arena, struct range *words) {
    struct words found = {.arena = arena};
    proc_each("/proc/self/fd", add_epoll, &found);
    char path[64] = "/proc/", *end = path + 6;
    end += proc_decimal(pid, end);
    memcpy(end, "/timers", 8);
    add_from_file(&found, path, "signal:", "/");
    *words = (struct range){(uintptr_t)found.word, (uintptr_t)(found.word + found.count)};
    return found.error;
}

int kernel_roots_are_private(void) {
    return sys(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0) != 1;
}
