/* control.c - the socket that requests come in by.
 *
 * A datagram holds the whole request and, as SCM_RIGHTS, the descriptor that takes the answer; so nothing here waits for
 * a client. The answer is written by a snapshot child (live.c).
 *
 * Owns:    the socket, its name, its descriptor.
 * Never:   blocks, trusts a folder or a sender of another user's.
 * Start:   control_open(). Protocol: README.md, "Control". */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "descriptor.h"
#include "interrupt.h"
#include "proc.h"
#include "sys.h"

enum { REQUEST_BYTES = 256, REQUESTS_WAITING = 8 };

static struct descriptor socket_file = {.number = -1};
static struct sockaddr_un address;

/* "/tmp/castaway-UID"; returns its length. */
static size_t folder_name(char *out) {
    static const char prefix[] = "/tmp/castaway-";
    memcpy(out, prefix, sizeof prefix);
    return sizeof prefix - 1 + proc_decimal((int)sys(SYS_getuid, 0), out + sizeof prefix - 1);
}

/* It must be ours and closed to others: /tmp is everybody's. */
static int folder_make(const char *folder) {
    struct stat status = {0};
    long error = sys(SYS_mkdirat, AT_FDCWD, folder, 0700);
    if (sys_failed(error) && error != -EEXIST)
        return (int)error;
    error = sys(SYS_newfstatat, AT_FDCWD, folder, &status, AT_SYMLINK_NOFOLLOW);
    if (sys_failed(error))
        return (int)error;
    int safe = S_ISDIR(status.st_mode) && status.st_uid == (unsigned)sys(SYS_getuid, 0) && !(status.st_mode & 077);
    return safe ? 0 : -EPERM;
}

static int bind_name(int file, int pid) {
    address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t length = folder_name(address.sun_path);
    int error = folder_make(address.sun_path);
    if (error)
        return error;
    address.sun_path[length++] = '/';
    length += proc_decimal(pid, address.sun_path + length);
    memcpy(address.sun_path + length, ".sock", sizeof ".sock");
    sys(SYS_unlinkat, AT_FDCWD, address.sun_path, 0); /* left by a process that had the number before */
    error = (int)sys(SYS_bind, file, &address, sizeof address);
    if (error == 0)
        error = (int)sys(SYS_fchmodat, AT_FDCWD, address.sun_path, 0600);
    return error;
}

static int signals_begin(int file, int tid) {
    struct f_owner_ex owner = {F_OWNER_TID, tid};
    long error = sys(SYS_fcntl, file, F_SETSIG, INTERRUPT_SIGNAL);
    if (!sys_failed(error))
        error = sys(SYS_fcntl, file, F_SETOWN_EX, &owner);
    long flags = sys(SYS_fcntl, file, F_GETFL, 0);
    if (!sys_failed(error))
        error = sys(SYS_fcntl, file, F_SETFL, flags | O_ASYNC);
    return (int)error;
}

int control_open(int pid, int tid) {
    if (control_is_open())
        return 0;
    long file = sys(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (sys_failed(file))
        return (int)file;
    if (descriptor_keep(&socket_file, (int)file) != 0)
        return -EMFILE;
    int on = 1;
    long error = sys(SYS_setsockopt, socket_file.number, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    if (!sys_failed(error))
        error = signals_begin(socket_file.number, tid); /* before the name: no request goes unnoticed */
    if (!sys_failed(error))
        error = bind_name(socket_file.number, pid);
    if (sys_failed(error))
        descriptor_close(&socket_file);
    return (int)error;
}

int control_is_open(void) {
    return descriptor_is_ours(&socket_file);
}

int control_signalled(const siginfo_t *info) {
    return info->si_code > 0 && info->si_code <= POLL_HUP && info->si_fd == socket_file.number;
}

void control_pause(void) {
    if (control_is_open())
        sys(SYS_fcntl, socket_file.number, F_SETOWN, 0);
}

void control_continue(int tid) {
    if (control_is_open())
        signals_begin(socket_file.number, tid);
}

void control_close(void) {
    if (!control_is_open())
        return;
    sys(SYS_unlinkat, AT_FDCWD, address.sun_path, 0);
    descriptor_close(&socket_file);
}

void control_after_fork(void) {
    descriptor_close(&socket_file);
}

/* ---- requests ---- */

static unsigned one_digit(const char *text) {
    return text[0] >= '0' && text[0] <= '2' && !text[1] ? (unsigned)(text[0] - '0') : 3;
}

static void parse(const char *text, struct control_request *out) {
    static const struct {
        const char *words;
        enum control_verb verb;
    } requests[] = {
        {"castaway 1 status", CONTROL_STATUS},
        {"castaway 1 scan ", CONTROL_SCAN},
        {"castaway 1 top", CONTROL_TOP},
        {"castaway 1 why ", CONTROL_WHY},
    };
    out->verb = CONTROL_WRONG;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        size_t length = strlen(requests[i].words);
        const char *rest = text + length;
        if (strncmp(text, requests[i].words, length) != 0 || (requests[i].words[length - 1] != ' ' && *rest))
            continue;
        out->verb = requests[i].verb;
        if (out->verb == CONTROL_SCAN && (out->generation = one_digit(rest)) > 2)
            out->verb = CONTROL_WRONG;
        if (out->verb == CONTROL_WHY) {
            rest += rest[0] == '0' && rest[1] == 'x' ? 2 : 0;
            out->address = proc_hex(&rest);
            if (*rest || !out->address)
                out->verb = CONTROL_WRONG;
        }
    }
}

struct ancillary {
    _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(4 * sizeof(int))];
};

/* The first descriptor that came along, or -1; others are closed. *uid receives the sender's. */
static int take_ancillary(struct msghdr *message, unsigned *uid) {
    int reply = -1;
    *uid = ~0u;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET)
            continue;
        if (head->cmsg_type == SCM_CREDENTIALS) {
            struct ucred sender = {0};
            memcpy(&sender, CMSG_DATA(head), sizeof sender);
            *uid = sender.uid;
        }
        if (head->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = CMSG_LEN(0); at + sizeof(int) <= head->cmsg_len; at += sizeof(int)) {
            int file;
            memcpy(&file, (const char *)head + at, sizeof file);
            if (reply < 0)
                reply = file;
            else
                sys(SYS_close, file);
        }
    }
    return reply;
}

/* A pipe or a socket: writing to anything else might take as long as it likes. */
static int is_stream(int file) {
    struct stat status = {0};
    return !sys_failed(sys(SYS_newfstatat, file, "", &status, AT_EMPTY_PATH)) &&
           (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

/* returns 1: a request; 0: none waits; -1: not one that is answered */
static int receive(struct control_request *out) {
    char text[REQUEST_BYTES] = "";
    struct ancillary ancillary = {0};
    struct iovec piece = {text, sizeof text - 1};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = ancillary.bytes, .msg_controllen = sizeof ancillary.bytes};
    long length = sys(SYS_recvmsg, socket_file.number, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (sys_failed(length))
        return 0;
    unsigned uid;
    out->reply = take_ancillary(&message, &uid);
    if (out->reply < 0)
        return -1;
    if ((uid != 0 && uid != (unsigned)sys(SYS_getuid, 0)) || !is_stream(out->reply)) {
        sys(SYS_close, out->reply);
        return -1;
    }
    text[length] = 0;
    while (length && text[length - 1] == '\n')
        text[--length] = 0;
    parse(text, out);
    return 1;
}

int control_next(struct control_request *out) {
    if (!control_is_open())
        return 0;
    for (int tries = 0; tries < REQUESTS_WAITING; tries++) {
        int got = receive(out);
        if (got >= 0)
            return got;
    }
    return 0;
}
