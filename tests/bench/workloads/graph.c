/* graph.c - how long does a search of the heap take that the program itself asks for?
 *
 * usage: graph NODES SEARCHES [list]
 * NODES of 64 bytes; each points at four random ones, or, as a list, at the next. prints what the best of SEARCHES took, in
 * nanoseconds a node. Who searches is found when it runs: __lsan_do_recoverable_leak_check is LeakSanitizer's and
 * castaway's, GC_gcollect that of Boehm's collector, which then makes the nodes, too. Status 3: nobody does. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "draw.h"

enum { NODE_BYTES = 64, POINTERS = 4 };

struct node {
    struct node *to[POINTERS];
    char rest[NODE_BYTES - POINTERS * sizeof(struct node *)];
};

static struct node **nodes;       /* gone before the search: only the graph itself leads on */
struct node *root[POINTERS * 16]; /* not static: the compiler would drop what nobody reads */
static int (*leak_check)(void);
static void (*collect)(void);
static void *(*make)(size_t);

/* NULL: not in this process. */
static void *function(const char *name) {
    return dlsym(RTLD_DEFAULT, name);
}

static void find_searcher(void) {
    void (*initialise)(void);
    *(void **)&collect = function("GC_gcollect");
    *(void **)&leak_check = function("__lsan_do_recoverable_leak_check");
    *(void **)&initialise = function("GC_init");
    *(void **)&make = function("GC_malloc");
    if (initialise)
        initialise();
    if (!collect)
        make = malloc;
    if (!collect && !leak_check)
        exit(3);
}

static void build(size_t count, int list) {
    uint64_t seed = 88172645463325252u;
    nodes = make(count * sizeof *nodes);
    for (size_t i = 0; i < count; i++) {
        nodes[i] = make(NODE_BYTES);
        memset(nodes[i], 0, NODE_BYTES);
    }
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < (list ? 1 : POINTERS); p++)
            nodes[i]->to[p] = nodes[list ? (i + 1) % count : random_next(&seed) % count];
    for (size_t i = 0; i < sizeof root / sizeof *root; i++)
        root[i] = nodes[list ? 0 : random_next(&seed) % count];
    memset(nodes, 0, count * sizeof *nodes);
    if (!collect)
        free(nodes);
    nodes = NULL;
}

static double search_seconds(void) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (collect)
        collect();
    else
        leak_check();
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
}

int main(int argc, char **argv) {
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000,
           searches = argc > 2 ? strtoul(argv[2], NULL, 10) : 3;
    double best = 1e9;
    find_searcher();
    build(count, argc > 3);
    for (size_t i = 0; i < searches; i++) {
        double took = search_seconds();
        best = took < best ? took : best;
    }
    printf("%.1f\n", best * 1e9 / (double)count);
    return 0;
}
