/* exec.c - the program replaces itself.
 *
 * After an exec no handler of ours stands, and a signal of ours that was still under way would end the new program. So
 * each exec waits for a scan that is under way, and makes sure that nothing more comes (live.c). The children of vfork
 * and posix_spawn have no timer, no socket's signals and no scan: they pass through.
 *
 * Never:   allocates: an exec may stand in a child that shares the program's memory. */
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "hooks.h"
#include "init.h"
#include "live.h"
#include "next.h"
#include "sys.h"

/* Programs try one name after the other: no work is done for one that is not there. */
static int exec_record(int folder, const char *path) {
    return sys(SYS_faccessat, folder, path, X_OK) == 0 && exec_scan();
}

/* A name without a slash is searched for by libc. */
static const char *found(const char *file) {
    return strchr(file, '/') ? file : "/";
}

#define EXEC(folder, path, call)                                                                                       \
    do {                                                                                                               \
        start_recording();                                                                                             \
        int recorded = exec_record(folder, path);                                                                      \
        int begun = live_exec_begins();                                                                                \
        int result = call;                                                                                             \
        if (begun)                                                                                                     \
            live_exec_failed();                                                                                        \
        if (recorded)                                                                                                  \
            exec_scan_undo();                                                                                          \
        return result;                                                                                                 \
    } while (0)

EXPORT int execve(const char *path, char *const arguments[], char *const environment[]) {
    EXEC(AT_FDCWD, path, next.execve(path, arguments, environment));
}
EXPORT int execv(const char *path, char *const arguments[]) {
    EXEC(AT_FDCWD, path, next.execv(path, arguments));
}
EXPORT int execvp(const char *file, char *const arguments[]) {
    EXEC(AT_FDCWD, found(file), next.execvp(file, arguments));
}
EXPORT int execvpe(const char *file, char *const arguments[], char *const environment[]) {
    EXEC(AT_FDCWD, found(file), next.execvpe(file, arguments, environment));
}
EXPORT int fexecve(int file, char *const arguments[], char *const environment[]) {
    EXEC(AT_FDCWD, "/", next.fexecve(file, arguments, environment));
}
EXPORT int execveat(int folder, const char *path, char *const arguments[], char *const environment[], int flags) {
    EXEC(folder, *path ? path : "/", next.execveat(folder, path, arguments, environment, flags));
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
    EXEC(AT_FDCWD, path, next.execv(path, arguments));
}
EXPORT int execlp(const char *file, const char *first, ...) {
    COLLECT(arguments, first);
    va_end(list);
    EXEC(AT_FDCWD, found(file), next.execvp(file, arguments));
}
EXPORT int execle(const char *path, const char *first, ...) {
    COLLECT(arguments, first);
    char **environment = va_arg(list, char **);
    va_end(list);
    EXEC(AT_FDCWD, path, next.execve(path, arguments, environment));
}
