/* together.c - see the header.
 *
 * Owns:    nothing.
 * Never:   leaves a part of a recording; waits long for another process, which may have been stopped.
 * Start:   together_add(). */
#include "together.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <time.h>

#include "analysis/together.h"
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
    WAIT_NS = 1000000
};

/* A limit on the size of a file would hold for all recordings together. */
static int is_limited(void) {
    struct rlimit limit = {0, 0};
    return sys_failed(sys(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &limit)) || limit.rlim_cur != RLIM_INFINITY;
}

int together_suits(void) {
    int owner = options_owner(&process.options);
    return process.options.dir[0] && owner && (int)sys(SYS_getppid, 0) != owner && *live_place() == PLACE_NONE &&
           site_count() <= SMALL_SITES_MAX && !rights_elsewhere && !rights_filtered && !is_limited();
}

static long lock(int file) {
    const struct timespec rest = {.tv_nsec = WAIT_NS};
    long error = sys(SYS_flock, file, LOCK_EX | LOCK_NB);
    for (int i = 0; error == -EWOULDBLOCK && i < WAITS_MAX; i++) {
        sys(SYS_nanosleep, &rest, NULL);
        error = sys(SYS_flock, file, LOCK_EX | LOCK_NB);
    }
    return error;
}

/* The tool takes the folder away first and then reads, so what is still in its place was not read yet. */
static long add_locked(int to, const char *path, int file) {
    long end = sys(SYS_lseek, to, 0, SEEK_END), error = sys(SYS_faccessat, AT_FDCWD, path, 0);
    if (sys_failed(end) || error)
        return error ? error : end;
    error = write_bytes(to, "\n", 1);
    if (!error)
        error = place_copy(file, to);
    if (error)
        sys(SYS_ftruncate, to, end);
    return error == -ENOENT ? -EIO : error;
}

int together_add(int file) {
    struct text path = {.fill = 0};
    text_add(&path, process.options.dir, strlen(process.options.dir));
    text_add(&path, "/" TOGETHER_FILE, sizeof "/" TOGETHER_FILE - 1);
    /* Not to wait for the reader of a pipe that somebody put there. */
    int to = (int)sys(SYS_openat, AT_FDCWD, path.bytes,
                      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (to < 0)
        return to;
    long error = lock(to);
    if (!error)
        error = add_locked(to, path.bytes, file);
    sys(SYS_close, to);
    return (int)error;
}
