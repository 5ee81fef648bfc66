/* fill.c - objects made, freed, and made again: how much memory does keeping track of them take?
 *
 * usage: fill OBJECTS BYTES FILLINGS WAYS [keep]
 *   FILLINGS  how often all are made; they are freed in between
 *   WAYS      stacks that they come from, up to 2^24, in turn
 *   keep      the last ones are not freed
 * prints what the process holds, in KiB, after the first filling and after the last: `first N`, `last N`. Memory of its own
 * (anonymous or shared) is counted, files' is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 24 };

static size_t held_kib(void) {
    char line[256];
    size_t sum = 0, kib;
    FILE *status = fopen("/proc/self/status", "re");
    if (!status)
        abort();
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "RssAnon: %zu", &kib) == 1 || sscanf(line, "RssShmem: %zu", &kib) == 1)
            sum += kib;
    fclose(status);
    return sum;
}

/* Each bit of `way` says which of two calls leads on. What follows them differs, so that they stay two. */
__attribute__((noinline, noclone)) static void *make(size_t bytes, int levels, size_t way) {
    void *object;
    if (!levels)
        object = malloc(bytes);
    else if (way & 1) {
        object = make(bytes, levels - 1, way >> 1);
        __asm__ volatile("nop" ::: "memory");
    } else {
        object = make(bytes, levels - 1, way >> 1);
        __asm__ volatile("nop; nop" ::: "memory");
    }
    return object;
}

static void fill(void **objects, size_t count, size_t bytes, size_t ways) {
    for (size_t i = 0; i < count; i++) {
        objects[i] = make(bytes, LEVELS, i % ways);
        if (!objects[i])
            abort();
        memset(objects[i], 1, bytes);
    }
}

static void empty(void **objects, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(objects[i]);
}

int main(int argc, char **argv) {
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000, bytes = argc > 2 ? strtoul(argv[2], NULL, 10) : 64;
    size_t fillings = argc > 3 ? strtoul(argv[3], NULL, 10) : 1, ways = argc > 4 ? strtoul(argv[4], NULL, 10) : 1;
    static void **objects; /* what the last ones hang from */
    objects = malloc(count * sizeof *objects);
    if (!objects || !ways)
        abort();
    memset(objects, 1, count * sizeof *objects);
    for (size_t round = 0; round < fillings; round++) {
        if (round)
            empty(objects, count);
        fill(objects, count, bytes, ways);
        if (!round || round + 1 == fillings)
            printf("%s %zu\n", round ? "last" : "first", held_kib());
    }
    if (argc > 5)
        return 0;
    empty(objects, count);
    free(objects);
    return 0;
}
