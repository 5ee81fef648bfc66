/* holders.cc - see the header. Whatever a place allocates for itself is reachable as well, so it changes no count. */
#include "holders.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <forward_list>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <ucontext.h>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace {

enum { ROOM = 400 };

/* ---- containers ---- */

struct containers {
    std::vector<uintptr_t> vector;
    std::list<uintptr_t> list;
    std::forward_list<uintptr_t> forward;
    std::deque<uintptr_t> deque;
    std::map<int, uintptr_t> map;
    std::unordered_map<int, uintptr_t> hashed;
    std::vector<std::function<uintptr_t()>> functions;
    std::vector<std::shared_ptr<uintptr_t>> shared;
    std::unique_ptr<uintptr_t[]> array;
};
containers *all;

containers &contained() {
    if (!all)
        all = new containers;
    return *all;
}
void in_vector(uintptr_t address) {
    contained().vector.push_back(address);
}
void in_list(uintptr_t address) {
    contained().list.push_back(address);
}
void in_forward_list(uintptr_t address) {
    contained().forward.push_front(address);
}
void in_deque(uintptr_t address) {
    contained().deque.push_back(address);
    contained().deque.push_front(0);
    contained().deque.pop_front();
}
void in_map(uintptr_t address) {
    contained().map[static_cast<int>(contained().map.size())] = address;
}
void in_hashed(uintptr_t address) {
    contained().hashed[static_cast<int>(contained().hashed.size())] = address;
}
void in_function(uintptr_t address) {
    contained().functions.emplace_back([address, more = std::vector<int>(5)] { return address + more.size(); });
}
void in_shared(uintptr_t address) {
    contained().shared.push_back(std::make_shared<uintptr_t>(address));
}
void in_array(uintptr_t address) {
    static int used;
    if (!used)
        contained().array = std::make_unique<uintptr_t[]>(ROOM);
    contained().array[static_cast<size_t>(used++)] = address;
}

/* ---- memory that is no object ---- */

uintptr_t *mapping_make(int flags) {
    void *made = mmap(nullptr, ROOM * sizeof(uintptr_t), PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED)
        abort();
    return static_cast<uintptr_t *>(made);
}
void in_private_mapping(uintptr_t address) {
    static uintptr_t *mapping = mapping_make(MAP_PRIVATE);
    static int used;
    mapping[used++] = address;
}
void in_shared_mapping(uintptr_t address) {
    static uintptr_t *mapping = mapping_make(MAP_SHARED);
    static int used;
    mapping[used++] = address;
}
/* One that moves and grows each time. */
void in_moved_mapping(uintptr_t address) {
    static uintptr_t *mapping = mapping_make(MAP_PRIVATE);
    static size_t used, size = 4096;
    mapping[used++] = address;
    void *moved = mremap(mapping, size, size + 4096, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED)
        abort();
    mapping = static_cast<uintptr_t *>(moved);
    size += 4096;
}
void in_break(uintptr_t address) {
    auto *taken = static_cast<uintptr_t *>(sbrk(64));
    if (taken == reinterpret_cast<void *>(-1))
        abort();
    memset(taken, 0, 64);
    taken[3] = address;
}
void in_tagged_word(uintptr_t address) {
    static uintptr_t *words = mapping_make(MAP_PRIVATE);
    static unsigned used;
    words[used] = address | (used % 8);
    used++;
}
/* Of a block that realloc moves, with what is in it. */
void in_grown_block(uintptr_t address) {
    static uintptr_t *block;
    static size_t used;
    enum { STEP = 24 };
    block = static_cast<uintptr_t *>(realloc(block, (used + 1) * STEP));
    memset(reinterpret_cast<char *>(block) + used * STEP, 0, STEP); /* realloc's new memory is not overwritten */
    block[used++] = address;
}

/* ---- of this thread ---- */

void in_thread_key(uintptr_t address) {
    pthread_key_t key;
    if (pthread_key_create(&key, nullptr) || pthread_setspecific(key, reinterpret_cast<void *>(address)))
        in_tagged_word(address & ~uintptr_t(7));
}
void in_thread_local(uintptr_t address) {
    static thread_local uintptr_t *words; /* without a destructor, which would run before the end */
    static thread_local size_t used;
    words = static_cast<uintptr_t *>(realloc(words, (used + 1) * sizeof *words));
    words[used++] = address;
}

/* A coroutine that sleeps for ever, with the address on its stack. */
ucontext_t sleeper, awake;
uintptr_t handed_over;
void sleep_with_address() {
    volatile uintptr_t kept = handed_over;
    handed_over = 0;
    swapcontext(&sleeper, &awake);
    abort(); /* nobody wakes it */
    handed_over = kept;
}
void in_coroutine(uintptr_t address) {
    enum { STACK = 32768 };
    static std::vector<ucontext_t *> *sleepers = new std::vector<ucontext_t *>;
    static bool in_heap;
    in_heap = !in_heap;
    char *stack =
        in_heap ? static_cast<char *>(calloc(1, STACK))
                : static_cast<char *>(mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    handed_over = address;
    getcontext(&sleeper);
    sleeper.uc_stack.ss_sp = stack;
    sleeper.uc_stack.ss_size = STACK;
    makecontext(&sleeper, sleep_with_address, 0);
    swapcontext(&awake, &sleeper);
    sleepers->push_back(new ucontext_t(sleeper));
}

/* ---- the kernel ---- */

void in_kernel(uintptr_t address) {
    static int waiting = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = address;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (timer < 0 || epoll_ctl(waiting, EPOLL_CTL_ADD, timer, &event))
        abort();
}

void (*const places[])(uintptr_t) = {
    in_vector,      in_list,       in_forward_list,    in_deque,          in_map,           in_hashed, in_function,
    in_shared,      in_array,      in_private_mapping, in_shared_mapping, in_moved_mapping, in_break,  in_tagged_word,
    in_grown_block, in_thread_key, in_thread_local,    in_coroutine,      in_kernel,
};
enum { PLACES = sizeof places / sizeof *places };

} // namespace

unsigned holders_count() {
    return PLACES + 1;
}

void holders_keep(unsigned kind, uintptr_t address, void (*plugin_hold)(uintptr_t)) {
    if (kind < PLACES)
        places[kind](address);
    else
        plugin_hold(address);
}
