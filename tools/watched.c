/* watched.c - can this process be asked?
 *
 * Never: trusts that the process is still the same one; who asks it checks the answer.
 * Start: watched_look(). */
#include "watched.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LIBRARY "/libcastaway.so"
enum { STARTING_MS = 2000, YOUNG_MS = 10000 };

/* ---- /proc ---- */

static FILE *open_proc(pid_t pid, const char *name) {
    char path[96];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return fopen(path, "re");
}

struct facts {
    int tgid, nspid; /* the last of NSpid: in the innermost namespace */
    unsigned uid, euid;
    char state;
};

static int read_facts(pid_t pid, struct facts *facts) {
    char line[512];
    FILE *file = open_proc(pid, "status");
    if (!file)
        return -1;
    *facts = (struct facts){.tgid = pid, .nspid = pid};
    while (fgets(line, sizeof line, file)) {
        const char *last = strrchr(line, '\t');
        sscanf(line, "State: %c", &facts->state);
        sscanf(line, "Tgid: %d", &facts->tgid);
        sscanf(line, "Uid: %u %u", &facts->uid, &facts->euid);
        if (!strncmp(line, "NSpid:", 6) && last)
            facts->nspid = atoi(last + 1);
    }
    fclose(file);
    return 0;
}

bool watched_lives(pid_t pid) {
    struct facts facts;
    return !read_facts(pid, &facts) && facts.state != 'Z' && facts.state != 'X';
}

const char *watched_hindrance(pid_t pid) {
    static const struct {
        char state;
        const char *text;
    } texts[] = {{'T', " (it is stopped)"}, {'t', " (a debugger holds it)"}, {'D', " (it waits for a device)"}};
    struct facts facts;
    if (read_facts(pid, &facts))
        return "";
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].state == facts.state)
            return texts[i].text;
    return "";
}

static bool maps_library(pid_t pid) {
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    FILE *file = open_proc(pid, "maps");
    if (!file)
        return true; /* we may not look */
    while (!found && getline(&line, &room, file) > 0)
        found = strstr(line, LIBRARY) != NULL;
    found |= ferror(file) != 0;
    free(line);
    fclose(file);
    return found;
}

/* The value of the last control= in a list of options. */
static bool options_say_no(const char *options) {
    bool no = false;
    for (const char *at = options; at; at = strchr(at, ':')) {
        at += *at == ':';
        if (!strncmp(at, "control=", 8))
            no = !strncmp(at + 8, "no", 2) && (!at[10] || at[10] == ':');
    }
    return no;
}

static bool control_is_off(pid_t pid) {
    char *variable = NULL;
    size_t room = 0;
    bool off = false;
    FILE *file = open_proc(pid, "environ");
    while (file && getdelim(&variable, &room, '\0', file) > 0)
        if (!strncmp(variable, "CASTAWAY_OPTIONS=", 17))
            off = options_say_no(variable + 17);
    free(variable);
    if (file)
        fclose(file);
    return off;
}

/* ---- namespaces ---- */

static bool same_namespace(pid_t pid, const char *kind) {
    struct stat ours, its;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s", kind);
    if (stat(path, &ours))
        return true;
    snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, kind);
    return stat(path, &its) || (ours.st_ino == its.st_ino && ours.st_dev == its.st_dev);
}

static bool same_root(pid_t pid) {
    struct stat ours, its;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/root", (int)pid);
    return stat("/", &ours) || stat(path, &its) || (ours.st_ino == its.st_ino && ours.st_dev == its.st_dev);
}

/* A user id of ours as it is inside the process's user namespace. */
static uid_t user_inside(pid_t pid, uid_t uid) {
    unsigned long inside, outside, count;
    uid_t found = uid;
    FILE *file = same_namespace(pid, "user") ? NULL : open_proc(pid, "uid_map");
    while (file && fscanf(file, "%lu %lu %lu", &inside, &outside, &count) == 3)
        if (uid >= outside && uid - outside < count)
            found = (uid_t)(uid - outside + inside);
    if (file)
        fclose(file);
    return found;
}

/* ---- castaway itself ---- */

/* Of `castaway run`, its program; else 0. */
static pid_t program_of(pid_t pid) {
    struct stat ours, its;
    char path[64];
    int child = 0;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    if (pid == getpid() || stat("/proc/self/exe", &ours) || stat(path, &its) || ours.st_ino != its.st_ino ||
        ours.st_dev != its.st_dev)
        return 0;
    snprintf(path, sizeof path, "task/%d/children", (int)pid);
    FILE *file = open_proc(pid, path);
    if (file && fscanf(file, "%d", &child) != 1)
        child = 0;
    if (file)
        fclose(file);
    return child;
}

/* How long ago it started; of one that is gone, longer than is of interest. */
static double age_ms(pid_t pid) {
    unsigned long long ticks = 0;
    char text[1024] = "";
    struct timespec now;
    FILE *file = open_proc(pid, "stat");
    if (!file)
        return YOUNG_MS;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    const char *behind_name = strrchr(text, ')');
    if (!behind_name || sscanf(behind_name + 1,
                               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
                               "%*d %llu",
                               &ticks) != 1)
        return YOUNG_MS;
    clock_gettime(CLOCK_BOOTTIME, &now);
    double age = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)ticks / (double)sysconf(_SC_CLK_TCK);
    return age * 1000;
}

/* ---- the whole ---- */

static const char *user_name(struct pool *pool, uid_t uid) {
    const struct passwd *entry = getpwuid(uid);
    return entry ? pool_strdup(pool, entry->pw_name) : pool_printf(pool, "%u", (unsigned)uid);
}

const char *watched_look(struct pool *pool, pid_t pid, struct watched *watched) {
    struct facts facts;
    pid_t program = program_of(pid);
    if (program)
        pid = program;
    *watched = (struct watched){.pid = pid, .root = ""};
    if (read_facts(pid, &facts))
        return pool_printf(pool, "there is no process %d", (int)pid);
    if (facts.tgid != pid)
        return pool_printf(pool, "%d is a thread of process %d: ask that one", (int)pid, facts.tgid);
    if (facts.state == 'Z' || facts.state == 'X')
        return pool_printf(pool, "process %d has ended", (int)pid);
    if (geteuid() && geteuid() != facts.uid)
        return pool_printf(pool, "process %d belongs to user %s: only that user and root can ask it", (int)pid,
                           user_name(pool, facts.uid));
    *watched = (struct watched){
        .pid = pid,
        .inner_pid = facts.nspid,
        .uid = facts.uid,
        .inner_uid = user_inside(pid, facts.uid),
        .loads_library = maps_library(pid),
        .control_off = control_is_off(pid),
        .root = same_namespace(pid, "mnt") && same_root(pid) ? "" : pool_printf(pool, "/proc/%d/root", (int)pid),
    };
    double age = age_ms(pid);
    watched->is_young = age < YOUNG_MS;
    watched->is_starting = !watched->loads_library && age < STARTING_MS; /* its loader may still be at work */
    if (!watched->loads_library)
        return pool_printf(pool,
                           "process %d is not watched: libcastaway.so is not loaded in it (`castaway CMD` starts "
                           "a program with it)",
                           (int)pid);
    if (watched->control_off)
        return pool_printf(pool, "process %d can't be asked: it was started with control=no", (int)pid);
    return NULL;
}
