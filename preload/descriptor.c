/* descriptor.c - see the header.      Never: touches a descriptor of the program's. */
#include "descriptor.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "sys.h"

enum { NUMBER_WANTED = 1000, ROOM_ABOVE = 16 };

static int identify(int file, struct descriptor *out) {
    struct stat status;
    if (sys_failed(sys(SYS_newfstatat, file, "", &status, AT_EMPTY_PATH)))
        return -1;
    *out = (struct descriptor){file, status.st_dev, status.st_ino};
    return 0;
}

int descriptor_keep(struct descriptor *out, int file) {
    struct rlimit limit = {0};
    sys(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
    long number = limit.rlim_cur > NUMBER_WANTED + ROOM_ABOVE ? NUMBER_WANTED
                  : limit.rlim_cur > 2 * ROOM_ABOVE           ? (long)limit.rlim_cur - ROOM_ABOVE
                                                              : 0;
    long high = sys(SYS_fcntl, file, F_DUPFD_CLOEXEC, number);
    sys(SYS_close, file);
    out->number = -1;
    return sys_failed(high) ? -1 : identify((int)high, out);
}

int descriptor_is_ours(const struct descriptor *descriptor) {
    struct descriptor now;
    return descriptor->number >= 0 && identify(descriptor->number, &now) == 0 && now.device == descriptor->device &&
           now.inode == descriptor->inode;
}

void descriptor_close(struct descriptor *descriptor) {
    if (descriptor_is_ours(descriptor))
        sys(SYS_close, descriptor->number);
    descriptor->number = -1;
}
