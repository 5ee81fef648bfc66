/* init.c - castaway's start in a process, in two steps.
 *
 * start_recording() runs at the first allocation, whoever makes it (another library's constructor, as a rule), so that
 * every object has its stack. start() is our constructor: it runs last of all before main, when libc and the
 * environment are complete. (A constructor that runs first of all, by -z initfirst, can't open libunwind: the loader
 * would then initialise libc for it, without arguments and environment.)
 * Start:   start_recording(). */
#include "init.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hooks.h"
#include "live.h"
#include "module.h"
#include "next.h"
#include "pairs.h"
#include "record.h"
#include "scan.h"
#include "site.h"
#include "thread.h"
#include "unwind.h"

struct process process;

EXPORT int castaway_active(void);
EXPORT int castaway_active(void) {
    return hook_recording;
}

static const char *environment_get(char **environment, const char *name) {
    size_t bytes = strlen(name);
    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, bytes) == 0 && (*environment)[bytes] == '=')
            return *environment + bytes + 1;
    return NULL;
}

static void facts_learn(struct process_facts *facts) {
    struct range libc;
    module_span((const void *)next.malloc, &facts->allocator.lo, &facts->allocator.hi);
    module_span((const void *)gnu_get_libc_version, &libc.lo, &libc.hi);
    facts->allocator_is_glibc = facts->allocator.lo == libc.lo;
    module_span(&process, &facts->castaway.lo, &facts->castaway.hi);
    facts->main_thread_pointer = arch_thread_pointer();
    const uint32_t *thread_bytes = dlsym(RTLD_DEFAULT, "_thread_db_sizeof_pthread");
    facts->thread_struct_bytes = thread_bytes ? *thread_bytes : 4096;
}

static void exit_add(const void *function) {
    struct range *range = &process.exits[process.exit_count];
    if (function && unwind_function((uintptr_t)function, &range->lo, &range->hi) == 0)
        process.exit_count++;
}

static void on_program_exit(int status, void *unused) {
    (void)unused;
    int wanted = exit_scan(status);
    if (wanted == status)
        return;
    fflush(NULL); /* libc would flush only after this handler */
    next._exit(wanted);
}

/* quick_exit does not tell its status: the tool knows it. */
static void on_quick_exit(void) {
    int wanted = exit_scan(0);
    if (wanted)
        next._exit(wanted);
}

EXPORT void _exit(int status) {
    start_recording();
    next._exit(exit_scan(status));
    __builtin_unreachable();
}
EXPORT void _Exit(int status) __attribute__((alias("_exit")));

/* The loader is in the middle of opening something: it can't be asked to open another thing from inside. */
static int loader_is_busy(void) {
    return _r_debug.r_state != RT_CONSISTENT;
}

static void start_unwinding(void) {
    if (unwind_ready() || loader_is_busy())
        return;
    unwind_init();
    unwind_span(&process.facts.libunwind);
    exit_add(dlsym(RTLD_NEXT, "exit"));
    exit_add(dlsym(RTLD_NEXT, "quick_exit"));
    exit_add((const void *)_exit);
}

void start_recording(void) {
    static int under_way;
    if (under_way)
        return;
    under_way = 1;
    thread_busy++;
    if (!next_ready)
        next_resolve();
    process.pid = (int)sys(SYS_getpid, 0);
    process.start_seconds = scan_wall_seconds();
    process.start_us = scan_now_us();
    facts_learn(&process.facts);
    record_shared_granules(!process.facts.allocator_is_glibc);
    thread_init();
    start_unwinding();
    hook_recording = 1;
    thread_busy--;
}

__attribute__((constructor)) static void start(int count, char **arguments, char **environment) {
    (void)count;
    (void)arguments;
    start_recording();
    thread_busy++;
    start_unwinding();
    process.own_malloc = dlsym(RTLD_DEFAULT, "malloc") != (void *)malloc;
    process.environment = environment;
    options_parse(environment_get(environment, "CASTAWAY_OPTIONS"), &process.options);
    fork_init();
    on_exit(on_program_exit, NULL);
    (void)at_quick_exit(on_quick_exit);
    pairs_start();
    process.started = 1;
    live_start();
    thread_busy--;
}

void process_after_fork(void) {
    process.pid = (int)sys(SYS_getpid, 0);
    process.start_seconds = scan_wall_seconds();
    process.start_us = scan_now_us();
    live_after_fork();
    exit_after_fork();
}
