/* helpers.c - threads in a snapshot child, by raw clones.
 *
 * They are for one piece of work each: starting one takes some microseconds, and one that waits for more would cost the
 * program processor time.
 *
 * Owns:    their stacks.
 * Never:   starts one in the program itself, or where a filter of system calls might kill for it.
 * Runs in: snapshot child.
 * Start:   helpers_crew(), then together().
 * Source:  clone(2), CLONE_CHILD_CLEARTID; futex(2) */
#include "helpers.h"

#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "arch.h"
#include "init.h"
#include "options.h"
#include "rights.h"
#include "sys.h"

enum { BY_ITSELF_MAX = 4, STACK_BYTES = 128 << 10, CPU_WORDS = 128, REST_NS = 20000 };

struct helper {
    char *stack;
    int running; /* the kernel sets it to 0 and wakes who waits */
    crew_work *work;
    void *job;
};

struct helpers {
    struct crew crew;
    struct helper helper[CREW_MAX - 1];
};

static void help(void *argument) {
    const struct helper *helper = argument;
    helper->work(helper->job);
}

static void start(struct helper *helper) {
    const long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    __atomic_store_n(&helper->running, 1, __ATOMIC_RELAXED);
    long thread =
        arch_clone_thread(flags | CLONE_CHILD_CLEARTID, helper->stack + STACK_BYTES, &helper->running, help, helper);
    if (sys_failed(thread))
        __atomic_store_n(&helper->running, 0, __ATOMIC_RELAXED);
}

static void wait_for(struct helper *helper) {
    while (__atomic_load_n(&helper->running, __ATOMIC_ACQUIRE))
        sys(SYS_futex, &helper->running, FUTEX_WAIT, 1, 0);
}

static void together(const struct crew *crew, crew_work *work, void *job) {
    struct helpers *helpers = crew->context;
    for (unsigned i = 0; i + 1 < crew->size; i++) {
        helpers->helper[i].work = work;
        helpers->helper[i].job = job;
        start(&helpers->helper[i]);
    }
    work(job);
    for (unsigned i = 0; i + 1 < crew->size; i++)
        wait_for(&helpers->helper[i]);
}

static void rest(void) {
    struct timespec moment = {.tv_nsec = REST_NS};
    sys(SYS_nanosleep, &moment, 0);
}

static unsigned processors(void) {
    unsigned long mask[CPU_WORDS] = {0};
    long bytes = sys(SYS_sched_getaffinity, 0, sizeof mask, mask);
    unsigned count = 0;
    for (size_t i = 0; !sys_failed(bytes) && i < (size_t)bytes / sizeof *mask; i++)
        count += (unsigned)__builtin_popcountl(mask[i]);
    return count;
}

static unsigned crew_size(void) {
    unsigned asked = options_mark_threads(&process.options);
    if (asked)
        return asked < CREW_MAX ? asked : CREW_MAX;
    unsigned count = processors();
    return count < BY_ITSELF_MAX ? count : BY_ITSELF_MAX;
}

const struct crew *helpers_crew(struct arena *arena) {
    unsigned size = rights_filtered ? 1 : crew_size();
    struct helpers *helpers = size > 1 ? arena_alloc(arena, 1, sizeof *helpers) : NULL;
    if (!helpers)
        return NULL;
    helpers->crew = (struct crew){.size = size, .together = together, .rest = rest, .context = helpers};
    for (unsigned i = 0; i + 1 < size; i++) {
        helpers->helper[i].stack = arena_alloc(arena, 1, STACK_BYTES);
        if (!helpers->helper[i].stack)
            return NULL;
    }
    return &helpers->crew;
}
