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
#include <sys/socket.h>
#include <sys/uio.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "../../preload/castaway.h"

enum { SCANS = 3, SCANS_WITHIN = 10, BYTES = 1 << 20, MANY_BYTES = 16 << 20 };
static char given[BYTES], taken[BYTES], many[MANY_BYTES];
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

/* ---- what waits for room ---- */

static ssize_t by_sendfile(void) {
    off_t at = 0;
    ssize_t done = sendfile(writer, source, &at, BYTES);
    return at == done ? done : -1;
}
static ssize_t by_splice(void) {
    int ends[2];
    if (pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, BYTES) < BYTES || write(ends[1], given, BYTES) != BYTES)
        exit(100);
    ssize_t done = splice(ends[0], NULL, writer, NULL, 2 * BYTES, 0); /* all that there is */
    close(ends[0]);
    close(ends[1]);
    return done;
}
static ssize_t by_pwritev2(void) {
    struct iovec pieces[] = {{given, 1000}, {given + 1000, BYTES - 1000}};
    return pwritev2(writer, pieces, 2, -1, 0);
}
static void *take(void *unused) {
    size_t count = 0;
    for (int i = 0; i < SCANS; i++) {
        look_in();
        count += (size_t)read(reader, taken + count, 8192);
    }
    for (ssize_t more = 1; more > 0; count += more > 0 ? (size_t)more : 0)
        more = read(reader, taken + count, BYTES - count);
    return unused;
}
static int is_cut(const char *name, int is_socket, ssize_t (*transfer)(void)) {
    pthread_t other;
    int ends[2];
    if (is_socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends))
        exit(100);
    reader = ends[0];
    writer = ends[1];
    source = file_of(given, BYTES);
    pthread_create(&other, NULL, take, NULL);
    ssize_t done = transfer();
    close(writer);
    pthread_join(other, NULL);
    close(reader);
    close(source);
    int wrong = done != BYTES || memcmp(given, taken, BYTES) != 0;
    if (wrong)
        printf("%s: %zd\n", name, done);
    return wrong;
}

/* ---- what takes its time ---- */

static void *look_in_often(void *unused) {
    for (; scans < SCANS_WITHIN; scans++)
        castaway_collect(0);
    return unused;
}
static ssize_t by_zero(void) {
    int file = open("/dev/zero", O_RDONLY);
    ssize_t done = read(file, many, MANY_BYTES);
    close(file);
    return done;
}
ssize_t __read_chk(int file, void *bytes, size_t count, size_t room); /* what programs call that check sizes */
static ssize_t by_zero_checked(void) {
    int file = open("/dev/zero", O_RDONLY);
    ssize_t done = __read_chk(file, many, MANY_BYTES, sizeof many);
    close(file);
    return done;
}
static ssize_t by_zero_in_pieces(void) {
    int file = open("/dev/zero", O_RDONLY);
    struct iovec pieces[] = {{many, 1000}, {many + 1000, 0}, {many + 1000, MANY_BYTES - 1000}};
    ssize_t done = readv(file, pieces, 3);
    close(file);
    return done;
}
static ssize_t by_urandom(void) {
    int file = open("/dev/urandom", O_RDONLY);
    ssize_t done = read(file, many, MANY_BYTES);
    close(file);
    return done;
}
static ssize_t by_getrandom(void) {
    return getrandom(many, MANY_BYTES, 0);
}
static ssize_t by_copy_file_range(void) {
    off_t at = 0;
    int out = file_of("", 0);
    ssize_t done = copy_file_range(source, &at, out, NULL, MANY_BYTES, 0);
    close(out);
    return at == done ? done : -1;
}
static ssize_t by_sendfile_to_file(void) {
    off_t at = 0;
    int out = file_of("", 0);
    ssize_t done = sendfile(out, source, &at, MANY_BYTES);
    close(out);
    return at == done ? done : -1;
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
    for (size_t i = 0; i < BYTES; i++)
        given[i] = (char)(i * 7 + i / 4099);
    return is_cut("sendfile", 1, by_sendfile) + is_cut("splice", 1, by_splice) + is_cut("pwritev2", 0, by_pwritev2) +
           is_short("/dev/zero", by_zero) + is_short("/dev/zero, checked", by_zero_checked) +
           is_short("/dev/zero in pieces", by_zero_in_pieces) + is_short("/dev/urandom", by_urandom) +
           is_short("getrandom", by_getrandom) + is_short("copy_file_range", by_copy_file_range) +
           is_short("sendfile to a file", by_sendfile_to_file) + is_terminal_short();
}
