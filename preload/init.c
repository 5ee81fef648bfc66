/* init.c - castaway's start in a process, in two steps.
 *
 * start_recording() runs at the first allocation, whoever makes it (another library's constructor, as a rule), so that
 * every object has its stack. start() is our constructor: it runs last of all before main, when libc and the
 * environment are complete.
 *
 * Owns:    struct process.
 * Never:   asks the loader for anything while it is at work.
 * Start:   start_recording(), then start(). */
#include "init.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aside.h"
#include "clock.h"
#include "deepbind.h"
#include "duties.h"
#include "fatal.h"
#include "follow.h"
#include "fork.h"
#include "give_way.h"
#include "hooks.h"
#include "launch.h"
#include "limits.h"
#include "live.h"
#include "lsan.h"
#include "mapping.h"
#include "module.h"
#include "next.h"
#include "pairs.h"
#include "profile.h"
#include "record.h"
#include "rights.h"
#include "site.h"
#include "thread.h"
#include "thread_block.h"
#include "unwind.h"

struct process process;

EXPORT int castaway_active(void);
EXPORT int castaway_active(void) {
    return hook_is_recording();
}

const char *init_environment(const char *name) {
    size_t bytes = strlen(name);
    for (char **environment = process.environment; environment && *environment; environment++)
        if (strncmp(*environment, name, bytes) == 0 && (*environment)[bytes] == '=')
            return *environment + bytes + 1;
    return NULL;
}

/* Source: glibc, nptl_db/db_info.c: each of these is {size in bits, elements, offset in bytes}, for debuggers */
static void thread_block_learn(struct process_facts *facts) {
    const uint32_t *bytes = dlsym(RTLD_DEFAULT, "_thread_db_sizeof_pthread");
    const uint32_t *in_thread = THREAD_BLOCK_BY_SPECIFIC ? dlsym(RTLD_DEFAULT, "_thread_db_pthread_specific") : NULL;
    facts->thread_struct_bytes = bytes ? *bytes : 4096;
    facts->specific_offset = bytes && in_thread ? in_thread[2] : 0;
}

static void used_stacks_learn(struct process_facts *facts) {
    const uint32_t *in_global = dlsym(RTLD_DEFAULT, "_thread_db_rtld_global__dl_stack_used");
    const uint32_t *in_thread = dlsym(RTLD_DEFAULT, "_thread_db_pthread_list");
    const char *global = dlsym(RTLD_DEFAULT, "_rtld_global");
    if (!in_global || !in_thread || !global)
        return;
    facts->used_stacks = (uintptr_t)global + in_global[2];
    facts->thread_list_offset = in_thread[2];
}

/* Source: glibc, elf/dl-tls.c, _dl_get_tls_static_info, which its own libthread_db uses; the size holds the thread's block,
 * and what is left free for modules to come. */
static void static_tls_learn(struct process_facts *facts) {
    void (*ask)(size_t * bytes, size_t * align) = NULL;
    size_t align = 0;
    *(void **)&ask = dlsym(RTLD_DEFAULT, "_dl_get_tls_static_info");
    if (ask)
        ask(&facts->static_tls_bytes, &align);
}

static void facts_learn(struct process_facts *facts) {
    struct range libc;
    module_span((const void *)next.malloc, &facts->allocator.lo, &facts->allocator.hi);
    module_span((const void *)gnu_get_libc_version, &libc.lo, &libc.hi);
    facts->allocator_is_glibc = facts->allocator.lo == libc.lo;
    module_span(&process, &facts->castaway.lo, &facts->castaway.hi);
    facts->main_thread_pointer = arch_thread_pointer();
    thread_block_learn(facts);
    used_stacks_learn(facts);
    static_tls_learn(facts);
}

/* Where the allocator keeps its thread-local data: at the same distance from every thread pointer, as it was there from
 * the start. */
static int allocator_tls_learn(struct dl_phdr_info *info, size_t bytes, void *context) {
    struct process_facts *facts = context;
    (void)bytes;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        uintptr_t at = info->dlpi_addr + header->p_vaddr;
        if (header->p_type != PT_TLS || !info->dlpi_tls_data ||
            at - facts->allocator.lo >= facts->allocator.hi - facts->allocator.lo)
            continue;
        facts->allocator_tls.lo = (uintptr_t)info->dlpi_tls_data - arch_thread_pointer();
        facts->allocator_tls.hi = facts->allocator_tls.lo + header->p_memsz;
        return 1;
    }
    return 0;
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
    exit_add(dlsym(RTLD_NEXT, "exit"));
    exit_add(dlsym(RTLD_NEXT, "quick_exit"));
    exit_add((const void *)_exit);
    exit_add((const void *)syscall);
    const void *start = dlsym(RTLD_NEXT, "__libc_start_main");
    if (!start || unwind_function((uintptr_t)start, &process.start.lo, &process.start.hi) != 0)
        process.start = (struct range){0, 0};
}

static void note_start(void) {
    process.pid = (int)sys(SYS_getpid, 0);
    process.start_seconds = clock_wall_seconds();
    process.start_us = clock_us();
}

static void begin(void) {
    limits_look();
    note_start();
    facts_learn(&process.facts);
    mapping_start();
    if (!process.facts.allocator_is_glibc)
        duty_add(DUTY_SHARED_GRANULES);
    thread_init();
    start_unwinding();
    hook_recording_begins();
}

void start_recording(void) {
    static int under_way;
    if (under_way)
        return;
    under_way = 1;
    thread_busy++;
    next_find();
    if (next_ready) {
        aside_look();
        if (!aside_stands)
            begin();
    } else
        under_way = 0; /* the lookup that a hook has begun allocates: nothing is known yet, and start() comes later */
    thread_busy--;
}

/* Another constructor, before ours, has forked this process: nobody told us. */
static void fork_look(void) {
    if ((int)sys(SYS_getpid, 0) == process.pid)
        return;
    process.is_forked = 1;
    note_start();
    record_after_fork();
}

/* With children=no: only the program itself, and what it becomes by exec. It is the child of `castaway run`. */
static int is_wanted(void) {
    int owner = options_owner(&process.options);
    return options_children(&process.options) || !owner || (int)sys(SYS_getppid, 0) == owner;
}

static int is_ours(const void *function) {
    return (uintptr_t)function - process.facts.castaway.lo < process.facts.castaway.hi - process.facts.castaway.lo;
}

int init_has_own_malloc(void) {
    const void *definition = module_definition("malloc");
    return definition && !is_ours(definition);
}

__attribute__((constructor)) static void start(int count, char **arguments, char **environment) {
    (void)count;
    (void)arguments;
    start_recording();
    process.environment = environment;
    if (aside_stands) {
        options_parse(init_environment("CASTAWAY_OPTIONS"), &process.options);
        follow_start();
        launch_list_self(UNWATCHED_SANITIZER);
        return;
    }
    thread_busy++;
    fork_look();
    start_unwinding();
    process.own_malloc = init_has_own_malloc();
    if (!process.facts.allocator_is_glibc)
        dl_iterate_phdr(allocator_tls_learn, &process.facts);
    options_parse(init_environment("CASTAWAY_OPTIONS"), &process.options);
    fork_init();
    fatal_init();
    on_exit(on_program_exit, NULL);
    (void)at_quick_exit(on_quick_exit);
    lsan_start(init_environment("LSAN_OPTIONS"));
    follow_start();
    process.started = is_wanted();
    if (!process.started) {
        hook_recording_ends(); /* nobody will ask */
    } else {
        limits_start();
        give_way_start();
        profile_start();
        pairs_start();
        deepbind_start();
        live_start();
        rights_start();
    }
    thread_busy--;
}

void process_after_fork(void) {
    process.is_forked = 1;
    if (rights_confined) /* nobody will look at it, and to ask may be forbidden */
        return;
    process.started = process.started && options_children(&process.options);
    note_start();
    rights_after_fork();
    live_after_fork();
    if (!process.started) {
        live_end();
        hook_recording_ends(); /* nobody will ask */
    }
    exit_after_fork();
}
