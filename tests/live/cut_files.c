/* cut_files.c - transfers between files, and reads of devices, give as much as they do without castaway, although it looks in
 * meanwhile. Exit status: how many did not. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "../../preload/castaway.h"

enum { SCANS = 3, SCANS_WITHIN = 10, MANY_BYTES = 16 << 20 };
static char many[MANY_BYTES];
static int reader, writer, source;
static _Atomic int scans;

static void look_in(void) {
    struct timespec pause = {.tv_nsec = 20000000};
    nanosleep(&pause, NULL);
    castaway_collect(0);
}

static int file_of(const void *bytes, size_t count) {
    char name[] = "/tmp/cut_files.XXXXXX";
    int file = mkstemp(name);
    if (file < 0 || write(file, bytes, count) != (ssize_t)count)
        exit(100);
    unlink(name);
    return file;
}

/* ---- what takes its time ---- */

static void *look_in_often(void *unused) {
    for (; scans < SCANS_WITHIN; scans++)
        castaway_collect(0);
    return unused;
}
static ssize_t read_all(int file) {
    return read(file, many, MANY_BYTES);
}
ssize_t __read_chk(int file, void *bytes, size_t count, size_t room); /* what programs call that check sizes */
static ssize_t read_checked(int file) {
    return __read_chk(file, many, MANY_BYTES, sizeof many);
}
static ssize_t read_in_pieces(int file) {
    struct iovec pieces[] = {{many, 1000}, {many + 1000, 0}, {many + 1000, MANY_BYTES - 1000}};
    return readv(file, pieces, 3);
}
static ssize_t of_device(const char *name, ssize_t (*reads)(int)) {
    int file = open(name, O_RDONLY);
    ssize_t done = reads(file);
    close(file);
    return done;
}
static ssize_t by_zero(void) {
    return of_device("/dev/zero", read_all);
}
static ssize_t by_zero_checked(void) {
    return of_device("/dev/zero", read_checked);
}
static ssize_t by_zero_in_pieces(void) {
    return of_device("/dev/zero", read_in_pieces);
}
static ssize_t by_urandom(void) {
    return of_device("/dev/urandom", read_all);
}
static ssize_t by_getrandom(void) {
    return getrandom(many, MANY_BYTES, 0);
}
static ssize_t into_file(ssize_t (*copies)(int, off_t *)) {
    off_t at = 0;
    int out = file_of("", 0);
    ssize_t done = copies(out, &at);
    close(out);
    return at == done ? done : -1;
}
static ssize_t copy_range(int out, off_t *at) {
    return copy_file_range(source, at, out, NULL, MANY_BYTES, 0);
}
static ssize_t send_file(int out, off_t *at) {
    return sendfile(out, source, at, MANY_BYTES);
}
static ssize_t by_copy_file_range(void) {
    return into_file(copy_range);
}
static ssize_t by_sendfile_to_file(void) {
    return into_file(send_file);
}
static int is_short(const char *name, ssize_t (*transfer)(void)) {
    pthread_t other;
    int wrong = 0;
    scans = 0;
    source = file_of(many, MANY_BYTES);
    pthread_create(&other, NULL, look_in_often, NULL);
    while (scans < SCANS_WITHIN) {
        ssize_t done = transfer();
        if (done != MANY_BYTES && !wrong++)
            printf("%s: %zd\n", name, done);
    }
    pthread_join(other, NULL);
    close(source);
    return wrong != 0;
}

/* ---- a terminal that gives eight bytes at least ---- */

static void *type(void *unused) {
    (void)!write(writer, "abc", 3);
    for (int i = 0; i < SCANS; i++)
        look_in();
    (void)!write(writer, "defghijk", 8);
    return unused;
}
static int is_terminal_short(void) {
    pthread_t other;
    struct termios modes;
    char line[100];
    writer = posix_openpt(O_RDWR | O_NOCTTY);
    if (writer < 0 || grantpt(writer) || unlockpt(writer) || (reader = open(ptsname(writer), O_RDWR | O_NOCTTY)) < 0 ||
        tcgetattr(reader, &modes))
        exit(100);
    cfmakeraw(&modes);
    modes.c_cc[VMIN] = 8;
    tcsetattr(reader, TCSANOW, &modes);
    pthread_create(&other, NULL, type, NULL);
    ssize_t done = read(reader, line, sizeof line);
    pthread_join(other, NULL);
    int wrong = done < 8 || memcmp(line, "abcdefghijk", (size_t)done) != 0;
    if (wrong)
        printf("terminal: %zd\n", done);
    return wrong;
}

int main(void) {
    return is_short("/dev/zero", by_zero) + is_short("/dev/zero, checked", by_zero_checked) +
           is_short("/dev/zero in pieces", by_zero_in_pieces) + is_short("/dev/urandom", by_urandom) +
           is_short("getrandom", by_getrandom) + is_short("copy_file_range", by_copy_file_range) +
           is_short("sendfile to a file", by_sendfile_to_file) + is_terminal_short();
}
