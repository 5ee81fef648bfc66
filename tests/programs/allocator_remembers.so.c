/* An allocator that remembers what it handed out, each address in one place of every 64 bytes of three pages. */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { ARENA_BYTES = 1 << 22, HEADER_BYTES = 16, REMEMBERED = 8, PLACES = 3 * 4096 / 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *arena;
static size_t used;
static __thread void *remembered[PLACES][REMEMBERED];
static __thread size_t count;

void *malloc(size_t bytes) {
    pthread_mutex_lock(&lock);
    if (!arena)
        arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t whole = HEADER_BYTES + ((bytes + HEADER_BYTES - 1) & ~(size_t)(HEADER_BYTES - 1));
    char *block = arena != MAP_FAILED && whole <= ARENA_BYTES - used ? arena + used : NULL;
    if (block) {
        used += whole;
        memcpy(block, &bytes, sizeof bytes);
    }
    pthread_mutex_unlock(&lock);
    if (!block)
        return NULL;
    for (size_t i = 0; i < PLACES; i++)
        remembered[i][count % REMEMBERED] = block + HEADER_BYTES;
    count++;
    return block + HEADER_BYTES;
}

void free(void *block) {
    (void)block;
}

void *calloc(size_t members, size_t bytes) { /* mapped memory is zero, and never given twice */
    return members && bytes > SIZE_MAX / members ? NULL : malloc(members * bytes);
}

void *realloc(void *block, size_t bytes) {
    size_t before = 0;
    void *moved = malloc(bytes);
    if (block)
        memcpy(&before, (char *)block - HEADER_BYTES, sizeof before);
    return moved && block ? memcpy(moved, block, before < bytes ? before : bytes) : moved;
}
