/* generated.cc SEED PLUGIN - a heap made at random whose verdict is known by construction.
 *
 * Every object is made with its verdict decided, and pointers are only drawn where they can't change it:
 *   reachable   anything may point at them
 *   lost        nothing may, but themselves
 *   cycle       only the other members of the same ring
 *   indirect    anything that is not reachable; the first pointer comes from an object made before
 *   possible    one pointer into the middle from a reachable place, or a pointer from another possible object
 * Objects come from every allocation function, from threads, and from a plug-in; some are moved by realloc, some are freed.
 * What is reachable is held in every kind of place (holders.cc). Some runs fork, and the child loses something of its own.
 * The expected summary is printed as JSON. Addresses are kept complemented until the end, then forgotten. */
#include "holders.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <malloc.h>
#include <new>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

enum kind { REACHABLE, LOST, CYCLE, INDIRECT, POSSIBLE, KINDS };
enum { OBJECTS_MAX = 400, THREADS_MAX = 3, HELD_MAX = OBJECTS_MAX };

struct object {
    uintptr_t hidden;  /* complement of the address */
    size_t size, used; /* used: bytes taken by pointers */
    kind is;
    bool by_malloc; /* so that realloc may move it */
    int group;
};
object objects[OBJECTS_MAX];
int object_count;
uint64_t state;
void *(*plugin_allocate)(size_t);
void (*plugin_hold)(uintptr_t);

uintptr_t held[HELD_MAX]; /* what makes objects reachable: here, in a thread's memory or on its stack */
int held_count;
pthread_barrier_t barrier;

unsigned draw(unsigned below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<unsigned>((state >> 33) % below);
}

[[gnu::noinline]] void clobber() {
    volatile char area[128 * 1024];
    for (volatile char &each : area)
        each = 0;
}

/* ---- allocation ---- */

struct request {
    size_t size;
    uintptr_t hidden;
};
thread_local uintptr_t left_behind; /* it goes with its thread */
void *allocate_in_thread(void *wanted) {
    auto *ask = static_cast<request *>(wanted);
    void *made = malloc(ask->size);
    memset(made, 0, ask->size);
    left_behind = reinterpret_cast<uintptr_t>(made);
    ask->hidden = ~reinterpret_cast<uintptr_t>(made);
    return nullptr;
}
uintptr_t by_thread(size_t size) {
    request ask = {size, 0};
    pthread_t thread;
    if (pthread_create(&thread, nullptr, allocate_in_thread, &ask) || pthread_join(thread, nullptr))
        abort();
    return ask.hidden;
}

/* A text of size - 1 characters, by the functions of libc that make one in a block of just that size. (Not by a stream: what
 * that leaves in freed memory would hold by chance, in a place that does not fill all its own.) */
void *as_text(unsigned way, size_t size) {
    std::vector<char> text(size, 'x');
    char *made = nullptr;
    text.back() = 0;
    if (way == 0)
        return strdup(text.data());
    if (way == 1)
        return strndup(text.data(), size - 1);
    if (asprintf(&made, "%s", text.data()) < 0)
        abort();
    return made;
}

[[gnu::noinline]] uintptr_t allocate(size_t size, bool *by_malloc) {
    void *made = nullptr;
    unsigned way = draw(18);
    *by_malloc = way < 6;
    switch (way) {
    case 0:
    case 1:
        made = malloc(size);
        break;
    case 2:
        made = calloc(1, size);
        break;
    case 3:
        made = realloc(malloc(1 + draw(300)), size);
        break;
    case 4:
        made = reallocarray(nullptr, size, 1);
        break;
    case 5:
        made = plugin_allocate(size);
        break;
    case 6:
        if (posix_memalign(&made, 64, size))
            abort();
        break;
    case 7:
        made = aligned_alloc(32, size);
        break;
    case 8:
        made = ::operator new(size);
        break;
    case 9:
        made = new char[size];
        break;
    case 10:
        free(malloc(draw(500)));
        made = malloc(size);
        break;
    case 11:
        made = valloc(size);
        break;
    case 12:
        made = memalign(256, size);
        break;
    case 13:
        made = ::operator new(size, std::align_val_t(128));
        break;
    case 14:
    case 15:
        made = as_text(draw(3), size);
        break;
    default:
        return draw(4) ? (made = strndup("", 0), free(made), allocate(size, by_malloc)) : by_thread(size);
    }
    memset(made, 0, size);
    return ~reinterpret_cast<uintptr_t>(made);
}

int make(kind is, int group) {
    if (object_count == OBJECTS_MAX)
        return -1;
    object *made = &objects[object_count];
    static const size_t sizes[] = {40, 48, 56, 104, 200, 1000, 5000, 200000};
    *made = {0, sizes[draw(draw(8) ? 5 : 8)] + draw(8), 8, is, false, group};
    made->hidden = allocate(made->size, &made->by_malloc);
    return object_count++;
}

/* ---- pointers ---- */

/* Into a place of `from` that is free: word 0 stays zero, so that no object looks like a counted array. */
[[gnu::noinline]] bool point(int from, uintptr_t hidden_target) {
    object *holder = &objects[from];
    if (holder->used + sizeof(uintptr_t) > holder->size / 8 * 8 || holder->used + 8 > 400)
        return false;
    size_t at = holder->used;
    holder->used += 8;
    *reinterpret_cast<uintptr_t *>(~holder->hidden + at) = ~hidden_target;
    return true;
}
bool point_at(int from, int to) {
    return point(from, objects[to].hidden);
}
void hold(uintptr_t hidden) {
    held[held_count++] = ~hidden;
}

/* Somebody made before who may point at an object of this kind; -1: nobody with room. */
int holder_for(kind is) {
    for (int tries = 0; tries < 20; tries++) {
        int from = static_cast<int>(draw(static_cast<unsigned>(object_count)));
        kind other = objects[from].is;
        bool may = is == REACHABLE  ? other == REACHABLE
                   : is == POSSIBLE ? other == POSSIBLE
                                    : other != REACHABLE && other != POSSIBLE;
        if (may && objects[from].used + 16 < objects[from].size)
            return from;
    }
    return -1;
}

/* ---- the shapes ---- */

void make_reachable() {
    int from = object_count ? holder_for(REACHABLE) : -1, made = make(REACHABLE, 0);
    if (made >= 0 && (from < 0 || draw(3) == 0 || !point_at(from, made)))
        hold(objects[made].hidden);
}
void make_lost() {
    int made = make(LOST, 0);
    if (made >= 0 && draw(4) == 0)
        point_at(made, made);
}
void make_ring() {
    int first = object_count, length = 2 + static_cast<int>(draw(6));
    if (object_count + length > OBJECTS_MAX)
        return;
    for (int i = 0; i < length; i++)
        make(CYCLE, first);
    for (int i = 0; i < length; i++)
        point_at(first + i, first + (i + 1) % length);
    for (unsigned chords = draw(3); chords > 0; chords--)
        point_at(first + static_cast<int>(draw(static_cast<unsigned>(length))),
                 first + static_cast<int>(draw(static_cast<unsigned>(length))));
}
void make_indirect() {
    int from = object_count ? holder_for(INDIRECT) : -1;
    if (from < 0)
        return;
    int made = make(INDIRECT, 0);
    if (made >= 0 && !point_at(from, made))
        abort();
}
void make_possible() {
    int from = object_count && draw(2) ? holder_for(POSSIBLE) : -1, made = make(POSSIBLE, 0);
    if (made >= 0 && (from < 0 || !point_at(from, made)))
        hold(objects[made].hidden - 20); /* 20 bytes in: no shape that is known to be good */
}

/* Pointers that change nothing. */
void make_noise() {
    int from = static_cast<int>(draw(static_cast<unsigned>(object_count)));
    int to = static_cast<int>(draw(static_cast<unsigned>(object_count)));
    kind source = objects[from].is, target = objects[to].is;
    bool harmless = target == REACHABLE || (target == INDIRECT && source != REACHABLE && source != POSSIBLE) ||
                    (target == POSSIBLE && source != REACHABLE) ||
                    (source == CYCLE && target == CYCLE && objects[from].group == objects[to].group);
    if (harmless)
        point_at(from, to);
}

/* A vector that is lost, with its elements: these point at others as any object does. */
void make_lost_vector() {
    if (object_count + 2 > OBJECTS_MAX)
        return;
    auto *made = new std::vector<uintptr_t>(4 + draw(30));
    objects[object_count++] = {~reinterpret_cast<uintptr_t>(made), sizeof *made, sizeof *made, LOST, false, 0};
    objects[object_count++] = {
        ~reinterpret_cast<uintptr_t>(made->data()), made->size() * sizeof(uintptr_t), 8, INDIRECT, false, 0};
}

/* Only those that nobody points at yet can move. */
void make_moved(int made) {
    object *moved = &objects[made];
    if (!moved->by_malloc || moved->used > 8)
        return;
    moved->size += draw(2000);
    moved->hidden = ~reinterpret_cast<uintptr_t>(realloc(reinterpret_cast<void *>(~moved->hidden), moved->size));
    memset(reinterpret_cast<void *>(~moved->hidden), 0, moved->size);
}

[[gnu::noinline]] void build() {
    static void (*const shapes[])() = {make_reachable, make_reachable, make_lost,     make_ring,       make_indirect,
                                       make_indirect,  make_indirect,  make_possible, make_lost_vector};
    int wanted = 1 + static_cast<int>(draw(draw(2) ? 30 : OBJECTS_MAX));
    while (object_count < wanted && object_count < OBJECTS_MAX - 8) {
        unsigned shape = draw(9);
        int before = object_count;
        shapes[shape]();
        if (shape == 2 && object_count > before && draw(3) == 0)
            make_moved(before);
    }
    for (int i = 0; i < object_count; i++)
        make_noise();
}

/* ---- who holds ---- */

thread_local uintptr_t in_tls[HELD_MAX];

/* Every thread takes its share of what is held, in its own memory or on its stack, and stays. */
void *keep_share(void *number_of) {
    int number = static_cast<int>(reinterpret_cast<intptr_t>(number_of));
    volatile uintptr_t on_stack[HELD_MAX] = {0};
    for (int i = number; i < held_count; i += THREADS_MAX + 1)
        (number % 2 ? in_tls[i] : on_stack[i]) = held[i];
    pthread_barrier_wait(&barrier);
    for (;;)
        pause();
    return reinterpret_cast<void *>(on_stack[0]);
}

[[gnu::noinline]] void distribute() {
    int threads = static_cast<int>(draw(THREADS_MAX + 1));
    pthread_barrier_init(&barrier, nullptr, static_cast<unsigned>(threads) + 1);
    for (int i = 1; i <= threads; i++) {
        pthread_t thread;
        if (pthread_create(&thread, nullptr, keep_share, reinterpret_cast<void *>(static_cast<intptr_t>(i))))
            abort();
    }
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < held_count; i++) {
        int keeper = i % (THREADS_MAX + 1);
        if (!keeper || keeper > threads) {
            unsigned kind = draw(holders_count() + 2);
            if (kind >= holders_count())
                continue; /* it stays here */
            holders_keep(kind, held[i], plugin_hold);
        }
        held[i] = 0;
    }
}

/* A child that loses so many bytes, and ends; its parent's objects are not its own. */
size_t fork_loser() {
    size_t bytes = draw(4) ? 0 : 100 + draw(100);
    pid_t child = bytes ? fork() : -1;
    if (child == 0) {
        bool by_malloc;
        allocate(bytes, &by_malloc);
        clobber();
        exit(0);
    }
    if (child > 0)
        waitpid(child, nullptr, 0);
    return child > 0 ? bytes : 0;
}

void print_expected(size_t child_bytes) {
    static const char *const names[KINDS] = {"", "lost", "cycle", "lost_indirect", "possible"};
    size_t count[KINDS] = {0}, bytes[KINDS] = {0};
    count[LOST] = child_bytes > 0;
    bytes[LOST] = child_bytes;
    for (int i = 0; i < object_count; i++) {
        count[objects[i].is]++;
        bytes[objects[i].is] += objects[i].size;
    }
    for (int i = LOST; i < KINDS; i++)
        printf("%s\"%s\":{\"objects\":%zu,\"bytes\":%zu}%s", i == LOST ? "{" : ",", names[i], count[i], bytes[i],
               i == KINDS - 1 ? "}\n" : "");
}

} // namespace

int main(int count, char **words) {
    if (count < 3)
        return 2;
    void *plugin = dlopen(words[2], RTLD_NOW);
    plugin_allocate = plugin ? reinterpret_cast<void *(*)(size_t)>(dlsym(plugin, "plugin_allocate")) : nullptr;
    plugin_hold = plugin ? reinterpret_cast<void (*)(uintptr_t)>(dlsym(plugin, "plugin_hold")) : nullptr;
    if (!plugin_allocate || !plugin_hold)
        return 2;
    /* New memory is overwritten: what malloc had noted in it would point into others, in a place that does not fill its own. */
    mallopt(M_PERTURB, 0x5a);
    state = strtoull(words[1], nullptr, 10) * 2862933555777941757u + 3037000493u;
    build();
    distribute();
    print_expected(fork_loser());
    clobber();
    return 0;
}
