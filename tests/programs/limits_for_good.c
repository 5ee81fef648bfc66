/* purpose: hard limits that leave no room for a check: it is made, and the program and what it starts see what was asked for
 * expect: lost=1/40
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "program.h"

static void **all;

static void lower(const char *name, int resource, rlim_t value) {
    struct rlimit limit = {value, value}, higher = {value, value + 4096}, wrong = {value, value - 1}, seen, before;
    int set = setrlimit(resource, &limit), raised = setrlimit(resource, &higher), raise_errno = raised ? errno : 0;
    int lowered = prlimit(0, resource, &limit, &before), invalid = setrlimit(resource, &wrong), invalid_errno = errno;

    getrlimit(resource, &seen);
    dprintf(1, "%s: %d, %d %d, %d (%lu %lu), %d %d, %lu %lu\n", name, set, raised, raise_errno, lowered,
            before.rlim_cur, before.rlim_max, invalid, invalid_errno, seen.rlim_cur, seen.rlim_max);
}

static int status_of(pid_t child) {
    int status = -1;

    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Before there is too little for a shell. */
static int tell_child(void) {
    pid_t child = fork();

    if (child == 0) {
        struct rlimit limit = {900 << 20, 900 << 20}, files = {64, 64};
        if (setrlimit(RLIMIT_AS, &limit) || setrlimit(RLIMIT_NOFILE, &files))
            _exit(9);
        execl("/bin/sh", "sh", "-c", "ulimit -Sv; ulimit -Hv; ulimit -Sn; ulimit -Hn", NULL);
    }
    return status_of(child);
}

/* As much as the limit lets it have: no less than without castaway. */
static int fill(size_t bytes) {
    size_t count = 0;
    void **last = NULL, **next;

    while (count * 4096 < bytes && (next = malloc(4000))) {
        *next = last;
        last = next;
        count++;
    }
    for (; last; last = next) {
        next = *last;
        free(last);
    }
    return count * 4096 >= bytes;
}

int main(void) {
    drop(40);
    clobber_stack();
    if (tell_child())
        return 1;
    lower("files", RLIMIT_NOFILE, 3);
    lower("memory", RLIMIT_AS, 64 << 20);
    dprintf(1, "%d\n", fill(40 << 20));
    for (void **more; (more = malloc(100000)); all = more)
        *more = all;
    lower("file size", RLIMIT_FSIZE, 4096);
    return 0;
}
