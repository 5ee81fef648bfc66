#!/usr/bin/env bash
# Forked children that end: what was born in them is judged, by as little of the inherited memory as will do.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
include=$(cd "$(dirname "$0")/../../preload" && pwd)

cat >"$WORK/forked.c" <<'C'
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "castaway.h"
#define APART __attribute__((noinline))
enum { SMALL = 48, LARGE = 20000, MAPPED = 1 << 20, SHARED = 4 << 20, PAGE = 4096 };
struct node { struct node *next, *held, *other; };

static struct node *inherited, *first;
static char *apart, *large, *mapped, *shared, *private, *narrow;
static struct node *volatile global;
static __thread struct node *volatile local;
static struct node **holder;
static int pipes[2];

static APART struct node *make(size_t size) { return memset(malloc(size), 0, size); }
static APART void clear(void) { volatile char area[65536]; for (size_t i = 0; i < sizeof area; i++) area[i] = 0; }
static APART void inherit(int count) {
    first = inherited = make(SMALL);
    apart = (char *)make(3 * PAGE);
    holder = (struct node **)(apart + PAGE + PAGE / 2); /* on a page of its own */
    for (int i = 0; i < count; i++) {
        struct node *node = make(SMALL);
        node->next = inherited;
        inherited = node;
    }
    large = (char *)make(LARGE);
    mapped = (char *)make(MAPPED);
    narrow = (char *)make(5000);
    *holder = (struct node *)narrow;
    narrow = NULL;
    shared = mmap(NULL, SHARED, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(shared, 1, SHARED);
    private = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* ---- what a child does ---- */
static APART void nothing(void) { }
static APART void leak(void) { make(56); }
static APART void tree(void) { make(56)->held = make(72); }
static APART void cycle(void) {
    struct node *a = make(56), *b = make(56);
    a->next = b;
    b->next = a;
}
static APART void held(void) {
    inherited->next->next->held = make(24);
    first->held = make(24);
    *(void **)(large + LARGE - 8) = make(24);
    *(void **)(mapped + MAPPED / 2) = make(24);
    shared[SHARED / 2] = 2;
    *(void **)(private + 9 * PAGE) = make(24);
    global = make(24);
    local = make(24);
}
static APART void sharing(void) { *(void **)(shared + 64) = make(24); }
static APART void dropped(void) {
    inherited->held = make(24);
    inherited->held->held = make(32);
    inherited = NULL;
}
static APART void mixed(void) {
    struct node *node = make(56);
    node->held = inherited;
    inherited->held = node;
    inherited = inherited->next;
}
/* Nobody writes to what holds it: it stays where it was, and is another object. */
static APART void narrowed(void) {
    if (realloc(*holder, 4000) != (void *)*holder)
        abort();
}
static APART void weak(void) {
    global = make(56);
    castaway_weak((void **)&global);
}
static APART void alternate(void) {
    stack_t stack = {.ss_sp = make(64 << 10), .ss_size = 64 << 10};
    sigaltstack(&stack, NULL);
}
static APART void epoll(void) {
    int file = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = make(24)};
    epoll_ctl(file, EPOLL_CTL_ADD, pipes[0], &event);
}
static void *hold(void *got) {
    struct node *volatile mine = make(24);
    write(*(int *)got, "", 1);
    for (;;)
        pause();
    return mine;
}
static APART void thread(void) {
    pthread_t id;
    int ready[2];
    char byte;
    pipe(ready);
    pthread_create(&id, NULL, hold, &ready[1]);
    read(ready[0], &byte, 1);
}
/* It still has all that it got from the child when that ends. */
static APART void grandchild(void) {
    held();
    leak();
    if (fork() == 0) {
        char byte;
        close(pipes[1]);
        read(pipes[0], &byte, 1);
        _exit(0);
    }
}
/* Its stacks are walked in one way at first, and in another later. */
static APART void early(void) { make(40); }
static APART void late(void) { make(72); }
static APART void busy(void) {
    early();
    for (int i = 0; i < 3000; i++)
        free(make(16 + i % 100));
    late();
}
static APART void busy_again(void) {
    busy();
    pid_t child = fork();
    if (child == 0)
        busy();
    else
        waitpid(child, NULL, 0);
}
static APART void unreadable(void) {
    held();
    leak();
    if (getuid() == 0 && setuid(65534))
        abort();
    prctl(PR_SET_DUMPABLE, 0);
}

static const struct { const char *name; void (*act)(void); } acts[] = {
    {"nothing", nothing}, {"leak", leak}, {"tree", tree}, {"cycle", cycle}, {"held", held}, {"sharing", sharing}, {"dropped", dropped},
    {"mixed", mixed}, {"narrowed", narrowed}, {"weak", weak}, {"thread", thread}, {"alternate", alternate}, {"epoll", epoll}, {"grandchild", grandchild},
    {"unreadable", unreadable}, {"early", early}, {"busy", busy}, {"busy_again", busy_again},
};

/* forked COUNT ACT [HOW]: inherits COUNT objects; the child ends by exit, or HOW */
int main(int count, char **words) {
    if (count < 3)
        return 2;
    inherit(atoi(words[1]));
    pipe(pipes);
    pid_t child = fork();
    if (child == 0) {
        for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
            if (!strcmp(acts[i].name, words[2]))
                acts[i].act();
        clear();
        if (count > 3 && !strcmp(words[3], "_exit"))
            _exit(0);
        if (count > 3 && !strcmp(words[3], "killed"))
            raise(SIGTERM);
        exit(0);
    }
    dprintf(1, "%d\n", child);
    while (waitpid(child, NULL, 0) < 0)
        ;
    close(pipes[1]);
    clear();
    return 0;
}
C
gcc -O0 -g -w -pthread -I"$include" -o "$WORK/forked" "$WORK/forked.c" || exit 1
cd "$WORK" || exit 1

runs() { # COUNT ACT [HOW] [-- OPTION...]: leaves the child's report in child.json, the parent's in parent.json
    local words=() options=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do words+=("$1"); shift; done
    [ $# = 0 ] || options=("${@:2}")
    rm -rf rec ./*.json
    mkdir rec
    castaway -o "$WORK/rec/%p.cast" --text /dev/null --fail-on none "${options[@]}" -- "$WORK/forked" "${words[@]}"
    child=$(head -n 1 out)
    "$CASTAWAY" report --fail-on none --text /dev/null --json child.json "rec/$child.cast"
    mv "rec/$child.cast" child.cast
    for each in rec/*; do
        grep -q "\"ppid\":$child," "$each" || "$CASTAWAY" report --fail-on none --text /dev/null --json parent.json "$each"
    done
}
child_is() { # KIND=OBJECTS/BYTES...: the others are 0/0; of the reachable ones only the objects
    local got
    got=$(jq -r '.summary | [to_entries[] | select(.value.objects? > 0 and .key != "reachable")
        | "\(.key)=\(.value.objects)/\(.value.bytes)"] | sort | join(" ")' child.json)
    [ "$got" = "$*" ] || { echo "child: '$got', not '$*'"; false; }
}
child_holds() { # OBJECTS: reachable ones of its own, at least
    jq -e --argjson n "$1" '.summary.reachable.objects >= $n' child.json
}
scan_of() { grep '"record":"scan"' "$1" | jq "$2"; }

MANY=20000
for how in exit _exit killed; do
    runs $MANY leak $how
    claim "$how: what the child drops is lost" child_is lost=1/56
done
runs $MANY tree
claim 'what hangs from it is told apart' child_is lost=1/56 lost_indirect=1/72
runs $MANY cycle
claim 'a cycle that the child made is found' child_is cycle=2/112
runs $MANY held
claim 'what the child put into inherited memory is held' child_is
claim 'all of it' child_holds 7
runs $MANY sharing
claim 'what it put into shared memory is held' child_is
claim 'that, too, is its own' child_holds 1
runs $MANY thread
claim 'what a thread of the child has on its stack is held' child_is
for act in alternate epoll; do
    runs $MANY $act
    claim "$act: what the child gave to the kernel is held" child_is
    claim "$act: it is there" child_holds 1
done
runs $MANY dropped
claim 'what an inherited object holds counts as held, wherever that one is' child_is
runs $MANY narrowed
claim 'a block that was made smaller in its place is held by words that nobody wrote' child_is
claim 'it is a new object' child_holds 1
runs $MANY grandchild
claim 'with a grandchild that has the same pages, only what is lost is lost' child_is lost=1/56
runs $MANY unreadable
claim 'where the kernel tells nothing of pages, only what is lost is lost' child_is lost=1/56
runs $MANY weak
claim 'a weak slot holds nothing' child_is lost=1/56

# Where it was made: the stacks of a child are as exact as its parent's.
stacks_are() { # FILE FUNCTIONS...: of the lost objects, from their makers out, in the order of their names
    local got
    got=$(jq -r '[.findings[] | select(.kind == "lost") | [.stack[].function] | .[:index("main") + 1] | join(">")] | sort | join(" ")' "$1")
    [ "$got" = "${*:2}" ] || { echo "'$got', not '${*:2}'"; false; }
}
runs $MANY early
claim 'a stack of the first moment is whole' stacks_are child.json 'make>early>main'
runs $MANY busy
claim 'one of the first moment and one of later are' stacks_are child.json 'make>early>busy>main' 'make>late>busy>main'
runs $MANY busy_again
claim 'so they are when it forks' stacks_are child.json 'make>early>busy>busy_again>main' 'make>late>busy>busy_again>main'
"$CASTAWAY" report --fail-on none --text /dev/null --json grandchild.json "$(grep -l "\"ppid\":$child," rec/*)"
claim 'and in a child of it' stacks_are grandchild.json 'make>early>busy>busy_again>main' 'make>late>busy>busy_again>main'

# A program that has more of its own is searched whole.
runs $MANY mixed
claim 'a cycle through an inherited object counts as held' child_is
runs $MANY mixed -- --retained
claim 'unless all objects were asked for' child_is cycle=1/56
runs $MANY dropped -- --unaligned yes
claim 'or words that are not aligned' child_is lost_indirect=2/56

# How little is read.
runs $MANY nothing
claim 'a child that has made nothing searches no object' test "$(scan_of child.cast .objects_scanned)" = 0
claim 'its report counts what it inherited' \
    test "$(jq '.notes[] | select(.code == "inherited") | .count' child.json)" = "$(jq .summary.reachable.objects parent.json)"
runs $MANY held
claim 'a child searches what it has made' test "$(scan_of child.cast .objects_scanned)" -lt 20
claim 'and not what it has not written' \
    test "$(scan_of child.cast '.root_bytes + .bytes_read')" -lt $((MANY * 48 / 2))
claim 'which its parent does' test "$(scan_of "$(echo rec/*)" .bytes_read)" -gt $((MANY * 48))

# Objects of an interpreter.
cat >forked.py <<'P'
import gc, os, sys
class Node: pass
def cycle():
    a, b = Node(), Node()
    a.other, b.other = b, a
def held():
    for i in range(50):
        cache[i] = Node()
        cache[i].back = cache
        names.append(Node())
gc.disable()
cache, names = {}, []
child = os.fork()
if child == 0:
    globals()[sys.argv[1]]()
    os._exit(0)
print(child, flush=True)
os.waitpid(child, 0)
os._exit(0)
P
python_runs() {
    rm -rf rec
    mkdir rec
    castaway -o "$WORK/rec/%p.cast" --text /dev/null --fail-on none -- /usr/bin/python3 forked.py "$1"
    "$CASTAWAY" report --fail-on none --text /dev/null --json child.json "rec/$(head -n 1 out).cast"
}
python_runs cycle
claim 'a Python cycle that the child made is found' jq -e '[.findings[] | select(.kind == "cycle") | .type] == ["Node"]' child.json
python_runs held
claim 'Python objects in inherited ones are held' child_is
claim 'all of them' child_holds 100
finish
