/* balance.c - set references that were given back aside.
 *
 * Owns:    nothing.
 * Never:   follows a frame: equal return addresses are the same call.
 * Start:   balance_unmatched(). */
#include "balance.h"

#include <errno.h>

#include "sort.h"

/* How many of the outermost calls two stacks share. */
static size_t shared_calls(const struct balance *a, const struct balance *b) {
    size_t least = a->frame_count < b->frame_count ? a->frame_count : b->frame_count, shared = 0;
    while (shared < least && a->frames[a->frame_count - 1 - shared] == b->frames[b->frame_count - 1 - shared])
        shared++;
    return shared;
}

/* Do two belong together better than two others do? Deepest common caller; then those that cancel out exactly; then what
 * objects that were freed gave back as well, the creation above all: its reference is the last one to be left by mistake. */
struct match {
    size_t shared;
    int exact, is_creation;
    uint64_t matched;
};
static int is_better(const struct match *a, const struct match *b) {
    if (a->shared != b->shared)
        return a->shared > b->shared;
    if (a->exact != b->exact)
        return a->exact > b->exact;
    if (a->is_creation != b->is_creation)
        return a->is_creation;
    return a->matched > b->matched;
}

/* As it was at first, of one stack. One call that was come by in several ways, as in a loop that the compiler has split,
 * has several stacks. */
struct sums {
    int64_t own, call;
    int has_equal; /* another stack cancels out `own` */
};
struct matching {
    struct balance *list;
    size_t count;
    const size_t *shared; /* [count][count] */
    const struct sums *sums;
};

/* 2: all stacks of a call against one that nothing else fits, 1: one stack against another, 0: some will be left. */
static int exactness(const struct sums *take, const struct sums *give) {
    if ((!take->has_equal && take->own == -give->call) || (!give->has_equal && take->call == -give->own))
        return 2;
    return take->own == -give->own;
}

/* The best pair that is still there. returns 0 when there is none */
static int best_pair(const struct matching *matching, size_t *taken, size_t *given) {
    struct match best = {0};
    int found = 0;
    for (size_t i = 0; i < matching->count; i++)
        for (size_t j = 0; matching->list[i].balance > 0 && j < matching->count; j++) {
            const struct balance *take = &matching->list[i];
            if (matching->list[j].balance >= 0)
                continue;
            struct match match = {matching->shared[i * matching->count + j],
                                  exactness(&matching->sums[i], &matching->sums[j]), take->is_creation, take->matched};
            if (found && !is_better(&match, &best))
                continue;
            best = match;
            found = 1;
            *taken = i;
            *given = j;
        }
    return found;
}

static void set_aside(struct matching *matching) {
    size_t taken = 0, given = 0;
    while (best_pair(matching, &taken, &given)) {
        struct balance *take = &matching->list[taken], *give = &matching->list[given];
        int64_t both = take->balance < -give->balance ? take->balance : -give->balance;
        take->balance -= both;
        give->balance += both;
    }
}

static int rank(const struct balance *balance) {
    return balance->balance < 0 ? 3 : balance->is_creation ? 2 : balance->matched ? 1 : 0;
}

static int compare(const void *x, const void *y) {
    const struct balance *a = x, *b = y;
    if (rank(a) != rank(b))
        return rank(a) < rank(b) ? -1 : 1;
    int64_t a_size = a->balance < 0 ? -a->balance : a->balance, b_size = b->balance < 0 ? -b->balance : b->balance;
    if (a_size != b_size)
        return a_size > b_size ? -1 : 1;
    return (a->site > b->site) - (a->site < b->site);
}

void balance_sort(struct balance *list, size_t count) {
    _Static_assert(sizeof(struct balance) <= SORT_ELEMENT_BYTES_MAX, "sort_array() holds one");
    sort_array(list, count, sizeof *list, compare);
}

static int is_same_call(const struct balance *a, const struct balance *b) {
    return a == b || (a->frame_count && b->frame_count && a->frames[0] == b->frames[0]);
}

static struct sums sum_up(const struct balance *list, size_t count, size_t at) {
    struct sums sums = {.own = list[at].balance};
    for (size_t i = 0; i < count; i++) {
        if (is_same_call(&list[at], &list[i]))
            sums.call += list[i].balance;
        sums.has_equal |= list[i].balance == -list[at].balance;
    }
    return sums;
}

long balance_unmatched(struct balance *list, size_t count, struct arena *arena) {
    size_t *shared = arena_alloc(arena, count * count + 1, sizeof *shared);
    struct sums *sums = arena_alloc(arena, count + 1, sizeof *sums);
    if (!shared || !sums)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        sums[i] = sum_up(list, count, i);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            if (list[i].balance > 0 && list[j].balance < 0)
                shared[i * count + j] = shared_calls(&list[i], &list[j]);
    struct matching matching = {list, count, shared, sums};
    set_aside(&matching);
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (list[i].balance)
            list[left++] = list[i];
    balance_sort(list, left);
    return (long)left;
}
