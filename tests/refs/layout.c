/* Objects whose counts stand in memory, in a way that only the user can tell: [links of a list of all][count][members].
 *
 *   layout leak      50 pairs that hold each other; the links of a list of all sessions, which owns nothing, join them, and its
 *                    head, a variable, names the first and the last session
 *   layout inside    pairs whose references point behind the links
 *   layout stale     a pair in a cycle that is in no list; a word of it stays on the stack of main
 *   layout none      all are given back
 *   layout locked    one in memory that can't be read */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define NOINLINE __attribute__((noinline))
#define OPAQUE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

struct links {
    struct links *next, *before;
};
struct session {
    struct links all;
    long count;
    void *other;
};
static struct links list = {&list, &list};
static void **held;

NOINLINE static struct session *session_new(void) {
    struct session *session = calloc(1, sizeof *session);
    session->all = (struct links){list.next, &list};
    list.next->before = &session->all;
    list.next = &session->all;
    session->count = 1;
    return session;
}
NOINLINE static struct session *session_ref(struct session *session) {
    session->count++;
    return session;
}
NOINLINE static void session_unref(struct session *session) {
    if (--session->count)
        return;
    session->all.next->before = session->all.before;
    session->all.before->next = session->all.next;
    free(session);
}
static void *behind_links(struct session *session) {
    return &session->count;
}
NOINLINE static struct session *pair_new(int inside) {
    struct session *a = session_new(), *b = session_new();
    a->other = inside ? behind_links(session_ref(b)) : session_ref(b);
    b->other = inside ? behind_links(session_ref(a)) : session_ref(a);
    session_unref(b);
    return a;
}
NOINLINE static void pairs(int inside) {
    for (int i = 0; i < 50; i++)
        session_unref(pair_new(inside));
}
NOINLINE static void balanced(void) {
    for (int i = 0; i < 50; i++)
        session_unref(session_new());
}
/* A block of 64 KiB whose first page is locked. */
NOINLINE static void lock_page(void) {
    char *block = calloc(1, 1 << 16);
    char *page = (char *)(((size_t)block + 4095) & ~(size_t)4095);
    held = malloc(sizeof *held);
    *held = block;
    mprotect(page, 4096, PROT_NONE);
}
NOINLINE static void forget(void) {
    char bytes[16384];
    memset(bytes, 0, sizeof bytes);
    OPAQUE(bytes);
}

int main(int count, char **arguments) {
    const char *mode = count > 1 ? arguments[1] : "none";
    void *volatile stale = NULL;
    if (!strcmp(mode, "leak") || !strcmp(mode, "inside"))
        pairs(mode[0] == 'i');
    else if (!strcmp(mode, "stale")) {
        struct session *a = pair_new(0);
        list.next = list.before = &list;
        stale = a;
        session_unref(a);
    } else if (!strcmp(mode, "locked"))
        lock_page();
    else
        balanced();
    OPAQUE(&held);
    forget();
    OPAQUE(stale);
    exit(0);
}
