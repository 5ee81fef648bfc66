/* referrers.c - see the header.
 *
 * Owns:    nothing.
 * Never:   counts an object's pointer into itself; waits for the answer beyond the limit.
 * Runs in: snapshot child; referrers_read() in the program.
 * Start:   referrers_write(). */
#include "referrers.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "analysis/pointers.h"
#include "clock.h"
#include "sys.h"
#include "write.h"

struct looking {
    const struct heap *heap;
    struct arena *arena;
    struct range target;
    uintptr_t *found;
    size_t count, capacity;
};

static int points_there(const struct looking *looking, object_id id, uintptr_t address) {
    const struct heap *heap = looking->heap;
    struct pointers walk = pointers_of(heap, heap_object(heap, id), address);
    for (uintptr_t pointer; pointers_next(heap, &walk, &pointer);)
        if (pointer >= looking->target.lo && pointer < looking->target.hi)
            return 1;
    return 0;
}

static int tell(struct looking *looking, uintptr_t address) {
    uintptr_t *found =
        arena_grow(looking->arena, looking->found, looking->count, &looking->capacity, sizeof *looking->found);
    if (!found)
        return -ENOMEM;
    looking->found = found;
    found[looking->count++] = address;
    return 0;
}

/* Pointers of the object into itself are its own affair. */
static int visit(void *context, uintptr_t address, object_id id) {
    struct looking *looking = context;
    if (address == looking->target.lo || !points_there(looking, id, address))
        return 0;
    return tell(looking, address);
}

static int answer(const struct looking *looking, int file, size_t max) {
    int64_t count = (int64_t)looking->count;
    int error = write_bytes(file, &count, sizeof count);
    if (!error)
        error =
            write_bytes(file, looking->found, (looking->count < max ? looking->count : max) * sizeof *looking->found);
    return error;
}

int referrers_write(int file, struct search *search, uintptr_t address, size_t max) {
    struct looking looking = {.heap = &search->heap, .arena = search->arena};
    uintptr_t start = 0;
    object_id id = heap_find(&search->heap, address, &start);
    if (id) {
        uint64_t size_bytes = heap_object(&search->heap, id)->size_bytes;
        looking.target = (struct range){start, start + (size_bytes ? size_bytes : 1)};
        int error = heap_each(&search->heap, visit, &looking);
        if (error)
            return error;
    }
    return answer(&looking, file, max);
}

int referrers_write_referents(int file, struct search *search, uintptr_t address, size_t max) {
    const struct heap *heap = &search->heap;
    struct looking looking = {.heap = heap, .arena = search->arena};
    uintptr_t start, target;
    object_id id = heap_find(heap, address, &start);
    struct pointers walk = {0};
    if (id)
        walk = pointers_of(heap, heap_object(heap, id), start);
    for (uintptr_t pointer; pointers_next(heap, &walk, &pointer);) {
        object_id other = heap_find(heap, pointer, &target);
        if (other && other != id && tell(&looking, target))
            return -ENOMEM;
    }
    return answer(&looking, file, max);
}

void referrers_refuse(int file) {
    const int64_t none = -1;
    sys(SYS_write, file, &none, sizeof none);
}

static int read_all(int file, void *out, size_t bytes, int64_t deadline_us) {
    for (char *at = out; bytes;) {
        struct pollfd pipe = {.fd = file, .events = POLLIN};
        int64_t left_us = deadline_us - clock_us();
        struct timespec limit = {left_us / 1000000, left_us % 1000000 * 1000};
        if (left_us <= 0)
            return -ETIMEDOUT;
        if (sys(SYS_ppoll, &pipe, 1, &limit, 0, 0) <= 0)
            continue;
        long got = sys(SYS_read, file, at, bytes);
        if (got == -EINTR)
            continue;
        if (got <= 0)
            return -EIO;
        at += got;
        bytes -= (size_t)got;
    }
    return 0;
}

long referrers_read(int file, void **out, size_t max, int limit_ms) {
    int64_t deadline_us = clock_us() + limit_ms * 1000ll, count = 0;
    if (read_all(file, &count, sizeof count, deadline_us) != 0 || count < 0)
        return -1;
    size_t given = (size_t)count < max ? (size_t)count : max;
    return read_all(file, out, given * sizeof *out, deadline_us) == 0 ? (long)count : -1;
}
