/* together.c - see the header.
 *
 * Owns:    nothing.
 * Never:   leaves a part of a recording; waits long for another process, which may have been stopped.
 * Start:   together_add(). */
#include "together.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "analysis/together.h"
#include "handed.h"
#include "init.h"
#include "live.h"
#include "place.h"
#include "rights.h"
#include "site.h"
#include "sys.h"
#include "text.h"
#include "write.h"

enum {
    SMALL_SITES_MAX = 4096, /* a recording has a few hundred bytes for each, at most */
    WAITS_MAX = 50,
    WAITS_HANDED_MAX = 2000, /* who has no other place */
    WAIT_NS = 1000000
};

/* A limit on the size of a file would hold for all recordings together. */
static int is_limited(void) {
    struct rlimit limit = {0, 0};
    return sys_failed(sys(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &limit)) || limit.rlim_cur != RLIM_INFINITY;
}

static int is_only_place(void) {
    return *live_place() == PLACE_NONE && rights_may_call(SYS_memfd_create) && rights_may_call(SYS_fcntl) &&
           handed_file() >= 0;
}

int together_suits(int is_end) {
    int owner = options_owner(&process.options);
    if (is_only_place())
        return 1;
    return is_end && process.options.dir[0] && owner && (int)sys(SYS_getppid, 0) != owner &&
           *live_place() == PLACE_NONE && site_count() <= SMALL_SITES_MAX && !rights_elsewhere && !rights_filtered &&
           !is_limited();
}

static long set_lock(int file, short type) {
    struct flock all = {.l_type = type, .l_whence = SEEK_SET};
    return sys(SYS_fcntl, file, F_SETLK, &all);
}

static long lock(int file, int waits) {
    const struct timespec rest = {.tv_nsec = WAIT_NS};
    long error = set_lock(file, F_WRLCK);
    for (int i = 0; (error == -EAGAIN || error == -EACCES) && i < waits; i++) {
        sys(SYS_nanosleep, &rest, NULL);
        error = set_lock(file, F_WRLCK);
    }
    return error;
}

static long add_locked(int to, int file) {
    long end = sys(SYS_lseek, to, 0, SEEK_END);
    if (sys_failed(end))
        return end;
    long error = write_bytes(to, "\n", 1);
    if (!error)
        error = place_copy(file, to);
    if (error)
        sys(SYS_ftruncate, to, end);
    return error == -ENOENT ? -EIO : error;
}

/* Who has read it has taken it away. */
static int was_read(int file) {
    struct stat status = {0};
    return sys(SYS_newfstatat, file, "", &status, AT_EMPTY_PATH) == 0 && status.st_nlink == 0;
}

static int add_handed(int to, int file) {
    long error = lock(to, WAITS_HANDED_MAX);
    if (!error)
        error = was_read(to) ? -ENOENT : add_locked(to, file);
    set_lock(to, F_UNLCK);
    return (int)error;
}

int together_add_line(const char *line, size_t bytes) {
    int to = handed_file();
    if (to < 0 || lock(to, WAITS_MAX) != 0)
        return -1;
    int error = write_bytes(to, line, bytes);
    set_lock(to, F_UNLCK);
    return error;
}

int together_add(int file) {
    struct text path = {.fill = 0};
    if (is_only_place())
        return add_handed(handed_file(), file);
    text_add(&path, process.options.dir, strlen(process.options.dir));
    text_add(&path, "/" TOGETHER_FILE, sizeof "/" TOGETHER_FILE - 1);
    /* Not to wait for the reader of a pipe that somebody put there. */
    int to = (int)sys(SYS_openat, AT_FDCWD, path.bytes,
                      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (to < 0)
        return to;
    long error = lock(to, WAITS_MAX);
    if (!error) /* the tool takes the folder away first and then reads: what is still in its place was not read yet */
        error = sys(SYS_faccessat, AT_FDCWD, path.bytes, 0);
    if (!error)
        error = add_locked(to, file);
    sys(SYS_close, to);
    return (int)error;
}
