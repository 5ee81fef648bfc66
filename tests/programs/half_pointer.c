/* purpose: an object at a multiple of 4 GiB, whose address is half a stale pointer beside a zero int in a frame of libc's, the
 *          one that called main: main has returned, and who called it holds nothing of the program's
 * expect: lost=1/64
 * finding: kind=lost frame=object_make
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include "../../preload/castaway.h"
#include "program.h"

enum { OBJECT_BYTES = 64, ROOM_BYTES = 65536 };

static NOINLINE void object_make(void *object) {
    castaway_pool_alloc(object, object, OBJECT_BYTES);
    memset(object, 0, OBJECT_BYTES);
}
/* The upper half of the libraries' addresses is what such a pointer mostly has. Where they lie just there, any place does. */
static NOINLINE void object_lose(void) {
    uintptr_t wanted = (uintptr_t)stdout & ~(uintptr_t)UINT32_MAX;
    void *room = mmap((void *)wanted, ROOM_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (room == MAP_FAILED)
        room = mmap(NULL, ROOM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    object_make(room);
}

int main(void) {
    if (!castaway_is_active())
        return 0;
    object_lose();
    clobber_stack();
    return 0;
}
