/* descriptor.c - see the header.
 *
 * Owns:    the list of those that were kept.
 * Never:   touches a descriptor of the program's, but in a child: what stands at a number of ours is looked at first.
 * Start:   descriptor_keep(), descriptor_is_ours(). */
#include "descriptor.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "kernel_roots.h"
#include "rights.h"
#include "sys.h"

enum {
    NUMBER_WANTED = 1000,
    ROOM_ABOVE = 16,
    KEPT_MAX = 8,
    ROOM_NUMBERS = 8 /* that are looked at for room: a child has no more than four files open at a time */
};

/* Those that were kept, ours still or not: the number is cleared when we close it. */
static struct descriptor kept[KEPT_MAX] = {[0 ... KEPT_MAX - 1] = {.number = -1}};

static int identify(int file, struct descriptor *out) {
    struct stat status;
    if (sys_failed(sys(SYS_newfstatat, file, "", &status, AT_EMPTY_PATH)))
        return -1;
    *out = (struct descriptor){file, status.st_dev, status.st_ino};
    return 0;
}

/* The first free place, or that of one that is gone. Another thread may look meanwhile: the number comes last. */
static void remember(const struct descriptor *descriptor) {
    for (int i = 0; i < KEPT_MAX; i++)
        if (kept[i].number < 0 || kept[i].number == descriptor->number || !descriptor_is_ours(&kept[i])) {
            kept[i].number = -1;
            kept[i].device = descriptor->device;
            kept[i].inode = descriptor->inode;
            kept[i].number = descriptor->number;
            return;
        }
}

static void forget(int number) {
    for (int i = 0; i < KEPT_MAX; i++)
        if (kept[i].number == number)
            kept[i].number = -1;
}

long descriptor_number(void) {
    struct rlimit limit = {0};
    sys(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
    return limit.rlim_cur > NUMBER_WANTED + ROOM_ABOVE ? NUMBER_WANTED
           : limit.rlim_cur > 2 * ROOM_ABOVE           ? (long)limit.rlim_cur - ROOM_ABOVE
                                                       : 0;
}

int descriptor_adopt(struct descriptor *out, int file) {
    out->number = -1;
    if (identify(file, out) != 0)
        return -1;
    remember(out);
    return 0;
}

int descriptor_keep(struct descriptor *out, int file) {
    long high = sys(SYS_fcntl, file, F_DUPFD_CLOEXEC, descriptor_number());
    sys(SYS_close, file);
    out->number = -1;
    return sys_failed(high) ? -1 : descriptor_adopt(out, (int)high);
}

int descriptor_kept_from(unsigned first, unsigned last) {
    int lowest = -1;
    if (rights_confined) /* they are of no use any more, and to look may be forbidden */
        return -1;
    for (int i = 0; i < KEPT_MAX; i++) {
        int number = kept[i].number;
        if (number >= 0 && (unsigned)number >= first && (unsigned)number <= last && (lowest < 0 || number < lowest) &&
            descriptor_is_ours(&kept[i]))
            lowest = number;
    }
    return lowest;
}

int descriptor_is_kept(int number) {
    return number >= 0 && descriptor_kept_from((unsigned)number, (unsigned)number) >= 0;
}

int descriptor_is_ours(const struct descriptor *descriptor) {
    struct descriptor now;
    return descriptor->number >= 0 && identify(descriptor->number, &now) == 0 && now.device == descriptor->device &&
           now.inode == descriptor->inode;
}

void descriptor_close(struct descriptor *descriptor) {
    forget(descriptor->number);
    if (descriptor_is_ours(descriptor))
        sys(SYS_close, descriptor->number);
    descriptor->number = -1;
}

void descriptor_make_room(int kept_open) {
    for (int number = 0; number < ROOM_NUMBERS; number++)
        if (number != kept_open && !descriptor_is_kept(number) && !kernel_roots_are_in(number))
            sys(SYS_close, number);
}
