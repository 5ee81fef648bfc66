/* rights.c - keep a way to the recordings' folder when the program gives up its user or its root.
 *
 * The folder belongs to the user who ran castaway, and is found by its path. A program that becomes another user gets a
 * folder of that user's inside it, made while it still may; one that changes its root or its namespaces gets a descriptor
 * of the folder, with a high number, which no ordinary program has open. Either is used only when the path fails.
 *
 * Owns:    that descriptor.
 * Never:   changes what the calls do, or their errno; uses a descriptor that the program has since closed and reused.
 * Start:   rights_place(), then the wrappers at the end. */
#include "rights.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hooks.h"
#include "init.h"
#include "next.h"
#include "proc.h"
#include "sys.h"

enum { PATH_MAX_BYTES = 4200, DESCRIPTOR_MAX = 1024, DESCRIPTORS_BELOW = 8, NOBODY = -1 };

struct folder {
    int file; /* opened with O_PATH; -1: not */
    struct stat is;
};
static struct folder recordings = {.file = -1}, proc = {.file = -1};

/* "DIR/uUSER"; dir may be "" */
static void user_folder(const char *dir, unsigned user, char *out, size_t out_bytes) {
    char digits[12];
    size_t dir_bytes = strlen(dir), digit_bytes = proc_decimal((int)user, digits);
    out[0] = 0;
    if (dir_bytes + digit_bytes + 3 > out_bytes)
        return;
    memcpy(out, dir, dir_bytes);
    if (dir_bytes)
        out[dir_bytes++] = '/';
    out[dir_bytes++] = 'u';
    memcpy(out + dir_bytes, digits, digit_bytes + 1);
}

static int is_still(const struct folder *folder) {
    struct stat now = {0};
    return folder->file >= 0 && !sys_failed(sys(SYS_newfstatat, folder->file, "", &now, AT_EMPTY_PATH)) &&
           now.st_dev == folder->is.st_dev && now.st_ino == folder->is.st_ino;
}

static int is_kept(void) {
    return is_still(&recordings);
}

int rights_place(int which, const char *dir, char *folder, size_t folder_bytes) {
    int by_path = which < 2, of_user = which & 1;
    proc_root = is_still(&proc) ? proc.file : -1;
    if (!by_path && !is_kept())
        return RIGHTS_NO_PLACE;
    const char *base = by_path ? dir : "";
    size_t bytes = strlen(base);
    if (of_user)
        user_folder(base, (unsigned)sys(SYS_geteuid, 0), folder, folder_bytes);
    else if (bytes < folder_bytes)
        memcpy(folder, by_path ? base : ".", by_path ? bytes + 1 : 2);
    return by_path ? AT_FDCWD : recordings.file;
}

/* ---- before the rights go ---- */

/* A folder for recordings of `user` in ours, which others may then pass through but not read. */
static void keep_for_user(uid_t user) {
    char folder[PATH_MAX_BYTES];
    if (!process.started || !process.options.dir[0] || user == (uid_t)NOBODY || user == (uid_t)sys(SYS_geteuid, 0))
        return;
    int known = is_kept(), at = known ? recordings.file : AT_FDCWD;
    const char *dir = known ? "" : process.options.dir;
    user_folder(dir, user, folder, sizeof folder);
    if (sys(SYS_mkdirat, at, folder, 0700) == 0) {
        sys(SYS_fchownat, at, folder, user, NOBODY, AT_SYMLINK_NOFOLLOW);
        sys(SYS_fchmodat, at, known ? "." : dir, 0711);
    }
}

/* Open the folder at a number that no ordinary program uses. */
static void keep(struct folder *folder, const char *path) {
    struct rlimit limit = {.rlim_cur = DESCRIPTOR_MAX};
    if (is_still(folder))
        return;
    folder->file = -1;
    long file = sys(SYS_openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (sys_failed(file))
        return;
    sys(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
    unsigned long least = limit.rlim_cur < DESCRIPTOR_MAX ? limit.rlim_cur : DESCRIPTOR_MAX;
    least = least > DESCRIPTORS_BELOW ? least - DESCRIPTORS_BELOW : 0;
    long high = sys(SYS_fcntl, file, F_DUPFD_CLOEXEC, least);
    sys(SYS_close, file);
    if (sys_failed(high))
        return;
    folder->file = (int)high;
    sys(SYS_newfstatat, high, "", &folder->is, AT_EMPTY_PATH);
}

static void keep_folders(void) {
    if (!process.started || !process.options.dir[0])
        return;
    keep(&recordings, process.options.dir);
    keep(&proc, "/proc");
    proc_root = proc.file;
}

/* ---- the calls ---- */

#define READY()                                                                                                        \
    do {                                                                                                               \
        if (!next_ready)                                                                                               \
            start_recording();                                                                                         \
    } while (0)

EXPORT int setuid(uid_t user) {
    READY();
    keep_for_user(user);
    return next.setuid(user);
}

EXPORT int seteuid(uid_t user) {
    READY();
    keep_for_user(user);
    return next.seteuid(user);
}

EXPORT int setreuid(uid_t real, uid_t effective) {
    READY();
    keep_for_user(effective);
    return next.setreuid(real, effective);
}

EXPORT int setresuid(uid_t real, uid_t effective, uid_t saved) {
    READY();
    keep_for_user(effective);
    return next.setresuid(real, effective, saved);
}

EXPORT int chroot(const char *path) {
    READY();
    keep_folders();
    return next.chroot(path);
}

EXPORT int unshare(int flags) {
    READY();
    keep_folders();
    return next.unshare(flags);
}

EXPORT int setns(int file, int type) {
    READY();
    keep_folders();
    return next.setns(file, type);
}
