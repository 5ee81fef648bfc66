/* limits.c - see the header.
 *
 * A hard limit, once lowered, can't be raised again, by a snapshot child as little as by the program. So of those that
 * stand in the way of a scan only the soft one is lowered; what the program has asked for is kept here, shown to it,
 * enforced when it asks for more, and made real before another program inherits it. A limit on memory is set
 * higher than asked for by what we take, so that the program can have what it could without us.
 *
 * Owns:    what the program has asked for where the kernel was told something else; the reserve of memory.
 * Never:   touches the limits of another process.
 * Start:   limit_set(). Source: setrlimit(2). */
#include "limits.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "hooks.h"
#include "init.h"
#include "locked.h"
#include "next.h"
#include "pages.h"
#include "proc.h"
#include "rights.h"
#include "sys.h"

/* The program's words; of resources that are not listed here, and of all others, the kernel's are the same. */
static struct asked {
    int resource, is_kept;
    int is_made_up; /* the kernel's is higher by all that we may take */
    struct rlimit limit;
} asked[] = {
    {.resource = RLIMIT_AS},     {.resource = RLIMIT_DATA},  {.resource = RLIMIT_FSIZE},
    {.resource = RLIMIT_NOFILE}, {.resource = RLIMIT_NPROC},
};
enum { ASKED = sizeof asked / sizeof asked[0], LIBRARIES_BYTES = 4 << 20, PAGE_BYTES = 4096 };

static struct asked *asked_of(int resource) {
    for (unsigned i = 0; i < ASKED; i++)
        if (asked[i].resource == resource)
            return &asked[i];
    return NULL;
}

static long kernel_limit(int resource, const struct rlimit *limit, struct rlimit *before) {
    return sys(SYS_prlimit64, 0, resource, limit, before);
}

/* ---- a reserve ---- */

/* What a search takes, but no more than a fourth of all. */
enum { RESERVE_BYTES = 4 << 20, RESERVE_PART = 12, RESERVE_PART_MAX = 4 };
static struct range reserve;

static rlim_t limit_of(int resource) {
    struct rlimit limit = {0};
    return kernel_limit(resource, NULL, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

/* What can be raised at the end is at hand then. */
static void reserve_take(void) {
    struct rlimit limit = {0};
    if (kernel_limit(RLIMIT_AS, NULL, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return;
    size_t wish = RESERVE_BYTES + limit.rlim_cur / RESERVE_PART, most = limit.rlim_cur / RESERVE_PART_MAX;
    size_t bytes = (wish < most ? wish : most) & ~(size_t)(PAGE_BYTES - 1);
    if (limit.rlim_max - limit.rlim_cur >= bytes)
        return;
    long result = sys(SYS_mmap, 0, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!sys_failed(result))
        reserve = (struct range){(uintptr_t)result, (uintptr_t)result + bytes};
}

size_t limits_spend(void) {
    size_t bytes = reserve.hi - reserve.lo;
    if (bytes)
        sys(SYS_munmap, reserve.lo, bytes);
    reserve = (struct range){0};
    return bytes;
}

/* ---- is it for us that there is no memory? ---- */

/* Infinity also where the program has no less than without us. */
static rlim_t tight_limit_of(int resource) {
    const struct asked *own = asked_of(resource);
    return own && own->is_kept && own->is_made_up ? RLIM_INFINITY : limit_of(resource);
}

int limits_are_tight(void) {
    if (rights_confined) /* to ask may be forbidden */
        return 0;
    return tight_limit_of(RLIMIT_AS) != RLIM_INFINITY || tight_limit_of(RLIMIT_DATA) != RLIM_INFINITY ||
           (locked_always && limit_of(RLIMIT_MEMLOCK) != RLIM_INFINITY);
}

void limits_look(void) {
    if (limits_are_tight())
        pages_save_space();
}

enum {
    STATM_FIELDS = 7,
    STATM_ALL = 0,
    STATM_DATA = 5,
    SLACK_BYTES = 1 << 20 /* an allocator asks for more at a time */
};

/* In pages. Source: Linux, Documentation/filesystems/proc.rst, "statm". returns 0, or -1: not known */
static int statm_read(size_t fields[STATM_FIELDS]) {
    char text[256] = "";
    long file = proc_file("/proc/self/statm", 0);
    if (sys_failed(file))
        return -1;
    long got = sys(SYS_read, file, text, sizeof text - 1);
    sys(SYS_close, file);
    const char *at = text;
    for (int i = 0; i < STATM_FIELDS; i++, at += *at == ' ')
        for (fields[i] = 0; *at >= '0' && *at <= '9'; at++)
            fields[i] = fields[i] * 10 + (size_t)(*at - '0');
    return got > 0 ? 0 : -1;
}

/* Whether locked memory is ours is not known to the kernel; it is little, as it is unlocked at once. */
static int would_do_locked(size_t bytes) {
    return locked_always && limit_of(RLIMIT_MEMLOCK) != RLIM_INFINITY && bytes <= limit_of(RLIMIT_MEMLOCK);
}

static int would_do(int resource, size_t used_bytes, size_t ours_bytes, size_t bytes) {
    rlim_t limit = tight_limit_of(resource), room = limit > used_bytes ? limit - used_bytes : 0;
    return limit == RLIM_INFINITY || (bytes <= limit && bytes <= room + ours_bytes + SLACK_BYTES);
}

int limits_would_do(size_t bytes) {
    size_t fields[STATM_FIELDS], ours = pages_bytes();
    if (!limits_are_tight())
        return 0;
    if (would_do_locked(bytes))
        return 1;
    if (statm_read(fields) != 0)
        return bytes <= limit_of(RLIMIT_AS) && bytes <= limit_of(RLIMIT_DATA);
    return would_do(RLIMIT_AS, fields[STATM_ALL] * PAGE_BYTES, ours + (reserve.hi - reserve.lo), bytes) &&
           would_do(RLIMIT_DATA, fields[STATM_DATA] * PAGE_BYTES, ours, bytes);
}

/* ---- what is in the way of a scan ---- */

void limit_lift(int resource) {
    struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY}, limit = {0, 0};
    if (kernel_limit(resource, NULL, &limit) != 0 || kernel_limit(resource, &none, NULL) == 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    kernel_limit(resource, &limit, NULL);
}

void limits_lift(void) {
    for (unsigned i = 0; i < ASKED; i++)
        limit_lift(asked[i].resource);
}

/* Threads of the program may make a process meanwhile: that is their luck. What they ask for meanwhile holds: the kernel
 * tells what each call replaces. */
int limit_lift_processes(struct limit_lifted *limit) {
    *limit = (struct limit_lifted){.now = {0, 0}};
    if (rights_filtered || kernel_limit(RLIMIT_NPROC, NULL, &limit->now) != 0 ||
        limit->now.rlim_cur >= limit->now.rlim_max)
        return 0;
    limit->now.rlim_cur = limit->now.rlim_max;
    return kernel_limit(RLIMIT_NPROC, &limit->now, &limit->before) == 0;
}

void limit_drop_processes(const struct limit_lifted *limit) {
    struct rlimit wish = limit->before, expected = limit->now, replaced;
    while (kernel_limit(RLIMIT_NPROC, &wish, &replaced) == 0 && memcmp(&replaced, &expected, sizeof replaced) != 0) {
        expected = wish;
        wish = replaced;
    }
}

/* Source: clone(2), "CLONE_PARENT_SETTID": the kernel stores the number before the child runs. */
static long copy_process(int *child) {
    return sys(SYS_clone, child ? CLONE_PARENT_SETTID : 0, 0, child, 0, 0);
}

long limits_clone(int *child) {
    struct limit_lifted limit;
    long result = copy_process(child);
    if (result != -EAGAIN || !limit_lift_processes(&limit))
        return result;
    result = copy_process(child);
    if (result != 0)
        limit_drop_processes(&limit);
    return result;
}

void limits_settle(void) {
    if (rights_confined)
        return;
    for (unsigned i = 0; i < ASKED; i++)
        if (asked[i].is_kept)
            kernel_limit(asked[i].resource, &asked[i].limit, NULL);
}

static long ask(struct asked *ask, const struct rlimit *limit);

void limits_resume(void) {
    if (rights_confined || (int)sys(SYS_getpid, 0) != process.pid)
        return;
    for (unsigned i = 0; i < ASKED; i++)
        if (asked[i].is_kept)
            ask(&asked[i], &asked[i].limit);
}

/* ---- the program's calls ---- */

static int is_memory(int resource) {
    return resource == RLIMIT_AS || resource == RLIMIT_DATA;
}

/* What we have, and what small objects to come will take: as much as they are themselves. */
static rlim_t with_ours(rlim_t bytes) {
    rlim_t more = bytes + LIBRARIES_BYTES + pages_bytes();
    return bytes < RLIM_INFINITY / 2 - more ? bytes + more : RLIM_INFINITY;
}

static long ask(struct asked *ask, const struct rlimit *limit) {
    struct rlimit real = {0}, shown;
    long error = kernel_limit(ask->resource, NULL, &real);
    if (error)
        return error;
    shown = ask->is_kept ? ask->limit : real;
    if (limit->rlim_cur > limit->rlim_max)
        return -EINVAL;
    if (limit->rlim_max > shown.rlim_max && !rights_have(CAP_SYS_RESOURCE))
        return -EPERM;
    if (limit->rlim_max > real.rlim_max)
        real.rlim_max = limit->rlim_max;
    if (is_memory(ask->resource) && limit->rlim_cur != RLIM_INFINITY)
        pages_save_space();
    rlim_t wish = is_memory(ask->resource) ? with_ours(limit->rlim_cur) : limit->rlim_cur;
    real.rlim_cur = wish < real.rlim_max ? wish : real.rlim_max;
    error = kernel_limit(ask->resource, &real, NULL);
    if (error)
        return error;
    ask->limit = *limit;
    ask->is_kept = 1;
    ask->is_made_up = real.rlim_cur == wish;
    return 0;
}

/* Objects may be smaller than was thought, or lie further apart. */
int limits_stretch(size_t bytes) {
    enum { MORE_BYTES = 16 << 20 };
    int is_more = 0;
    if (rights_confined || (int)sys(SYS_getpid, 0) != process.pid)
        return 0;
    for (unsigned i = 0; i < ASKED; i++) {
        struct rlimit real = {0};
        if (!is_memory(asked[i].resource) || !asked[i].is_kept || !asked[i].is_made_up ||
            kernel_limit(asked[i].resource, NULL, &real) != 0 || real.rlim_max - real.rlim_cur < bytes + MORE_BYTES)
            continue;
        real.rlim_cur += bytes + MORE_BYTES;
        is_more |= kernel_limit(asked[i].resource, &real, NULL) == 0;
    }
    return is_more;
}

/* What can't be raised is not: then the program has less than without us, until it needs it (give_way.c). */
void limits_start(void) {
    static const int memory[] = {RLIMIT_AS, RLIMIT_DATA};
    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++) {
        struct rlimit limit = {0};
        if (kernel_limit(memory[i], NULL, &limit) == 0 && limit.rlim_cur < limit.rlim_max)
            ask(asked_of(memory[i]), &limit);
    }
    reserve_take();
}

/* Is it the program's, and not that of a child which shares its memory? */
static int is_own(int pid) {
    return process.started && (pid == 0 || pid == process.pid) &&
           (rights_confined || (int)sys(SYS_getpid, 0) == process.pid); /* to ask may be forbidden */
}

static int limit_set(int pid, int resource, const struct rlimit *limit, struct rlimit *before) {
    next_find();
    struct asked *own = is_own(pid) ? asked_of(resource) : NULL;
    if (own && limit && !rights_confined && !sys_can_read(limit))
        own = NULL;
    /* by the kernel's hand: a program may pass a place that can't be written, and see EFAULT */
    long error = sys(SYS_prlimit64, pid, resource, own ? NULL : limit, before);
    struct rlimit shown = own && own->is_kept ? own->limit : (struct rlimit){0};
    int is_shown = before && own && own->is_kept;
    if (!error && own && limit)
        error = ask(own, limit);
    if (!error && is_shown)
        *before = shown;
    errno = error ? (int)-error : errno;
    return error ? -1 : 0;
}

/* struct rlimit64 is the same on 64-bit machines. */
EXPORT int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit) {
    return limit_set(0, (int)resource, limit, NULL);
}
EXPORT int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit) {
    return limit_set(0, (int)resource, (const struct rlimit *)limit, NULL);
}
EXPORT int getrlimit(__rlimit_resource_t resource, struct rlimit *limit) {
    return limit_set(0, (int)resource, NULL, limit);
}
EXPORT int getrlimit64(__rlimit_resource_t resource, struct rlimit64 *limit) {
    return limit_set(0, (int)resource, NULL, (struct rlimit *)limit);
}
EXPORT int prlimit(pid_t pid, enum __rlimit_resource resource, const struct rlimit *limit, struct rlimit *before) {
    return limit_set(pid, (int)resource, limit, before);
}
EXPORT int prlimit64(pid_t pid, enum __rlimit_resource resource, const struct rlimit64 *limit,
                     struct rlimit64 *before) {
    return limit_set(pid, (int)resource, (const struct rlimit *)limit, (struct rlimit *)before);
}
