/* The words of Python's gc. What is not as castaway.h promises is printed. */
#define _GNU_SOURCE
#include "castaway.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OPAQUE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

static int wrong;
static void check(int right, const char *what) {
    if (!right) {
        wrong = 1;
        printf("wrong: %s\n", what);
        fflush(stdout);
    }
}

/* Dead frames must not hold what a scan is asked about. */
static __attribute__((noinline)) void forget(void) {
    char bytes[16384];
    memset(bytes, 0, sizeof bytes);
    OPAQUE(bytes);
}
static __attribute__((noinline)) void drop(int count, size_t bytes) {
    for (int i = 0; i < count; i++) {
        void *dropped = calloc(1, bytes);
        OPAQUE(dropped);
    }
}
static long collect(int generation) {
    forget();
    return castaway_collect(generation);
}

static __attribute__((noinline)) void stats(void) {
    struct castaway_stats before[3], after[3];
    check(collect(2) >= 0, "a first scan");
    castaway_get_stats(before);
    check(before[2].collections >= 1 && before[0].collections == 0, "the first scan is of all");
    drop(7, 100);
    check(collect(0) == 7, "seven are found");
    castaway_get_stats(after);
    check(after[0].collections == 1 && after[0].found == 7 && after[0].uncollectable == 0, "found by a young scan");
    collect(2);
    castaway_get_stats(after);
    check(after[2].collections == before[2].collections + 1, "one more");
    check(after[2].uncollectable == before[2].uncollectable + 7, "confirmed by a full scan");
}

struct node {
    struct node *next;
    char rest[40];
};
static struct node *list, *head;
static void **weak_slot;

static __attribute__((noinline)) void referrers(void) {
    void *out[4] = {NULL};
    struct node *target = calloc(1, sizeof *target), *one = calloc(1, sizeof *one), *two = calloc(1, sizeof *two);
    one->next = target;
    two->next = (struct node *)((char *)target + 10);
    target->next = target;
    head = one;
    list = two;
    check(castaway_get_referrers(target, out, 4) == 2, "two refer to it");
    check((out[0] == one && out[1] == two) || (out[0] == two && out[1] == one), "these two");
    check(out[0] < out[1], "in the order of addresses");
    memset(out, 0, sizeof out);
    check(castaway_get_referrers((char *)target + 5, out, 1) == 2 && out[0] && !out[1],
          "no more than there is room for");
    check(castaway_get_referrers(one, NULL, 0) == 0, "roots are no objects");
    check(castaway_get_referrers(&wrong, out, 4) == 0, "no object");
    weak_slot = malloc(sizeof *weak_slot);
    *weak_slot = target;
    check(castaway_get_referrers(target, out, 4) == 3, "a slot");
    castaway_weak(weak_slot);
    check(castaway_get_referrers(target, out, 4) == 2, "a weak slot");
    castaway_unweak(weak_slot);
    free(weak_slot);
    weak_slot = NULL;
    free(one);
    check(castaway_get_referrers(target, out, 4) == 1 && out[0] == two, "freed ones do not refer");
    head = target;
}

static int stop_asking;
static void *churn(void *argument) {
    while (!__atomic_load_n(&stop_asking, __ATOMIC_RELAXED))
        free(malloc(64));
    return argument;
}
/* Threads that get no processor for long do not come to stand in time: then castaway says so, and is asked again. */
enum { ASKED_MAX = 50 };
static long referrers_after_all(const void *object) {
    long count = -1;
    for (int i = 0; count < 0 && i < ASKED_MAX; i++)
        count = castaway_get_referrers(object, NULL, 0);
    return count;
}
static int freeze_after_all(void) {
    int error = -1;
    for (int i = 0; error && i < ASKED_MAX; i++)
        error = castaway_freeze();
    return error;
}
static __attribute__((noinline)) void referrers_beside_threads(void) {
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, churn, NULL);
    for (int i = 0; i < 10; i++)
        check(referrers_after_all(head) == 1, "beside busy threads");
    check(freeze_after_all() == 0, "frozen beside busy threads");
    castaway_unfreeze();
    __atomic_store_n(&stop_asking, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static __attribute__((noinline)) void drop_holder(void) {
    void **holder = malloc(sizeof *holder);
    *holder = malloc(33);
    OPAQUE(holder);
}
static __attribute__((noinline)) void freeze(void) {
    long lost = castaway_check();
    drop(3, 100);
    drop_holder();
    forget();
    check(castaway_freeze() == 0, "frozen");
    check(castaway_get_freeze_count() >= 5, "five and more are");
    check(castaway_check() == 0, "all that was lost is left out, and what it leads to");
    drop(2, 100);
    forget();
    check(castaway_check() == 2, "what is born later is not");
    castaway_unfreeze();
    check(castaway_get_freeze_count() == 0, "none is");
    check(castaway_check() == lost + 7, "all of them again");
    check(castaway_freeze() == 0, "once more");
    long count = castaway_get_freeze_count();
    void *later = malloc(10);
    check(castaway_get_freeze_count() == count, "later ones are not counted");
    free(later);
    free(list);
    check(castaway_get_freeze_count() == count - 1, "freed ones neither");
    list = NULL;
    castaway_unfreeze();
}

struct told {
    int calls;
    long nested;
    struct castaway_scan last;
};
static void on_scan(const struct castaway_scan *scan, void *context) {
    struct told *told = context;
    told->calls++;
    told->last = *scan;
    free(malloc(10)); /* it may allocate */
    told->nested = castaway_collect(0);
}
static __attribute__((noinline)) void callbacks(void) {
    struct told first = {0}, second = {0};
    check(castaway_on_scan(on_scan, &first) == 0 && castaway_on_scan(on_scan, &second) == 0, "registered");
    long number = 0;
    drop(4, 100);
    collect(2);
    check(first.calls == 1 && second.calls == 1, "called before the scan returns");
    check(first.last.generation == 2 && first.last.found == 4 && first.last.number > 0, "with what it found");
    check(first.last.pause_us > 0 && first.last.scan_us > 0, "with times");
    check(first.nested == -1, "no scan in a callback");
    number = first.last.number;
    collect(1);
    check(first.last.number == number + 1 && first.last.generation == 1, "the next one");
    castaway_off_scan(on_scan, &second);
    collect(0);
    check(first.calls == 3 && second.calls == 2, "one was taken back");
    castaway_off_scan(on_scan, &first);
    for (int i = 0; i < 8; i++)
        check(castaway_on_scan(on_scan, &first) == 0, "eight");
    check(castaway_on_scan(on_scan, &first) == -1, "no ninth");
    for (int i = 0; i < 8; i++)
        castaway_off_scan(on_scan, &first);
}

/* Told by a scan that nobody asked for: in the thread that allocates, never inside of libc. */
static pthread_t teller;
static volatile int told_later, told_in_libc, in_libc;
static void on_due_scan(const struct castaway_scan *scan, void *context) {
    (void)context;
    told_in_libc |= in_libc;
    told_later += scan->number > 0;
    teller = pthread_self();
    time_t now = time(NULL);
    struct tm parts;
    localtime_r(&now, &parts); /* takes a lock of libc's, which allocates under it */
}
static void short_wait(void) {
    struct timespec slice = {0, 1000000};
    nanosleep(&slice, NULL);
}
static __attribute__((noinline)) void by_threshold(void) {
    enum { KEPT = 2000, LIBC_ROUNDS = 100, ROUNDS_MAX = 10000 };
    void **kept = calloc(KEPT, sizeof *kept);
    castaway_on_scan(on_due_scan, NULL);
    castaway_set_threshold(1000, 10, 10);
    for (int i = 0; i < KEPT; i++)
        kept[i] = malloc(20);
    in_libc = 1;
    for (int i = 0; i < LIBC_ROUNDS; i++) {
        setenv("TZ", i % 2 ? "UTC" : "CET", 1);
        tzset();
        short_wait();
        free(strdup("for the program, but by libc's own call"));
    }
    in_libc = 0;
    for (int i = 0; i < ROUNDS_MAX && !told_later; i++) {
        void *block = malloc(20);
        OPAQUE(block);
        free(block);
        short_wait();
    }
    check(!told_in_libc, "not told below libc's allocations");
    check(told_later > 0 && pthread_equal(teller, pthread_self()), "told where the program allocates");
    castaway_off_scan(on_due_scan, NULL);
    castaway_set_threshold(0, 10, 10);
    for (int i = 0; i < KEPT; i++)
        free(kept[i]);
    free(kept);
}

static __attribute__((noinline)) void forked(void) {
    pid_t child = fork();
    int status = -1;
    if (child == 0) {
        struct castaway_stats now[3];
        castaway_get_stats(now);
        check(now[0].collections + now[1].collections + now[2].collections == 0, "a child begins anew");
        struct told told = {0};
        castaway_on_scan(on_scan, &told);
        drop(2, 3000);
        check(collect(2) == 2 && told.calls == 1, "a child is told, too");
        _exit(wrong);
    }
    waitpid(child, &status, 0);
    check(status == wrong << 8, "the child");
}

static void *ask(void *argument) {
    while (!__atomic_load_n(&stop_asking, __ATOMIC_RELAXED))
        referrers_after_all(head);
    return argument;
}
static __attribute__((noinline)) void forked_while_asked(void) {
    enum { FORKS = 5, LIMIT_SECONDS = 20 };
    pthread_t thread;
    __atomic_store_n(&stop_asking, 0, __ATOMIC_RELAXED);
    pthread_create(&thread, NULL, ask, NULL);
    for (int i = 0; i < FORKS; i++) {
        int status = -1;
        short_wait();
        pid_t child = fork();
        if (child == 0) {
            alarm(LIMIT_SECONDS);
            _exit(referrers_after_all(head) != 0); /* freeze() has freed those that point there */
        }
        waitpid(child, &status, 0);
        check(status == 0, "a child asks while its parent's thread does");
    }
    __atomic_store_n(&stop_asking, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
}

/* Requests of others, whose answers nobody reads. */
static int control_connected(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int client = socket(AF_UNIX, SOCK_DGRAM, 0), error = -1;
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/castaway-%d/%d.sock", (int)getuid(), (int)getpid());
    for (int i = 0; i < 60000 && error; i++) { /* it is there a moment after the start */
        short_wait();
        error = connect(client, (struct sockaddr *)&address, sizeof address);
    }
    return client;
}
static void request(int client, int reply) {
    static char text[] = "castaway 1 status";
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec line = {text, sizeof text - 1};
    struct msghdr message = {
        .msg_iov = &line, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    memcpy(CMSG_DATA(&control.header), &reply, sizeof reply);
    check(sendmsg(client, &message, 0) == sizeof text - 1, "a request is sent");
}
static void full_pipe(int ends[2]) {
    static const char bytes[4096];
    check(pipe2(ends, O_CLOEXEC) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0, "a pipe");
    while (write(ends[1], bytes, sizeof bytes) > 0) {
    }
}
static __attribute__((noinline)) void referrers_beside_requests(void) {
    enum { ANSWERED_AT_ONCE = 4 };
    int unread[ANSWERED_AT_ONCE][2], last[2], client = control_connected();
    char answer[4096] = "";
    for (int i = 0; i < ANSWERED_AT_ONCE; i++) {
        full_pipe(unread[i]);
        request(client, unread[i][1]);
    }
    check(pipe2(last, O_CLOEXEC) == 0, "one more pipe");
    request(client, last[1]);
    check(referrers_after_all(head) == 0, "others are answered at the same time");
    check(read(last[0], answer, sizeof answer - 1) > 0 && strstr(answer, "busy"), "no more of them are");
    for (int i = 0; i < ANSWERED_AT_ONCE; i++) {
        close(unread[i][0]);
        close(unread[i][1]);
    }
    close(last[0]);
    close(last[1]);
    close(client);
}

/* Whoever answers gives way to all others, and is not quite gone when the next question comes. */
static __attribute__((noinline)) void referrers_in_a_row(void) {
    enum { BUSY = 4, QUESTIONS = 300 };
    pid_t busy[BUSY];
    for (int i = 0; i < BUSY; i++)
        if ((busy[i] = fork()) == 0) {
            alarm(120);
            for (;;)
                OPAQUE(busy);
        }
    int refused = 0;
    for (int i = 0; i < QUESTIONS; i++)
        refused += castaway_get_referrers(head, NULL, 0) != 0;
    check(refused == 0, "each of many questions is answered");
    for (int i = 0; i < BUSY; i++) {
        kill(busy[i], SIGKILL);
        waitpid(busy[i], NULL, 0);
    }
}

/* What the report of the end says: `frozen` nothing, `thawed` what was lost before. */
static void at_the_end(int is_frozen) {
    drop(3, 100);
    castaway_freeze();
    if (!is_frozen)
        castaway_unfreeze();
}

int main(int count, char **arguments) {
    if (count > 1) {
        at_the_end(!strcmp(arguments[1], "frozen"));
        return 0;
    }
    if (!castaway_is_active()) {
        struct castaway_stats now[3];
        castaway_get_stats(now);
        return now[2].collections || castaway_freeze() || castaway_get_freeze_count() ||
               castaway_on_scan(on_scan, NULL) || castaway_get_referrers(&wrong, NULL, 0) ||
               castaway_scope_findings(NULL, 0);
    }
    stats();
    referrers();
    referrers_beside_threads();
    freeze();
    callbacks();
    by_threshold();
    forked();
    forked_while_asked();
    referrers_beside_requests();
    referrers_in_a_row();
    return wrong;
}
