/* doctor_machine.c - can programs be watched on this machine, in this container?
 *
 * Nothing is guessed from version numbers: a small program of ours is watched, once for each method, and its recording
 * tells what worked.
 * Start: doctor_machine(). */
#include "doctor.h"

#include "folder.h"
#include "formats.h"
#include "library.h"
#include "message.h"
#include "process.h"
#include "recording.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TRIAL_MS = 150, TRIAL_BYTES = 48, FOLDER_BYTES_FEW = 64 << 20 };

struct trial {
    bool recorded;
    struct recording recording; /* closed: what hangs in hash tables is gone, the rest lives in the pool */
    const char *why;            /* not recorded */
};

/* ---- trials ---- */

int doctor_trial(void) {
    const struct timespec rest = {.tv_nsec = TRIAL_MS / 10 * 1000000L};
    void *volatile object = malloc(TRIAL_BYTES);
    if (!object)
        return EXIT_CASTAWAY_FAILED;
    /* cppcheck-suppress memleak ; it is meant to be lost */
    object = NULL;
    for (int i = 0; i < 10; i++)
        nanosleep(&rest, NULL);
    return EXIT_CLEAN;
}

static const char *self_path(struct pool *pool) {
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    return length > 0 ? pool_strndup(pool, path, (size_t)length) : "/proc/self/exe";
}

static void read_trial(struct pool *pool, const char *folder, struct trial *trial) {
    size_t count;
    const char **paths = folder_recordings(pool, folder, &count);
    if (!count) {
        trial->why = "it left no recording";
        return;
    }
    trial->recorded = !recording_read(&trial->recording, paths[0], pool) && trial->recording.has_scan;
    trial->why = trial->recorded ? NULL : "its recording holds no scan";
    recording_close(&trial->recording);
}

static struct trial run_trial(struct pool *pool, const char *library, const char *method) {
    struct trial trial = {.why = "no folder for its recording"};
    const char *folder = folder_create(pool);
    if (!folder)
        return trial;
    char *arguments[] = {"castaway", "doctor", DOCTOR_TRIAL, NULL};
    char **environment = library_environment(
        pool, library, folder, pool_printf(pool, ":scan-every=20ms:control=no:dirty-pages=%s", method), true);
    pid_t pid;
    int wait_status = 0;
    int error = environment ? process_run(self_path(pool), arguments, environment, NULL, &pid, &wait_status) : ENOMEM;
    if (error)
        trial.why = strerror(error);
    else if (wait_status)
        trial.why = WIFSIGNALED(wait_status)
                        ? pool_printf(pool, "it was killed by SIG%s", sigabbrev_np(WTERMSIG(wait_status)))
                        : pool_printf(pool, "it ended with status %d", WEXITSTATUS(wait_status));
    else
        read_trial(pool, folder, &trial);
    folder_remove(folder);
    return trial;
}

/* ---- what a trial tells ---- */

static bool has_note(const struct recording *recording, const char *code) {
    for (size_t i = 0; i < recording->note_count; i++)
        if (!strcmp(recording->notes[i].code, code))
            return true;
    return false;
}

static void say_trial(struct doctor *doctor, const struct trial *trial) {
    const struct recording *recording = &trial->recording;
    if (!trial->recorded) {
        doctor_say(doctor, FAILS, "a trial run", pool_printf(doctor->pool, "could not be judged: %s", trial->why),
                   "a sandbox may forbid clone(), /proc or LD_PRELOAD: try outside of it, or with seccomp unconfined");
        return;
    }
    bool found = recording->tally[KIND_LOST].objects > 0;
    doctor_say(doctor, found ? FINE : LIMITED, "a trial run",
               found ? "watched; the object that it lost was found"
                     : "watched, but the object that it lost was not found",
               NULL);
}

static void say_methods(struct doctor *doctor, const struct trial *trial) {
    const struct rec_status *status = &trial->recording.status;
    if (!trial->recorded || !status->stop)
        return;
    bool clones = !has_note(&trial->recording, "in-process");
    doctor_say(doctor, FINE, "stopping threads", pool_printf(doctor->pool, "by %s", status->stop), NULL);
    doctor_say(doctor, clones ? FINE : LIMITED, "snapshot",
               clones ? pool_printf(doctor->pool, "by %s; the pause was %" PRIu64 " us", status->snapshot,
                                    status->pause_us_p50)
                      : "the kernel gives no child: scans run in the program itself, which stands meanwhile",
               clones ? NULL : "allow the container clone(), or more memory or processes");
}

static void say_dirty_pages(struct doctor *doctor, const char *library, const struct trial *usual) {
    static const char *const methods[] = {"pagemap-scan", "soft-dirty", "exclusive"};
    struct pool *pool = doctor->pool;
    const char *can = "", *cannot = "", *used = usual->recording.status.dirty_pages;
    if (!usual->recorded || !used)
        return;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct trial trial = run_trial(pool, library, methods[i]);
        const char *took = trial.recorded ? trial.recording.status.dirty_pages : NULL;
        const char **list = took && !strcmp(took, methods[i]) ? &can : &cannot;
        *list = pool_printf(pool, "%s%s%s", *list, **list ? ", " : "", methods[i]);
    }
    const char *found =
        pool_printf(pool, "%s is used; works: %s; not here: %s", used, *can ? can : "none", *cannot ? cannot : "none");
    bool reads_all = !strcmp(used, "read-all");
    doctor_say(doctor, reads_all ? LIMITED : FINE, "dirty pages", found,
               reads_all
                   ? "scans of young objects read the whole heap: let /proc/self/pagemap be read, or use Linux 6.7"
                   : NULL);
}

/* ---- what the system tells ---- */

static void say_library(struct doctor *doctor, const char *library, const char *message) {
    if (library)
        doctor_say(doctor, FINE, "library", library, NULL);
    else
        doctor_say(doctor, FAILS, "library", message, "install castaway whole, or set CASTAWAY_LIBRARY");
}

static void say_folder(struct doctor *doctor) {
    const char *set = getenv("TMPDIR"), *folder = set && *set ? set : "/tmp";
    struct statvfs space;
    if (statvfs(folder, &space) || access(folder, W_OK | X_OK)) {
        doctor_say(doctor, FAILS, "recordings", pool_printf(doctor->pool, "%s: %s", folder, strerror(errno)),
                   "set TMPDIR to a folder that can be written to");
        return;
    }
    uint64_t left = (uint64_t)space.f_bavail * space.f_frsize;
    bool few = left < FOLDER_BYTES_FEW;
    doctor_say(doctor, few ? LIMITED : FINE, "recordings",
               pool_printf(doctor->pool, "in %s, %" PRIu64 " MiB free", folder, left >> 20),
               few ? "make room, or set TMPDIR to a larger folder" : NULL);
}

static void say_memory(struct doctor *doctor) {
    int mode = 0;
    FILE *file = fopen("/proc/sys/vm/overcommit_memory", "re");
    if (file && fscanf(file, "%d", &mode) != 1)
        mode = 0;
    if (file)
        fclose(file);
    doctor_say(doctor, mode == 2 ? LIMITED : FINE, "memory",
               mode == 2 ? "the kernel promises no more than it has: snapshots of large programs may be refused"
                         : "snapshots are not limited by vm.overcommit_memory",
               mode == 2 ? "sysctl vm.overcommit_memory=0, or give the machine swap" : NULL);
}

static void say_debuginfod(struct doctor *doctor) {
    const char *urls = getenv("DEBUGINFOD_URLS");
    void *client = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
    if (client)
        dlclose(client);
    if (urls && *urls && client)
        doctor_say(doctor, FINE, "debuginfod", pool_printf(doctor->pool, "asks %s", urls), NULL);
    else if (urls && *urls)
        doctor_say(doctor, LIMITED, "debuginfod", "DEBUGINFOD_URLS is set, but its client is missing",
                   "install libdebuginfod1");
    else
        doctor_say(doctor, FINE, "debuginfod",
                   "not asked for (DEBUGINFOD_URLS): stripped libraries are shown without file and line", NULL);
}

static void say_html(struct doctor *doctor) {
    bool draws = html_has_drawings();
    doctor_say(doctor, draws ? FINE : LIMITED, "HTML reports", draws ? "with drawings" : "tables only, no drawings",
               draws ? NULL : "build castaway where npm reaches its registry");
}

void doctor_machine(struct doctor *doctor) {
    const char *message = "";
    message_divert(doctor->pool, &message);
    const char *library = library_find(doctor->pool);
    say_library(doctor, library, message);
    say_folder(doctor);
    if (library) {
        struct trial trial = run_trial(doctor->pool, library, "auto");
        say_trial(doctor, &trial);
        say_methods(doctor, &trial);
        say_dirty_pages(doctor, library, &trial);
    }
    message_divert(NULL, NULL);
    say_memory(doctor);
    say_debuginfod(doctor);
    say_html(doctor);
}
