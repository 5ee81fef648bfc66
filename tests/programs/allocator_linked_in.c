/* purpose: a program that brings its own malloc, which sets itself up under a lock at a library's first allocation: none of
 *          the calls that it makes meanwhile may allocate in turn
 * expect: any
 * note: own-malloc
 * so: allocator_linked_in.so.c
 * link: @so@
 * allocators: no
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ARENA_BYTES = 1 << 22, HEADER_BYTES = 16 };

const char *plugin_word(void);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* who takes it twice waits forever */
static char *arena;
static size_t used;

static void set_up(void) {
    char byte;
    int file = open("/proc/sys/vm/overcommit_memory", O_RDONLY);
    if (file < 0 || read(file, &byte, 1) != 1)
        _exit(1);
    close(file);
    arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena == MAP_FAILED || madvise(arena, ARENA_BYTES, MADV_NOHUGEPAGE) < 0)
        _exit(1);
}

void *malloc(size_t bytes) {
    pthread_mutex_lock(&lock);
    if (!arena)
        set_up();
    size_t whole = HEADER_BYTES + ((bytes + HEADER_BYTES - 1) & ~(size_t)(HEADER_BYTES - 1));
    char *block = whole <= ARENA_BYTES - used ? arena + used : NULL;
    if (block) {
        used += whole;
        memcpy(block, &bytes, sizeof bytes);
    }
    pthread_mutex_unlock(&lock);
    return block ? block + HEADER_BYTES : NULL;
}

void free(void *block) {
    (void)block;
}

void *calloc(size_t count, size_t bytes) {
    return count && bytes > SIZE_MAX / count ? NULL
                                             : malloc(count * bytes); /* mapped memory is zero, and never given twice */
}

void *realloc(void *block, size_t bytes) {
    void *larger = malloc(bytes);
    size_t before = 0;
    if (block)
        memcpy(&before, (char *)block - HEADER_BYTES, sizeof before);
    if (larger && block)
        memcpy(larger, block, before < bytes ? before : bytes);
    return larger;
}

int main(void) {
    return strcmp(plugin_word(), "word") != 0;
}
