/* exec.c - the program replaces itself, or starts another.
 *
 * After an exec no handler of ours stands, and a signal of ours that was still under way would end the new program. So
 * each exec waits for a scan that is under way, and makes sure that nothing more comes (live.c). The children of vfork
 * and posix_spawn have no timer, no socket's signals and no scan: they pass through. What the new program needs to be
 * watched is follow.c's business.
 *
 * Owns:    nothing.
 * Never:   allocates from the program: an exec may stand in a child that shares its memory.
 * Start:   the macro EXEC. */
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "follow.h"
#include "hooks.h"
#include "init.h"
#include "live.h"
#include "next.h"
#include "rights.h"
#include "sys.h"

static void ready(void) {
    if (!next_ready)
        start_recording();
}

/* Where it is not, the kernel says so, and we had better not look. */
static int is_memory(const void *pointer) {
    return !pointer || rights_confined || sys_can_read(pointer);
}
static int is_sound(const struct launch *launch) {
    return is_memory(launch->path) && is_memory(launch->environment);
}

/* Programs try one name after the other: no work is done for one that is not there. */
static int exec_with(const struct launch *launch) {
    ready();
    if (!is_sound(launch))
        return launch->run(launch, launch->environment);
    int recorded = (rights_filtered || launch_is_found(launch)) && exec_scan();
    int begun = live_exec_begins();
    int result = follow_launch(launch);
    if (begun)
        live_exec_failed();
    if (recorded)
        exec_scan_undo();
    return result;
}

/* ---- exec ---- */

static int run_execve(const struct launch *launch, char *const *environment) {
    return next.execve(launch->path, launch->arguments, environment);
}
static int run_execvpe(const struct launch *launch, char *const *environment) {
    return next.execvpe(launch->path, launch->arguments, environment);
}
static int run_fexecve(const struct launch *launch, char *const *environment) {
    return next.fexecve(launch->folder, launch->arguments, environment);
}
static int run_execveat(const struct launch *launch, char *const *environment) {
    return next.execveat(launch->folder, launch->path, launch->arguments, environment, launch->flags);
}

static int exec_path(const char *path, char *const arguments[], char *const environment[]) {
    return exec_with(&(struct launch){
        .folder = AT_FDCWD, .path = path, .arguments = arguments, .environment = environment, .run = run_execve});
}
static int exec_name(const char *file, char *const arguments[], char *const environment[]) {
    return exec_with(&(struct launch){.folder = AT_FDCWD,
                                      .path = file,
                                      .is_searched = 1,
                                      .arguments = arguments,
                                      .environment = environment,
                                      .run = run_execvpe});
}
EXPORT int execve(const char *path, char *const arguments[], char *const environment[]) {
    return exec_path(path, arguments, environment);
}
EXPORT int execv(const char *path, char *const arguments[]) {
    return exec_path(path, arguments, environ);
}
EXPORT int execvpe(const char *file, char *const arguments[], char *const environment[]) {
    return exec_name(file, arguments, environment);
}
EXPORT int execvp(const char *file, char *const arguments[]) {
    return exec_name(file, arguments, environ);
}
EXPORT int fexecve(int file, char *const arguments[], char *const environment[]) {
    return exec_with(&(struct launch){.folder = file,
                                      .path = "",
                                      .flags = AT_EMPTY_PATH,
                                      .arguments = arguments,
                                      .environment = environment,
                                      .run = run_fexecve});
}
EXPORT int execveat(int folder, const char *path, char *const arguments[], char *const environment[], int flags) {
    return exec_with(&(struct launch){.folder = folder,
                                      .path = path,
                                      .flags = flags,
                                      .arguments = arguments,
                                      .environment = environment,
                                      .run = run_execveat});
}

/* The arguments of a call with a list, up to its NULL. */
static size_t count_arguments(va_list list) {
    size_t count = 1;
    while (va_arg(list, char *))
        count++;
    return count;
}
#define COLLECT(arguments, first)                                                                                      \
    va_list list;                                                                                                      \
    va_start(list, first);                                                                                             \
    size_t count = count_arguments(list);                                                                              \
    va_end(list);                                                                                                      \
    char *arguments[count + 1];                                                                                        \
    va_start(list, first);                                                                                             \
    arguments[0] = (char *)(uintptr_t)(first);                                                                         \
    for (size_t i = 1; i <= count; i++)                                                                                \
    arguments[i] = va_arg(list, char *)

EXPORT int execl(const char *path, const char *first, ...) {
    COLLECT(arguments, first);
    va_end(list);
    return exec_path(path, arguments, environ);
}
EXPORT int execlp(const char *file, const char *first, ...) {
    COLLECT(arguments, first);
    va_end(list);
    return exec_name(file, arguments, environ);
}
EXPORT int execle(const char *path, const char *first, ...) {
    COLLECT(arguments, first);
    char **environment = va_arg(list, char **);
    va_end(list);
    return exec_path(path, arguments, environment);
}

/* ---- posix_spawn ---- */

static int run_spawn(const struct launch *launch, char *const *environment) {
    return next.posix_spawn(launch->child, launch->path, launch->actions, launch->attributes, launch->arguments,
                            environment);
}
static int run_spawnp(const struct launch *launch, char *const *environment) {
    return next.posix_spawnp(launch->child, launch->path, launch->actions, launch->attributes, launch->arguments,
                             environment);
}

/* child  may be NULL: then nobody hears of the process's number but us */
static int spawn_with(const struct launch *asked, pid_t *child) {
    pid_t unasked = 0;
    struct launch launch = *asked;
    ready();
    launch.child = child ? child : &unasked;
    return is_sound(&launch) ? follow_launch(&launch) : launch.run(&launch, launch.environment);
}

EXPORT int posix_spawn(pid_t *child, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
    struct launch launch = {.folder = AT_FDCWD,
                            .path = path,
                            .arguments = arguments,
                            .environment = environment,
                            .actions = actions,
                            .attributes = attributes,
                            .run = run_spawn};
    return spawn_with(&launch, child);
}
EXPORT int posix_spawnp(pid_t *child, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
    struct launch launch = {.folder = AT_FDCWD,
                            .path = file,
                            .is_searched = 1,
                            .arguments = arguments,
                            .environment = environment,
                            .actions = actions,
                            .attributes = attributes,
                            .run = run_spawnp};
    return spawn_with(&launch, child);
}

/* ---- shells: libc starts them with environ, and passes none of our functions ---- */

EXPORT int system(const char *command) {
    ready();
    int begun = follow_shell_begins(), status = next.system(command);
    follow_shell_ends(begun);
    return status;
}
EXPORT FILE *popen(const char *command, const char *mode) {
    ready();
    int begun = follow_shell_begins();
    FILE *file = next.popen(command, mode);
    follow_shell_ends(begun);
    return file;
}
