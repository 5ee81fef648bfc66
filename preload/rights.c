/* rights.c - keep a way to the recordings' folder when the program gives up its user or its root.
 *
 * The folder belongs to the user who ran castaway, and is found by its path. A program that becomes another user gets a
 * folder of that user's inside it, made while it still may; one that changes its root or its namespaces gets a descriptor
 * of the folder, with a high number, which no ordinary program has open. Either is used only when the path fails.
 *
 * Owns:    that descriptor (descriptor.c).
 * Never:   changes what the calls do, or their errno; uses a descriptor that the program has since closed and reused.
 * Start:   rights_place(), then the wrappers at the end. */
#include "rights.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"
#include "handed.h"
#include "hooks.h"
#include "init.h"
#include "live.h"
#include "next.h"
#include "place.h"
#include "proc.h"
#include "sys.h"

enum { PATH_MAX_BYTES = 4200, NOBODY = -1 };

int rights_elsewhere;

/* Opened with O_PATH. */
static struct descriptor recordings = {.number = -1}, proc = {.number = -1};

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

int rights_place(int which, const char *dir, char *folder, size_t folder_bytes) {
    int by_path = which < 2, of_user = which & 1;
    proc_root = descriptor_is_ours(&proc) ? proc.number : -1;
    if (!by_path && !descriptor_is_ours(&recordings))
        return RIGHTS_NO_PLACE;
    const char *base = by_path ? dir : "";
    size_t bytes = strlen(base);
    if (of_user)
        user_folder(base, (unsigned)sys(SYS_geteuid, 0), folder, folder_bytes);
    else if (bytes < folder_bytes)
        memcpy(folder, by_path ? base : ".", by_path ? bytes + 1 : 2);
    return by_path ? AT_FDCWD : recordings.number;
}

/* ---- before the rights go ---- */

int rights_have(unsigned capability) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return rights_may_call(SYS_capget) && sys(SYS_capget, &header, data) == 0 && (data[0].effective & 1u << capability);
}

/* Who may become another user need not have the right to give a file away. Then its group, which stays that of the process
 * (such programs become another group first), may make files in the folder, but neither list nor take away those of others.
 * returns  0, or -1: the folder stays ours alone */
static int give_folder(int at, const char *folder, uid_t user) {
    if (sys(SYS_fchownat, at, folder, user, NOBODY, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    if (!rights_have(CAP_SETUID))
        return -1;
    return sys(SYS_fchmodat, at, folder, 01730) == 0 ? 0 : -1;
}

/* Not a child that shares the program's memory: the recording is the program's, and so are the descriptors. */
static int is_own_process(void) {
    return !rights_confined && (int)sys(SYS_getpid, 0) == process.pid;
}

static int may_make_folder(void) {
    return rights_may_call(SYS_mkdirat) && rights_may_call(SYS_fchownat) && rights_may_call(SYS_fchmodat);
}

/* A folder for recordings of `user` in ours, which others may then pass through but not read. */
void rights_before_user(uid_t user) {
    char folder[PATH_MAX_BYTES];
    if (!process.started || !process.options.dir[0] || user == (uid_t)NOBODY || !may_make_folder() ||
        user == (uid_t)sys(SYS_geteuid, 0))
        return;
    int known = descriptor_is_ours(&recordings), at = known ? recordings.number : AT_FDCWD;
    const char *dir = known ? "" : process.options.dir;
    user_folder(dir, user, folder, sizeof folder);
    if (sys(SYS_mkdirat, at, folder, 0700) == 0) {
        if (give_folder(at, folder, user) == 0)
            sys(SYS_fchmodat, at, known ? "." : dir, 0711);
        else
            sys(SYS_unlinkat, at, folder, AT_REMOVEDIR);
    }
    if (is_own_process())
        place_hand_over(&process.options, process.pid, *live_place(), at, folder, user);
}

static void keep(struct descriptor *folder, const char *path) {
    if (descriptor_is_ours(folder))
        return;
    long file = sys(SYS_openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    folder->number = -1;
    if (!sys_failed(file))
        descriptor_keep(folder, (int)file);
}

/* In the namespace that it leaves: in that of a child, or the one to come, all may be closed to what is opened there. */
void rights_before_namespace(void) {
    if (!process.started || !process.options.dir[0] || !is_own_process() || !rights_may_call(SYS_fcntl))
        return;
    keep(&recordings, process.options.dir);
    keep(&proc, "/proc");
    proc_root = proc.number;
}

void rights_in_namespace(void) {
    if (process.started && process.options.dir[0] && is_own_process())
        rights_elsewhere = 1;
}

void rights_before_root(void) {
    rights_before_namespace();
    rights_in_namespace();
}

int rights_sees_others(void) {
    char mounts[OPTION_WORD_MAX];
    if (rights_elsewhere || !process.options.mounts[0])
        return rights_elsewhere;
    long bytes = sys(SYS_readlinkat, AT_FDCWD, "/proc/self/ns/mnt", mounts, sizeof mounts - 1);
    mounts[bytes > 0 ? bytes : 0] = 0;
    return strcmp(mounts, process.options.mounts) != 0;
}

void rights_before_files(void) {
    rights_before_root();
    if (rights_elsewhere && is_own_process() && rights_may_call(SYS_fcntl))
        handed_keep();
}

int rights_folder(void) {
    return recordings.number >= 0 && descriptor_is_ours(&recordings) ? recordings.number : -1;
}

/* ---- the calls ---- */

EXPORT int setuid(uid_t user) {
    next_find();
    rights_before_user(user);
    return next.setuid(user);
}

EXPORT int seteuid(uid_t user) {
    next_find();
    rights_before_user(user);
    return next.seteuid(user);
}

EXPORT int setreuid(uid_t real, uid_t effective) {
    next_find();
    rights_before_user(effective);
    return next.setreuid(real, effective);
}

EXPORT int setresuid(uid_t real, uid_t effective, uid_t saved) {
    next_find();
    rights_before_user(effective);
    return next.setresuid(real, effective, saved);
}

EXPORT int chroot(const char *path) {
    next_find();
    rights_before_root();
    return next.chroot(path);
}

EXPORT int unshare(int flags) {
    next_find();
    if (flags & CLONE_NEWNS)
        rights_before_root();
    return next.unshare(flags);
}

EXPORT int setns(int file, int type) {
    next_find();
    if (!type || type & CLONE_NEWNS)
        rights_before_root();
    return next.setns(file, type);
}
