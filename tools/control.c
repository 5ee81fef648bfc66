/* control.c - one datagram to the program, and the answer out of a pipe whose other end went with it.
 *
 * Owns:  the socket's folder, the pipe, the bytes of the answer.
 * Never: waits beyond the time limit; trusts a folder or a socket of another user's, or what the answer holds.
 * Start: control_open(), control_ask(). */
#include "control.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    APPEAR_MS = 2000, /* a program's socket appears a moment after its start */
    RETRY_MS = 20,
    GOING_MS = 100,
    BUSY_RETRY_MS = 100,
    PIECE_BYTES = 64 << 10,
};
static const size_t answer_bytes_max = (size_t)1 << 28;

int64_t control_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(int ms) {
    poll(NULL, 0, ms);
}

static int fail(struct control *control, const char *error) {
    control->error = error;
    return -1;
}

static int pid_of(const struct control *control) {
    return (int)control->watched.pid;
}

/* Of what went wrong, that the program is gone says it best. Its end takes a moment from closing its files on. */
static int fail_unless_gone(struct control *control, const char *error) {
    for (int64_t end = control_now_ms() + GOING_MS; control_now_ms() < end; pause_ms(RETRY_MS))
        if (!watched_lives(control->watched.pid))
            return fail(control, pool_printf(control->pool, "process %d ended meanwhile", pid_of(control)));
    return fail(control, error);
}

/* ---- the socket ---- */

static bool is_private(const struct stat *status, uid_t uid, mode_t type) {
    return (status->st_mode & S_IFMT) == type && status->st_uid == uid && !(status->st_mode & 077);
}

/* returns 0; 1: it is not there yet; -1 with the error set */
static int open_folder(struct control *control, const char *path) {
    const struct watched *watched = &control->watched;
    struct stat status;
    if (control->folder < 0)
        control->folder = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (control->folder < 0 && errno == ENOENT)
        return 1;
    if (control->folder < 0 && errno == EACCES && *watched->root)
        return fail_unless_gone(control, pool_printf(control->pool,
                                                     "process %d lives in another namespace, and its files can't be "
                                                     "seen from here: run castaway in there",
                                                     pid_of(control)));
    if (control->folder < 0 && errno != ENOTDIR && errno != ELOOP)
        return fail_unless_gone(control, pool_printf(control->pool, "%s: %s", path, strerror(errno)));
    if (control->folder < 0 || fstat(control->folder, &status) || !is_private(&status, watched->uid, S_IFDIR))
        return fail(control,
                    pool_printf(control->pool,
                                "%s: not trusted: it must be a folder of mode 0700 of the program's own user", path));
    return 0;
}

/* The same for the socket in it. */
static int check_socket(struct control *control) {
    struct stat status;
    if (fstatat(control->folder, control->name, &status, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? 1
                               : fail(control, pool_printf(control->pool, "%s: %s", control->shown, strerror(errno)));
    if (!is_private(&status, control->watched.uid, S_IFSOCK))
        return fail(control, pool_printf(control->pool,
                                         "%s: not trusted: it must be a socket of mode 0600 of the program's own user",
                                         control->shown));
    return 0;
}

int control_open(struct control *control, struct pool *pool, pid_t pid, int timeout_ms) {
    struct watched *watched = &control->watched;
    *control = (struct control){.pool = pool, .timeout_ms = timeout_ms, .folder = -1, .reply = -1};
    int64_t end = control_now_ms() + APPEAR_MS;
    while ((control->error = watched_look(pool, pid, watched)))
        if (!watched->is_starting || control_now_ms() >= end)
            return -1;
        else
            pause_ms(RETRY_MS);
    pid = watched->pid;
    const char *folder = pool_printf(pool, "%s/tmp/castaway-%u", watched->root, (unsigned)watched->inner_uid);
    control->name = pool_printf(pool, "%d.sock", (int)watched->inner_pid);
    control->shown = pool_printf(pool, "%s/%s", folder, control->name);
    if (watched->is_young && timeout_ms > APPEAR_MS) /* with much else to do, it may be long about it */
        end += timeout_ms - APPEAR_MS;
    for (;; pause_ms(RETRY_MS)) {
        int missing = open_folder(control, folder);
        if (!missing)
            missing = check_socket(control);
        if (missing <= 0)
            return missing;
        if (!watched_lives(pid) || control_now_ms() >= end)
            return fail_unless_gone(
                control, pool_printf(pool, "process %d can't be asked: %s is not there", (int)pid, control->shown));
    }
}

void control_close(struct control *control) {
    if (control->folder >= 0)
        close(control->folder);
    if (control->reply >= 0)
        close(control->reply);
    free(control->answer);
    control->answer = NULL;
    control->folder = control->reply = -1;
}

/* Nobody has bound it. (A number says little: the process may live in another namespace.) */
static bool is_dead(int folder, const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (file < 0)
        return false;
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%.20s", folder, name);
    bool dead = connect(file, (const struct sockaddr *)&address, sizeof address) && errno == ECONNREFUSED;
    close(file);
    return dead;
}

static bool is_socket_name(const char *name) {
    size_t digits = strspn(name, "0123456789");
    return digits && digits < 12 && !strcmp(name + digits, ".sock");
}

void control_clean(void) {
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/tmp/castaway-%u", (unsigned)getuid());
    int file = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = file >= 0 && !fstat(file, &status) && is_private(&status, getuid(), S_IFDIR) ? fdopendir(file) : NULL;
    struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (is_socket_name(entry->d_name) && is_dead(file, entry->d_name))
            unlinkat(file, entry->d_name, 0);
    if (folder)
        closedir(folder);
    else if (file >= 0)
        close(file);
}

/* ---- the request ---- */

/* One try. returns 0 or an errno. The path goes by our descriptor of the folder that was checked, and so is never too
 * long for an address. */
static int send_once(const struct control *control, int file, const char *text, int reply) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } ancillary = {{0}};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct iovec piece = {(char *)text, strlen(text)};
    struct msghdr message = {.msg_name = &address,
                             .msg_namelen = sizeof address,
                             .msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = ancillary.bytes,
                             .msg_controllen = sizeof ancillary.bytes};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", control->folder, control->name);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    *head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof reply)};
    memcpy(CMSG_DATA(head), &reply, sizeof reply);
    return sendmsg(file, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

static int no_answer(struct control *control) {
    const char *limit = control->timeout_ms % 1000 ? pool_printf(control->pool, "%d ms", control->timeout_ms)
                                                   : pool_printf(control->pool, "%d s", control->timeout_ms / 1000);
    return fail_unless_gone(control,
                            pool_printf(control->pool, "no answer from process %d within %s%s; --timeout waits longer",
                                        pid_of(control), limit, watched_hindrance(control->watched.pid)));
}

/* Its queue may be full for a moment, and a socket that a former process left behind goes when it opens its own. */
static int send_patiently(struct control *control, int file, const char *text, int reply) {
    int64_t appears = control_now_ms() + APPEAR_MS;
    for (;; pause_ms(RETRY_MS)) {
        int error = send_once(control, file, text, reply);
        int64_t now = control_now_ms();
        if (!error)
            return 0;
        if (error == EAGAIN && now >= control->deadline_ms)
            return no_answer(control);
        bool may_appear =
            (error == ECONNREFUSED || error == ENOENT) && now < appears && watched_lives(control->watched.pid);
        if (error != EAGAIN && error != EINTR && !may_appear)
            return fail_unless_gone(control, pool_printf(control->pool, "process %d can't be asked: %s: %s",
                                                         pid_of(control), control->shown, strerror(error)));
    }
}

static void forget_answer(struct control *control) {
    if (control->reply >= 0)
        close(control->reply);
    control->reply = -1;
    control->fill = 0;
}

int control_send(struct control *control, const char *request) {
    int ends[2], file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    forget_answer(control);
    control->error = NULL;
    control->deadline_ms = control_now_ms() + control->timeout_ms;
    if (file < 0 || pipe2(ends, O_CLOEXEC)) {
        control->error = strerror(errno);
        if (file >= 0)
            close(file);
        return -1;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    control->reply = ends[0];
    char text[128];
    snprintf(text, sizeof text, "castaway 1 %s", request);
    int result = send_patiently(control, file, text, ends[1]);
    close(ends[1]);
    close(file);
    if (result)
        forget_answer(control);
    return result;
}

/* ---- the answer ---- */

static bool make_room(struct control *control) {
    if (control->room - control->fill >= PIECE_BYTES)
        return true;
    size_t larger = control->room ? control->room * 2 : 4 * PIECE_BYTES;
    char *answer = larger <= answer_bytes_max ? realloc(control->answer, larger) : NULL;
    if (!answer)
        return false;
    control->answer = answer;
    control->room = larger;
    return true;
}

int control_take(struct control *control) {
    if (!make_room(control)) {
        forget_answer(control);
        return fail(control, pool_printf(control->pool, "the answer of process %d is too long", pid_of(control)));
    }
    ssize_t got = read(control->reply, control->answer + control->fill, PIECE_BYTES);
    int result = got < 0 && (errno == EAGAIN || errno == EINTR) ? 1 : got > 0;
    if (got > 0)
        control->fill += (size_t)got;
    if (result && control_now_ms() >= control->deadline_ms) {
        forget_answer(control);
        return no_answer(control);
    }
    return result;
}

static int parse_answer(struct control *control, struct pool *pool, struct recording *recording) {
    FILE *file = fmemopen(control->answer, control->fill, "r");
    if (!file)
        return fail(control, strerror(errno));
    const char *name = pool_printf(pool, "answer of process %d", pid_of(control));
    int result = recording_read_open(recording, file, name, pool);
    fclose(file);
    if (!result && !recording->complete)
        return fail_unless_gone(control,
                                pool_printf(control->pool, "the answer of process %d is cut", pid_of(control)));
    return result;
}

int control_read(struct control *control, struct pool *pool, struct recording *recording) {
    *recording = (struct recording){.path = "", .executable = ""};
    control->error = NULL;
    int result =
        control->fill
            ? parse_answer(control, pool, recording)
            : fail_unless_gone(control, pool_printf(control->pool, "process %d gave no answer", pid_of(control)));
    forget_answer(control);
    return result;
}

const struct rec_note *control_note(const struct recording *recording, const char *code) {
    for (size_t i = 0; i < recording->note_count; i++)
        if (!strcmp(recording->notes[i].code, code))
            return &recording->notes[i];
    return NULL;
}

static int ask_once(struct control *control, const char *request, struct pool *pool, struct recording *recording) {
    *recording = (struct recording){.path = "", .executable = ""};
    if (control_send(control, request))
        return -1;
    for (;;) {
        int64_t left = control->deadline_ms - control_now_ms();
        struct pollfd reply = {.fd = control->reply, .events = POLLIN};
        poll(&reply, 1, left > 0 ? (int)left : 0);
        int more = control_take(control);
        if (more <= 0)
            return more < 0 ? -1 : control_read(control, pool, recording);
    }
}

int control_ask(struct control *control, const char *request, struct pool *pool, struct recording *recording) {
    int64_t end = control_now_ms() + control->timeout_ms;
    int result;
    while (!(result = ask_once(control, request, pool, recording)) && control_note(recording, "busy")) {
        recording_close(recording);
        if (control_now_ms() + BUSY_RETRY_MS >= end)
            return fail(control,
                        pool_printf(control->pool, "process %d is busy with another scan; try again", pid_of(control)));
        pause_ms(BUSY_RETRY_MS);
    }
    return result;
}
