/* purpose: objects that a program cuts out of a block, announced: each is judged for itself; freed ones are gone, with the pool
 *          or with its block too
 * expect: lost=3/72 cycle=2/32 lost_indirect=1/24
 * finding: kind=lost frame=pool_take
 */
#include <sys/mman.h>
#include "../../preload/castaway.h"
#include "program.h"

struct pool {
    void *owner; /* held by the head of the block only */
    size_t used, size;
};
static struct pool *first, *second;
static void **held;

static NOINLINE struct pool *pool_make(void *memory, size_t size) {
    struct pool *pool = memory;

    *pool = (struct pool){.used = sizeof *pool, .size = size};
    return pool;
}
static NOINLINE void *pool_take(struct pool *pool, size_t size) {
    char *object = (char *)pool + pool->used;

    pool->used += (size + 7) & ~(size_t)7;
    castaway_pool_alloc(pool, object, size);
    return memset(object, 0, size);
}
static NOINLINE void use_first(void) {
    first = pool_make(NEW_BYTES(65536), 65536);
    first->owner = NEW_BYTES(200);
    void **a = pool_take(first, 16), **b = pool_take(first, 16);
    a[0] = b;
    b[0] = a;
    held = pool_take(first, 24);
    held[0] = pool_take(first, 24);
    void **lost = pool_take(first, 24);
    lost[0] = pool_take(first, 24);
    pool_take(first, 24);
    castaway_pool_free(pool_take(first, 24));
}
/* The same in memory from mmap, which is a root but for the objects in it. */
static NOINLINE void use_second(void) {
    second = pool_make(mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 65536);
    pool_take(second, 24);
}
static NOINLINE void use_and_end(void) {
    struct pool *third = pool_make(NEW_BYTES(4096), 4096), *fourth = pool_make(NEW_BYTES(4096), 4096);

    pool_take(third, 24);
    free(third);
    pool_take(fourth, 24);
    castaway_pool_end(fourth);
}

int main(void) {
    if (!castaway_is_active())
        return 0;
    use_first();
    use_second();
    use_and_end();
    opaque(&held);
    clobber_stack();
    return 0;
}
