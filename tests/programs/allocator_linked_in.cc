/* purpose: a program that brings its own malloc, on which the standard library's operator new stands: what that makes is known
 * expect: lost=10/4000
 * note: own-malloc
 * allocators: no
 */
#include <cstddef>
#include "program.h"

enum { ROOM_BYTES = 1 << 20, HEADER_BYTES = 16 };
static char room[ROOM_BYTES];
static size_t used;

/* Nothing is given twice, so it is all zero. */
extern "C" void *malloc(size_t bytes) {
    size_t whole = HEADER_BYTES + ((bytes + HEADER_BYTES - 1) & ~(size_t)(HEADER_BYTES - 1));
    char *block = whole <= ROOM_BYTES - used ? room + used : nullptr;
    if (!block)
        return nullptr;
    used += whole;
    memcpy(block, &bytes, sizeof bytes);
    return block + HEADER_BYTES;
}
extern "C" void free(void *block) {
    opaque(block);
}
extern "C" void *calloc(size_t count, size_t bytes) {
    return malloc(count * bytes);
}
extern "C" void *realloc(void *block, size_t bytes) {
    void *larger = malloc(bytes);
    size_t before = 0;
    if (block)
        memcpy(&before, static_cast<char *>(block) - HEADER_BYTES, sizeof before);
    if (larger && block)
        memcpy(larger, block, before < bytes ? before : bytes);
    return larger;
}

static NOINLINE void drop() {
    for (int i = 0; i < 10; i++)
        opaque(new int[100]);
}

int main() {
    drop();
    clobber_stack();
    return 0;
}
