/* endings.c - what a process may leave when it ends: the scan at its end is most of what these cost.
 *
 * usage: endings LOAD ROUNDS
 * prints a sum that depends on LOAD and ROUNDS only. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "draw.h"

enum {
    CHAIN = 16,
    BLOCK_BYTES_MIN = 1 << 10,
    BLOCK_BYTES_SPAN = 15 << 10,
    FORKED_OBJECTS = 200000,
    CHILD_OBJECTS = 100
};

struct node {
    struct node *next, *other;
    uint64_t key;
};

struct node *kept_list; /* not static: what is kept is kept for somebody */
void **kept_table;
static uint64_t seed = 88172645463325252u;

static void *made(void *block) {
    if (!block)
        abort();
    return block;
}

/* Nobody has what only `pointer` names: the compiler must think that somebody might. */
#define DROP(pointer) __asm__ volatile("" ::"r"(pointer) : "memory")

/* A list of all that was ever made. */
static size_t list(size_t rounds) {
    for (size_t i = 0; i < rounds; i++) {
        struct node *node = made(malloc(sizeof *node));
        *node = (struct node){kept_list, kept_list ? kept_list->next : NULL, i};
        kept_list = node;
    }
    return kept_list ? kept_list->key : 0;
}

static size_t block_bytes(void) {
    return BLOCK_BYTES_MIN + draw(&seed, BLOCK_BYTES_SPAN);
}

/* Buffers of which only the beginning was written. */
static size_t buffers(size_t rounds) {
    size_t sum = 0;
    kept_table = made(calloc(rounds, sizeof *kept_table));
    for (size_t i = 0; i < rounds; i++) {
        size_t bytes = block_bytes();
        kept_table[i] = memset(made(malloc(bytes)), 0, 64);
        sum += bytes;
    }
    return sum;
}

/* Short chains that were lost. */
static size_t chains(size_t rounds) {
    struct node *last = NULL;
    for (size_t i = 0; i < rounds; i++) {
        struct node *node = made(malloc(sizeof *node));
        *node = (struct node){i % CHAIN ? last : NULL, NULL, i};
        last = node;
    }
    return last ? last->key : 0;
}

/* Pairs that hold each other. */
static size_t rings(size_t rounds) {
    for (size_t i = 0; i < rounds / 2; i++) {
        struct node *one = made(calloc(1, sizeof *one)), *two = made(calloc(1, sizeof *two));
        one->next = two;
        two->other = one;
        DROP(one);
    }
    return rounds;
}

/* Buffers that were lost, all of each written. */
static size_t spills(size_t rounds) {
    size_t sum = 0;
    for (size_t i = 0; i < rounds; i++) {
        size_t bytes = block_bytes();
        void *block = memset(made(malloc(bytes)), 0, bytes);
        DROP(block);
        sum += bytes;
    }
    return sum;
}

static void child(void) {
    for (int i = 0; i < CHILD_OBJECTS; i++) {
        void *block = made(malloc(sizeof(struct node)));
        DROP(block);
        free(block);
    }
    _exit(0);
}

/* A process with a heap that forks, and whose children do little. */
static size_t forks(size_t rounds) {
    size_t sum = list(FORKED_OBJECTS);
    for (size_t i = 0; i < rounds; i++) {
        int status;
        pid_t pid = fork();
        if (pid == 0)
            child();
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
            abort();
        sum++;
    }
    return sum;
}

static const struct load {
    const char *name;
    size_t (*run)(size_t rounds);
} LOADS[] = {{"list", list},   {"buffers", buffers}, {"chains", chains},
             {"rings", rings}, {"spills", spills},   {"forks", forks}};

int main(int argc, char **argv) {
    for (size_t i = 0; argc == 3 && i < sizeof LOADS / sizeof *LOADS; i++)
        if (!strcmp(argv[1], LOADS[i].name)) {
            printf("%zu\n", LOADS[i].run(strtoul(argv[2], NULL, 10)));
            return 0;
        }
    fprintf(stderr, "usage: endings LOAD ROUNDS\n");
    return 2;
}
