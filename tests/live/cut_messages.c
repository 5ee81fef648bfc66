/* cut_messages.c - messages of more than there is room for are made whole, although castaway looks in while they wait; what
 * comes with them comes once. Exit status: how many were not. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "../../preload/castaway.h"

enum { SCANS = 3, BYTES = 1 << 20, DATAGRAMS = 4 };
static char given[BYTES], taken[BYTES];
static int reader, writer, descriptors;
static ssize_t bytes;

static void fill(void) {
    for (size_t i = 0; i < BYTES; i++)
        given[i] = (char)(i * 7 + i / 4099);
}

static void look_in(void) {
    struct timespec pause = {.tv_nsec = 20000000};
    nanosleep(&pause, NULL);
    castaway_collect(0);
}

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

/* Puts one descriptor into the message. */
static void enclose(struct msghdr *message, union control *control) {
    memset(control, 0, sizeof *control);
    message->msg_control = control->bytes;
    message->msg_controllen = sizeof control->bytes;
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof writer);
    memcpy(CMSG_DATA(head), &writer, sizeof writer);
}
/* How many came with it; they are closed. */
static int enclosed(struct msghdr *message) {
    int count = 0, file;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
        memcpy(&file, CMSG_DATA(head), sizeof file);
        close(file);
        count++;
    }
    return count;
}

static ssize_t take_some(size_t count) {
    union control control;
    struct iovec piece = {taken + bytes, count < (size_t)(BYTES - bytes) ? count : (size_t)(BYTES - bytes)};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    ssize_t done = recvmsg(reader, &message, 0);
    if (done > 0) {
        bytes += done;
        descriptors += enclosed(&message);
    }
    return done;
}
static void *take(void *unused) {
    for (int i = 0; i < SCANS; i++) {
        look_in();
        take_some(8192);
    }
    while (take_some(BYTES) > 0) {
    }
    return unused;
}

static struct iovec pieces[] = {
    {given, 0}, {given, 1000}, {given + 1000, BYTES - 3000}, {given, 0}, {given + BYTES - 2000, 2000}};
enum { PIECES = sizeof pieces / sizeof pieces[0] };

static ssize_t by_sendmsg(void) {
    union control control;
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = PIECES};
    enclose(&message, &control);
    return sendmsg(writer, &message, 0);
}
static ssize_t by_sendmmsg(void) {
    union control control;
    struct mmsghdr messages[3] = {{.msg_hdr = {.msg_iov = pieces, .msg_iovlen = 2}},
                                  {.msg_hdr = {.msg_iov = pieces + 2, .msg_iovlen = 2}},
                                  {.msg_hdr = {.msg_iov = pieces + 4, .msg_iovlen = 1}}};
    enclose(&messages[1].msg_hdr, &control);
    int sent = sendmmsg(writer, messages, 3, 0);
    if (sent != 3 || messages[0].msg_len != 1000 || messages[1].msg_len != BYTES - 3000)
        return -1;
    return messages[0].msg_len + messages[1].msg_len + messages[2].msg_len;
}

static int pair(int type) {
    int ends[2];
    if (socketpair(AF_UNIX, type, 0, ends))
        exit(100);
    reader = ends[0];
    writer = ends[1];
    bytes = descriptors = 0;
    memset(taken, 0, sizeof taken);
    return 0;
}

static int is_cut(const char *name, ssize_t (*transfer)(void)) {
    pthread_t other;
    pair(SOCK_STREAM);
    pthread_create(&other, NULL, take, NULL);
    ssize_t done = transfer();
    close(writer);
    pthread_join(other, NULL);
    close(reader);
    int wrong = done != BYTES || bytes != BYTES || descriptors != 1 || memcmp(given, taken, BYTES) != 0;
    if (wrong)
        printf("%s: %zd, %zd came with %d descriptors\n", name, done, bytes, descriptors);
    return wrong;
}

/* Gives the one half early, the other one late, the descriptor with the second. */
static void *give(void *unused) {
    union control control;
    struct iovec half = {given + 1000, 1000};
    struct msghdr message = {.msg_iov = &half, .msg_iovlen = 1};
    (void)!write(writer, given, 1000);
    for (int i = 0; i < SCANS; i++)
        look_in();
    enclose(&message, &control);
    sendmsg(writer, &message, 0);
    return unused;
}
static int is_taken_apart(void) {
    pthread_t other;
    union control control;
    struct iovec halves[] = {{taken, 700}, {taken + 700, 700}, {taken + 1400, 0}, {taken + 1400, 600}};
    struct msghdr message = {.msg_iov = halves, .msg_iovlen = 4};
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    pair(SOCK_STREAM);
    pthread_create(&other, NULL, give, NULL);
    ssize_t done = recvmsg(reader, &message, MSG_WAITALL);
    pthread_join(other, NULL);
    int count = done > 0 ? enclosed(&message) : 0;
    int wrong = done != 2000 || count != 1 || memcmp(given, taken, 2000) != 0;
    if (wrong)
        printf("recvmsg: %zd with %d descriptors\n", done, count);
    return wrong;
}

/* One of them early, the others late. */
static void *give_datagrams(void *unused) {
    (void)!write(writer, given, 1000);
    for (int i = 1; i < DATAGRAMS; i++) {
        look_in();
        (void)!write(writer, given + 1000 * i, 1000);
    }
    return unused;
}
static int are_left(void) {
    pthread_t other;
    struct iovec places[DATAGRAMS];
    struct mmsghdr messages[DATAGRAMS];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < DATAGRAMS; i++) {
        places[i] = (struct iovec){taken + 1000 * i, 1000};
        messages[i].msg_hdr.msg_iov = &places[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    pair(SOCK_DGRAM);
    pthread_create(&other, NULL, give_datagrams, NULL);
    int count = recvmmsg(reader, messages, DATAGRAMS, 0, NULL);
    pthread_join(other, NULL);
    int wrong = count != DATAGRAMS || memcmp(given, taken, DATAGRAMS * 1000) != 0;
    if (wrong)
        printf("recvmmsg: %d\n", count);
    return wrong;
}

/* Over the internet's protocol: the reader stops, then resets the connection, while a part is under way. The part is told; no
 * SIGPIPE comes, for something was sent; and the error is the next call's. */
static void connect_pair(void) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t place_bytes = sizeof place;
    int room = 4096, listener = socket(AF_INET, SOCK_STREAM, 0);
    writer = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(writer, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&place, &place_bytes) ||
        connect(writer, (struct sockaddr *)&place, sizeof place) || (reader = accept(listener, NULL, NULL)) < 0)
        exit(100);
    close(listener);
    bytes = descriptors = 0;
}
static void *reset(void *unused) {
    look_in();
    look_in();
    close(reader);
    return unused;
}
static void *stop(void *unused) {
    look_in();
    look_in();
    shutdown(reader, SHUT_RD);
    return unused;
}
static ssize_t by_write(void) {
    return write(writer, given, BYTES);
}
static ssize_t by_send(void) {
    return send(writer, given, BYTES, 0);
}
static ssize_t by_sendmsg_alone(void) {
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = PIECES};
    return sendmsg(writer, &message, 0);
}
static int is_wrong(const char *name, void *(*end)(void *), ssize_t (*transfer)(void), int next_error) {
    pthread_t other;
    pthread_create(&other, NULL, end, NULL);
    errno = 0;
    ssize_t done = transfer();
    int error = errno;
    pthread_join(other, NULL);
    ssize_t after = send(writer, given, 1, MSG_NOSIGNAL);
    int wrong = done <= 0 || done >= BYTES || error || after != -1 || errno != next_error;
    if (wrong)
        printf("%s: %zd (%s), then %zd (%s)\n", name, done, strerror(error), after, strerror(errno));
    close(writer);
    return wrong;
}
static int is_reset(const char *name, ssize_t (*transfer)(void)) {
    connect_pair();
    return is_wrong(name, reset, transfer, ECONNRESET);
}
static int is_stopped(const char *name, ssize_t (*transfer)(void)) {
    pair(SOCK_STREAM);
    int wrong = is_wrong(name, stop, transfer, EPIPE);
    close(reader);
    return wrong;
}

/* The same while all is waited for. */
static void *give_half_and_reset(void *unused) {
    struct linger at_once = {1, 0};
    (void)!write(writer, given, 1000);
    look_in();
    look_in();
    setsockopt(writer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(writer);
    return unused;
}
static int is_receive_reset(void) {
    pthread_t other;
    connect_pair();
    pthread_create(&other, NULL, give_half_and_reset, NULL);
    ssize_t done = recv(reader, taken, 2000, MSG_WAITALL), after;
    pthread_join(other, NULL);
    after = recv(reader, taken, 2000, 0);
    int wrong = done != 1000 || after != -1 || errno != ECONNRESET;
    if (wrong)
        printf("recv: %zd, then %zd (%s)\n", done, after, strerror(errno));
    close(reader);
    return wrong;
}

int main(void) {
    fill();
    return is_cut("sendmsg", by_sendmsg) + is_cut("sendmmsg", by_sendmmsg) + is_taken_apart() + are_left() +
           is_reset("write", by_write) + is_reset("send", by_send) + is_reset("sendmsg", by_sendmsg_alone) +
           is_stopped("write to one that stops", by_write) + is_stopped("send to one that stops", by_send) +
           is_receive_reset();
}
