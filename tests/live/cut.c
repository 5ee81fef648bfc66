/* cut.c - transfers of more than there is room for are made whole, although castaway looks in while they wait,
 * and bring what was given.
 * Exit status: how many were not. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "../../preload/castaway.h"

enum { SCANS = 3, BYTES = 1 << 20 };
static char given[BYTES], taken[2 * BYTES];
static size_t taken_bytes;
static int reader, writer, source;

static ssize_t by_write(void) {
    return write(writer, given, BYTES);
}
/* Nothing is done when we look in for the first time, a part when we do for the last. */
static ssize_t by_write_when_full(void) {
    fcntl(writer, F_SETFL, O_NONBLOCK);
    while (write(writer, given, 4096) > 0)
        ;
    fcntl(writer, F_SETFL, 0);
    return write(writer, given, BYTES);
}
static ssize_t by_writev(void) {
    struct iovec pieces[] = {
        {given, 0}, {given, 1000}, {given + 1000, BYTES - 3000}, {given, 0}, {given + BYTES - 2000, 2000}};
    return writev(writer, pieces, sizeof pieces / sizeof pieces[0]);
}
static ssize_t by_send(void) {
    return send(writer, given, BYTES, 0);
}
static ssize_t by_sendto(void) {
    return sendto(writer, given, BYTES, 0, NULL, 0);
}

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

/* Takes everything, but late. */
static void *take(void *unused) {
    struct timespec pause = {.tv_nsec = 20000000};
    taken_bytes = 0;
    for (int i = 0; i < SCANS; i++) {
        nanosleep(&pause, NULL);
        castaway_collect(0);
        taken_bytes += (size_t)read(reader, taken + taken_bytes, 8192);
    }
    for (ssize_t more = 1; more > 0; taken_bytes += more > 0 ? (size_t)more : 0)
        more = read(reader, taken + taken_bytes, sizeof taken - taken_bytes);
    return unused;
}

static int is_cut(const char *name, int is_socket, ssize_t (*transfer)(void)) {
    pthread_t other;
    int ends[2];
    if (is_socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends))
        exit(100);
    reader = ends[0];
    writer = ends[1];
    pthread_create(&other, NULL, take, NULL);
    ssize_t done = transfer();
    close(writer);
    pthread_join(other, NULL);
    close(reader);
    int wrong = done != BYTES || taken_bytes < BYTES || memcmp(given, taken + taken_bytes - BYTES, BYTES) != 0;
    if (wrong)
        printf("%s: %zd\n", name, done);
    return wrong;
}

/* Gives the one half early, the other one late. */
static void *give(void *unused) {
    struct timespec pause = {.tv_nsec = 20000000};
    (void)!write(writer, given, 1000);
    for (int i = 0; i < SCANS; i++) {
        nanosleep(&pause, NULL);
        castaway_collect(0);
    }
    (void)!write(writer, given, 1000);
    return unused;
}

/* What programs call that are compiled to check sizes. */
ssize_t __recv_chk(int file, void *bytes, size_t count, size_t room, int flags);
static ssize_t recv_checked(int file, void *bytes, size_t count, int flags) {
    return __recv_chk(file, bytes, count, sizeof taken, flags);
}

/* A datagram is all that there is. */
static int is_taken_apart(ssize_t (*receive)(int, void *, size_t, int), int type, ssize_t wanted) {
    pthread_t other;
    int ends[2];
    if (socketpair(AF_UNIX, type, 0, ends))
        exit(100);
    reader = ends[0];
    writer = ends[1];
    pthread_create(&other, NULL, give, NULL);
    ssize_t done = receive(reader, taken, 2000, MSG_WAITALL);
    pthread_join(other, NULL);
    if (done != wanted)
        printf("recv: %zd\n", done);
    return done != wanted;
}

int main(void) {
    for (size_t i = 0; i < BYTES; i++)
        given[i] = (char)(i * 7 + i / 4099);
    source = memfd_create("given", 0);
    if (write(source, given, BYTES) != BYTES)
        exit(100);
    return is_taken_apart(recv, SOCK_STREAM, 2000) + is_taken_apart(recv, SOCK_DGRAM, 1000) +
           is_taken_apart(recv_checked, SOCK_STREAM, 2000) + is_cut("write", 0, by_write) +
           is_cut("write to a socket", 1, by_write) + is_cut("write to a full pipe", 0, by_write_when_full) +
           is_cut("writev", 0, by_writev) + is_cut("writev to a socket", 1, by_writev) + is_cut("send", 1, by_send) +
           is_cut("sendto", 1, by_sendto) + is_cut("sendfile", 1, by_sendfile) + is_cut("splice", 1, by_splice) +
           is_cut("pwritev2", 0, by_pwritev2);
}
