/* transfer_files.c - transfers without messages that a signal of ours cut short: from file to file, and from devices.
 *
 * A copy into a file is cut as one into a socket is, for the kernel looks for signals between its pages. So is a read of
 * devices that never end (/dev/zero, /dev/urandom), and of a terminal that gives no less than so many bytes.
 *
 * Owns:    nothing.
 * Never:   waits where the call would have come back without us.
 * Start:   sendfile(), read(). Source: sendfile(2), copy_file_range(2), splice(2), random(4), termios(3). */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hooks.h"
#include "next.h"
#include "rights.h"
#include "sys.h"
#include "thread.h"
#include "transfer.h"
#include "wait.h"

static int is_pipe(int file) {
    struct stat status = {.st_mode = 0};
    return rights_filtered || sys_failed(sys(SYS_fstat, file, &status)) || S_ISFIFO(status.st_mode);
}

/* What goes into a pipe is not waited for once it has begun. */
EXPORT ssize_t sendfile(int out, int in, off_t *at, size_t count) {
    TRANSFER_WHOLE(is_pipe(out) ? 0 : count, next.sendfile(out, in, at, count),
                   next.sendfile(out, in, at, count - (size_t)done));
}
EXPORT ssize_t sendfile64(int out, int in, off64_t *at, size_t count) {
    return sendfile(out, in, at, count);
}
EXPORT ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t count, unsigned flags) {
    TRANSFER_WHOLE(count, next.copy_file_range(in, in_at, out, out_at, count, flags),
                   next.copy_file_range(in, in_at, out, out_at, count - (size_t)done, flags));
}
EXPORT ssize_t getrandom(void *bytes, size_t count, unsigned flags) {
    TRANSFER_WHOLE(count, next.getrandom(bytes, count, flags),
                   next.getrandom((char *)bytes + done, count - (size_t)done, flags));
}

/* Out of a pipe: until it is empty. */
static size_t spliced_at_least(int in, int out, size_t done, size_t count) {
    int left = 0;
    if (is_pipe(out) || !is_pipe(in) || sys_failed(sys(SYS_ioctl, in, FIONREAD, &left)) || left < 0)
        return done;
    return done + (size_t)left < count ? done + (size_t)left : count;
}
EXPORT ssize_t splice(int in, off64_t *in_at, int out, off64_t *out_at, size_t count, unsigned flags) {
    TRANSFER_WHOLE(
        spliced_at_least(in, out, (size_t)done, count), next.splice(in, in_at, out, out_at, count, flags),
        next.splice(in, in_at, out, out_at, spliced_at_least(in, out, (size_t)done, count) - (size_t)done, flags));
}

/* ---- read ---- */

enum { MEMORY_DEVICES = 1 };

/* Where the bytes of one group follow each other too slowly, the terminal gives what there is. */
static int is_group_over(int file, unsigned tenths) {
    struct pollfd next_byte = {file, POLLIN, 0};
    struct timespec slow = {tenths / 10, tenths % 10 * 100000000l};
    return tenths && ppoll(&next_byte, 1, &slow, NULL) != 1;
}

static size_t terminal_gives(int file, size_t done, size_t count) {
    struct termios modes = {.c_lflag = 0};
    if (sys_failed(sys(SYS_ioctl, file, TCGETS, &modes)) || modes.c_lflag & ICANON || modes.c_cc[VMIN] <= done ||
        is_group_over(file, modes.c_cc[VTIME]))
        return done;
    return modes.c_cc[VMIN] < count ? modes.c_cc[VMIN] : count;
}

/* How many bytes a read gives at least, if any: these, or more than are done. */
static size_t read_at_least(int file, size_t done, size_t count) {
    struct stat status = {.st_mode = 0};
    if (rights_filtered || sys_failed(sys(SYS_fstat, file, &status)) || !S_ISCHR(status.st_mode))
        return done;
    return major(status.st_rdev) == MEMORY_DEVICES ? count : terminal_gives(file, done, count);
}

static ssize_t read_rest(int file, const struct iovec *pieces, size_t count, size_t done) {
    size_t least = read_at_least(file, done, transfer_bytes(pieces, count)), before = done;
    while (done < least) {
        struct iovec piece = transfer_piece(pieces, count, done);
        size_t wanted = piece.iov_len < least - done ? piece.iov_len : least - done;
        ssize_t more = wait_read(file, piece.iov_base, wanted);
        done += more > 0 ? (size_t)more : 0;
        if (more < (ssize_t)wanted)
            break;
    }
    return (ssize_t)(done - before);
}

static __attribute__((noinline)) ssize_t read_whole(int file, const struct iovec *pieces, size_t count, ssize_t done) {
    int error = errno;
    for (ssize_t more = 1; more > 0 && transfer_is_cut(thread_self); done += more)
        more = read_rest(file, pieces, count, (size_t)done);
    errno = error;
    return done;
}

EXPORT ssize_t read(int file, void *bytes, size_t count) {
    ssize_t done = wait_read(file, bytes, count);
    struct iovec piece = {bytes, count};
    return done > 0 && wait_is_cut() ? read_whole(file, &piece, 1, done) : done;
}
EXPORT ssize_t readv(int file, const struct iovec *pieces, int count) {
    ssize_t done = wait_readv(file, pieces, count);
    return done > 0 && wait_is_cut() ? read_whole(file, pieces, (size_t)count, done) : done;
}
EXPORT ssize_t __read_chk(int file, void *bytes, size_t count, size_t room);
EXPORT ssize_t __read_chk(int file, void *bytes, size_t count, size_t room) {
    next_find();
    return count > room ? next.__read_chk(file, bytes, count, room) : read(file, bytes, count);
}
