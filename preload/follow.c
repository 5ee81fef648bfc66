/* follow.c - see the header.
 *
 * A program that is started with an environment of its own (`env -i`, a service, a test) lacks our two variables. They
 * are put back for the loader, with a mark that says which ones are ours; our constructor in the new program takes those
 * out again, so it sees the environment that it was given, and from there the same is done for what it starts. With the
 * two go the switches of pools. What stands in the environment is the user's word: an empty LD_PRELOAD keeps us out, and
 * with CASTAWAY_OPTIONS of somebody else nothing is changed.
 *
 * Owns:    the program's `environ` as far as our variables are concerned.
 * Never:   allocates in follow_launch(): it may run in a child that shares the program's memory.
 * Start:   follow_launch(), follow_start(). */
#include "follow.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "analysis/pools.h"
#include "give_way.h"
#include "handed.h"
#include "init.h"
#include "limits.h"
#include "lock.h"
#include "pages.h"
#include "proc.h"
#include "rights.h"
#include "sys.h"
#include "text.h"
#include "thread.h"

#define PRELOAD "LD_PRELOAD="
#define OPTIONS "CASTAWAY_OPTIONS="
#define MARK ":added="

enum {
    EXTRA = 2 + POOL_SWITCHES, /* entries that are put in at most */
    ENTRIES_MAX = 1 << 14      /* the copy stands on the program's stack */
};

/* Bits of the mark: what the environment lacked. */
enum added {
    ADDED_PRELOAD = 1,
    ADDED_TO_PRELOAD = 2,
    ADDED_OPTIONS = 4,
    ADDED_FILE = 8,   /* nothing was lacking: the mark says which file goes with them (handed.c) */
    ADDED_SWITCH = 16 /* and the bits from there on */
};

static struct {
    const char *library; /* as LD_PRELOAD names it; NULL: nothing is followed */
    const char *options; /* CASTAWAY_OPTIONS=... as the process was started, without a mark */
    unsigned switches;   /* bits from ADDED_SWITCH on: those that `castaway run` has set */
    unsigned hidden;     /* enum added: what is not in environ */
    char *others;        /* LD_PRELOAD=... as the program was given it, when it was given one */
} follow;

static int begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* ---- an environment that a program gives ---- */

struct given {
    size_t count;
    const char *preload, *options; /* values; NULL: not there */
    unsigned switches;             /* those that stand in it */
};

static unsigned switch_of(const char *entry) {
    for (unsigned i = 0; i < POOL_SWITCHES; i++) {
        size_t bytes = strlen(pool_switches[i].name);
        if (strncmp(entry, pool_switches[i].name, bytes) == 0 && entry[bytes] == '=')
            return ADDED_SWITCH << i;
    }
    return 0;
}

static struct given given_by(char *const *environment) {
    struct given given = {0};
    for (; environment && environment[given.count]; given.count++) {
        const char *entry = environment[given.count];
        if (begins(entry, PRELOAD))
            given.preload = entry + strlen(PRELOAD);
        else if (begins(entry, OPTIONS))
            given.options = entry + strlen(OPTIONS);
        else
            given.switches |= switch_of(entry);
    }
    return given;
}

/* The process is the program's, or one that it starts and that is wanted; not a copy for which children=no holds. */
static int is_followed(void) {
    return follow.library && process.started && !rights_confined &&
           (options_children(&process.options) || (int)sys(SYS_getpid, 0) == process.pid);
}

/* What is to be put in. Options that are not ours say how somebody else wants it.
 * file  that goes with them, or -1 */
static unsigned lacks(const struct given *given, int file) {
    unsigned added = file < 0 ? 0 : ADDED_FILE;
    int keeps_out = given->preload && !*given->preload;
    if (given->count > ENTRIES_MAX || keeps_out || (given->options && !strstr(given->options, process.options.dir)))
        return 0;
    if (!given->preload)
        added |= ADDED_PRELOAD;
    else if (!strstr(given->preload, follow.library))
        added |= ADDED_TO_PRELOAD;
    if (!given->options)
        added |= ADDED_OPTIONS | (follow.switches & ~given->switches);
    return added;
}

/* ---- the one that it gets ---- */

static size_t preload_bytes(const struct given *given) {
    return sizeof PRELOAD + strlen(follow.library) + 1 + (given->preload ? strlen(given->preload) : 0);
}
static size_t options_bytes(void) {
    return strlen(follow.options) + sizeof MARK + 2 * PROC_DECIMAL_BYTES;
}

static void write_preload(char *out, const struct given *given) {
    out = text_append(out, PRELOAD, strlen(PRELOAD));
    out = text_append(out, follow.library, strlen(follow.library));
    if (given->preload && *given->preload) {
        out = text_append(out, ":", 1);
        text_append(out, given->preload, strlen(given->preload));
    }
}
static void write_options(char *out, unsigned added, int file) {
    out = text_append(out, follow.options, strlen(follow.options));
    out = text_append(out, MARK, strlen(MARK));
    out += proc_decimal((int)added, out);
    if (added & ADDED_FILE) {
        out = text_append(out, ".", 1);
        proc_decimal(file, out);
    }
}

/* out  room for as many entries as `environment` has, EXTRA and NULL; preload, options: our own */
static void compose(char *const *environment, unsigned added, char *preload, char *options, char **out) {
    int own_preload = (added & (ADDED_PRELOAD | ADDED_TO_PRELOAD)) != 0;
    for (size_t i = 0; environment && environment[i]; i++)
        if (!(own_preload && begins(environment[i], PRELOAD)) && !begins(environment[i], OPTIONS))
            *out++ = environment[i];
    if (own_preload)
        *out++ = preload;
    *out++ = options;
    for (unsigned i = 0; i < POOL_SWITCHES; i++)
        if (added & ADDED_SWITCH << i)
            *out++ = (char *)(uintptr_t)pool_switches[i].setting;
    *out = NULL;
}

static int launch_with(const struct launch *launch, const struct given *given, unsigned added, int file) {
    char *environment[given->count + EXTRA + 1], preload[preload_bytes(given)], options[options_bytes()];
    write_preload(preload, given);
    write_options(options, added, file);
    compose(launch->environment, added, preload, options, environment);
    return launch->run(launch, environment);
}

/* A loader that can't take us says so, or ends the program: it must not try. */
static int launch_without(const struct launch *launch, const struct given *given) {
    char *environment[given->count + 1], preload[sizeof PRELOAD + (given->preload ? strlen(given->preload) : 0)];
    const char *ours = given->preload ? strstr(given->preload, follow.library) : NULL;
    size_t kept = 0;
    for (size_t i = 0; i < given->count; i++) {
        char *entry = launch->environment[i];
        if (ours && begins(entry, PRELOAD)) {
            const char *rest = ours + strlen(follow.library);
            char *end = text_append(preload, PRELOAD, strlen(PRELOAD));
            end = text_append(end, given->preload, (size_t)(ours - given->preload));
            text_append(end, rest + (*rest == ':'), strlen(rest + (*rest == ':')));
            if (!preload[strlen(PRELOAD)])
                continue;
            entry = preload;
        }
        environment[kept++] = entry;
    }
    environment[kept] = NULL;
    return launch->run(launch, environment);
}

/* ---- the call ---- */

static int launch_as(const struct launch *launch, const struct given *given, enum unwatched why) {
    int file = why == WATCHED ? handed_open() : -1;
    unsigned added = why == WATCHED ? lacks(given, file) : 0;
    int strip = why == UNWATCHED_OTHER_MACHINE || why == UNWATCHED_MUSL || why == UNWATCHED_OUT_OF_REACH ||
                why == UNWATCHED_FILTERED;
    if (added) {
        int result = launch_with(launch, given, added, file);
        handed_close(file);
        return result;
    }
    handed_close(file);
    return strip && given->count <= ENTRIES_MAX ? launch_without(launch, given)
                                                : launch->run(launch, launch->environment);
}

/* A filter of the program's may kill for the calls that it takes to look. */
static enum unwatched judge(const struct launch *launch, struct unwatched_program *out) {
    if (rights_unfollowed)
        return launch_refuse(launch, UNWATCHED_FILTERED, out);
    return rights_filtered ? WATCHED : launch_judge(launch, follow.library, out);
}

static int launch_followed(const struct launch *launch) {
    struct unwatched_program program = {.why = WATCHED};
    struct given given = given_by(launch->environment);
    if (rights_confined && follow.library) /* there it would die as it would have here */
        return launch_as(launch, &given, UNWATCHED_FILTERED);
    if (!is_followed())
        return launch->run(launch, launch->environment);
    int error = errno, pid = (int)sys(SYS_getpid, 0);
    enum unwatched why = judge(launch, &program);
    if (why == WATCHED && given.preload && !*given.preload)
        program.why = why = UNWATCHED_UNWANTED;
    if (why != WATCHED && !launch->child)
        launch_list(&program, pid, 0);
    errno = error;
    int result = launch_as(launch, &given, why);
    error = errno;
    if (why != WATCHED && !launch->child)
        launch_list(&program, pid, 1);
    else if (why != WATCHED && result == 0)
        launch_list(&program, *launch->child, 0);
    errno = error;
    return result;
}

/* Of the stack that a child begins on, and the like. */
enum { LAUNCH_BYTES = 256 << 10 };

int follow_launch(const struct launch *launch) {
    if (launch->child)
        give_way_for(LAUNCH_BYTES);
    limits_settle();
    int result = launch_followed(launch);
    limits_resume();
    return result;
}

/* ---- the program's own environment ---- */

static int has_module(struct dl_phdr_info *info, size_t bytes, void *part) {
    (void)bytes;
    const char *slash = strrchr(info->dlpi_name, '/');
    return slash && strstr(slash, part);
}

static int is_read_here(const char *part) {
    char path[OPTION_BYTES_MAX];
    long bytes = sys(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof path - 1);
    path[bytes > 0 ? bytes : 0] = 0;
    const char *slash = strrchr(path, '/');
    return (slash && strstr(slash, part)) || dl_iterate_phdr(has_module, (void *)(uintptr_t)part);
}

/* Keep "LD_PRELOAD=" with what the program was given behind us. */
static void learn_others(void) {
    const char *value = init_environment("LD_PRELOAD");
    if (!value || strlen(value) <= strlen(follow.library))
        return;
    const char *rest = value + strlen(follow.library) + 1;
    char *out = pages_alloc(sizeof PRELOAD + strlen(rest));
    if (out)
        text_append(text_append(out, PRELOAD, strlen(PRELOAD)), rest, strlen(rest));
    follow.others = out;
}

/* What the program shall see in the place of `entry`; NULL: nothing. */
static char *shown(char *entry, unsigned hidden) {
    if (begins(entry, PRELOAD) && hidden & ADDED_PRELOAD)
        return NULL;
    if (begins(entry, PRELOAD) && hidden & ADDED_TO_PRELOAD)
        return follow.others;
    if (begins(entry, OPTIONS))
        return hidden & ADDED_OPTIONS ? NULL : (char *)(uintptr_t)follow.options;
    return hidden & switch_of(entry) ? NULL : entry;
}

/* A switch that something here reads stays; of one that is gone nothing may be told. */
static void settle_switches(void) {
    for (unsigned i = 0; i < POOL_SWITCHES; i++) {
        unsigned bit = ADDED_SWITCH << i;
        char *told = strstr(process.options.pools, pool_switches[i].name);
        if (follow.hidden & bit && is_read_here(pool_switches[i].module))
            follow.hidden &= ~bit;
        else if (follow.hidden & bit && told)
            memset(told, '-', strlen(pool_switches[i].name));
    }
}

static void hide(void) {
    char **kept = environ;
    for (char **entry = environ; entry && *entry; entry++)
        if ((*kept = shown(*entry, follow.hidden)))
            kept++;
    if (kept)
        *kept = NULL;
}

static unsigned switches_set(void) {
    unsigned set = 0;
    for (unsigned i = 0; i < POOL_SWITCHES; i++)
        if (strstr(process.options.pools, pool_switches[i].name))
            set |= ADDED_SWITCH << i;
    return set;
}

void follow_start(void) {
    const char *options = init_environment("CASTAWAY_OPTIONS");
    Dl_info self;
    if (!process.options.dir[0] || !options || !dladdr(&follow, &self))
        return;
    char *copy = pages_alloc(sizeof OPTIONS + strlen(options));
    if (!copy)
        return;
    text_append(text_append(copy, OPTIONS, strlen(OPTIONS)), options, strlen(options));
    char *mark = strstr(copy, MARK);
    if (mark) {
        char *file = strchr(mark, '.');
        if (file)
            *file++ = 0;
        follow.hidden = (unsigned)proc_number(mark + strlen(MARK));
        if (file)
            handed_take(proc_number(file));
        *mark = 0;
    }
    follow.options = copy;
    follow.library = self.dli_fname;
    follow.switches = switches_set();
    if (!follow.hidden)
        return;
    learn_others();
    settle_switches();
    hide();
}

/* ---- libc's own launches ---- */

/* Under LOCK_SHELL. Kept from one shell to the next: memory of ours is never given back. */
static struct {
    int count;               /* shells that begin, or that libc waits for */
    char **before, **ours;   /* environ before the first of them; while count > 0 */
    struct given given;      /* what stands in `before` */
    char *preload, *options; /* what stands in `ours` for these */
    size_t bytes;            /* room behind ours */
    int file;                /* that goes with them, or -1 */
} shells = {.file = -1};

static char **shells_room(size_t bytes) {
    if (bytes > shells.bytes) {
        shells.ours = pages_alloc(bytes * 2);
        shells.bytes = shells.ours ? bytes * 2 : 0;
    }
    return shells.ours;
}

static void show(void) {
    struct given given = given_by(environ);
    int file = is_followed() ? handed_open() : -1;
    unsigned added = is_followed() ? lacks(&given, file) : 0;
    size_t entries = given.count + EXTRA + 1, text = preload_bytes(&given);
    if (!added || !shells_room(entries * sizeof(char *) + text + options_bytes())) {
        handed_close(file);
        return;
    }
    shells.file = file;
    shells.given = given;
    shells.preload = (char *)(shells.ours + entries);
    shells.options = shells.preload + text;
    write_preload(shells.preload, &given);
    write_options(shells.options, added, file);
    compose(environ, added, shells.preload, shells.options, shells.ours);
    shells.before = environ;
    environ = shells.ours;
}

static char *entry_of(const char *value, const char *name) {
    return value ? (char *)(uintptr_t)(value - strlen(name)) : NULL;
}

/* What stood in the environment for one of `ours`; NULL: nothing. */
static char *stood_before(char *entry) {
    if (entry == shells.preload)
        return entry_of(shells.given.preload, PRELOAD);
    if (entry == shells.options)
        return entry_of(shells.given.options, OPTIONS);
    for (unsigned i = 0; i < POOL_SWITCHES; i++)
        if (entry == pool_switches[i].setting)
            return NULL;
    return entry;
}

/* What did not change is not written: it may be a constant. */
static void put_back(size_t place, char *entry) {
    if (shells.before[place] != entry)
        shells.before[place] = entry;
}

/* What other threads have changed meanwhile stays changed, where there is room. When libc has made an environment of its
 * own for that, ours stay in it. */
static void hide_again(void) {
    size_t kept = 0;
    handed_close(shells.file);
    shells.file = -1;
    if (environ != shells.ours)
        return;
    for (size_t i = 0; shells.ours[i] && kept < shells.given.count; i++) {
        char *entry = stood_before(shells.ours[i]);
        if (entry)
            put_back(kept++, entry);
    }
    if (shells.before)
        put_back(kept, NULL);
    environ = shells.before;
}

int follow_shell_begins(void) {
    give_way_for(LAUNCH_BYTES);
    limits_settle();
    if (!follow.library || (!follow.hidden && !handed_is_due()))
        return 0;
    thread_busy++;
    lock_take(LOCK_SHELL);
    if (shells.count++ == 0)
        show();
    lock_release(LOCK_SHELL);
    thread_busy--;
    return 1;
}

void follow_shell_ends(int begun) {
    limits_resume();
    if (!begun)
        return;
    thread_busy++;
    lock_take(LOCK_SHELL);
    if (--shells.count == 0)
        hide_again();
    lock_release(LOCK_SHELL);
    thread_busy--;
}
