/* handed.c - see the header.
 *
 * What runs in a sandbox may not find the folder of the recordings, or not write there. The process that begins the sandbox
 * has the folder still (rights.c), and gives what it starts the file of small recordings, open; that hands it on in turn.
 * Not the folder: who has a folder from outside of a sandbox has a way out of it.
 *
 * Owns:    the descriptor that was given to this process.
 * Never:   leaves it to a program that is not watched: from handed_take() on it is closed on exec.
 * Start:   handed_open(), handed_take(). */
#include "handed.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "analysis/together.h"
#include "descriptor.h"
#include "init.h"
#include "rights.h"
#include "sys.h"

static struct descriptor given = {.number = -1};

int handed_file(void) {
    return given.number >= 0 && descriptor_is_ours(&given) ? given.number : -1;
}

static int folder_is_closed(void) {
    return sys(SYS_faccessat, AT_FDCWD, process.options.dir, W_OK) != 0;
}

/* A child that shares our memory may have namespaces of its own: then it is not known that it is elsewhere. */
int handed_is_due(void) {
    return rights_may_call(SYS_fcntl) &&
           (handed_file() >= 0 || (rights_folder() >= 0 && (rights_elsewhere || folder_is_closed())));
}

static int open_together(void) {
    int folder = rights_folder();
    return folder < 0 ? -1
                      : (int)sys(SYS_openat, folder, TOGETHER_FILE,
                                 O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
}

int handed_open(void) {
    if (!handed_is_due())
        return -1;
    int own = handed_file(), file = own >= 0 ? own : open_together();
    long open = file >= 0 ? sys(SYS_fcntl, file, F_DUPFD, descriptor_number()) : -1;
    if (own < 0)
        handed_close(file);
    return sys_failed(open) ? -1 : (int)open;
}

void handed_close(int file) {
    if (file >= 0)
        sys(SYS_close, file);
}

void handed_take(int file) {
    struct stat status = {0};
    long flags = sys(SYS_fcntl, file, F_GETFL);
    if (sys_failed(flags) || (flags & (O_ACCMODE | O_APPEND)) != (O_WRONLY | O_APPEND) ||
        sys(SYS_newfstatat, file, "", &status, AT_EMPTY_PATH) != 0 || !S_ISREG(status.st_mode))
        return;
    sys(SYS_fcntl, file, F_SETFD, FD_CLOEXEC);
    if (descriptor_adopt(&given, file) == 0)
        rights_elsewhere = 1;
}

void handed_keep(void) {
    int file = handed_file() < 0 ? open_together() : -1;
    if (file >= 0)
        descriptor_keep(&given, file);
}
