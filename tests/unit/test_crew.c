/* test_crew.c - several threads mark what one marks: random heaps of all shapes, full and young views.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck.  CASTAWAY_SEEDS=n tries n heaps (6 or more).
 * By hand, for data races: make BUILD=build/thread CFLAGS='-O1 -g -fsanitize=thread' build/thread/tests/unit/test_crew,
 * and run it with CK_FORK=no. */
#include "analysis/mark.h"
#include "tests/unit/draw.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

enum {
    OBJECTS = 24000, /* a crew is not used for much fewer */
    ROOT_WORDS = 16,
    ROOTS = 24,
    SEEDS_MIN = 6, /* so many have objects of every kind */
};

struct world {
    struct heap_build *build;
    uintptr_t *words; /* ROOTS * ROOT_WORDS */
    struct root roots[ROOTS];
    uintptr_t start[OBJECTS];
    uint64_t size[OBJECTS];
    size_t gap;     /* behind each object */
    int is_bounded; /* pointers point into objects, to no end */
};

static struct world world;
/* ---- threads ---- */

struct part {
    crew_work *work;
    void *job;
};
static atomic_int rests, starts;

static void *take_part(void *argument) {
    struct part *part = argument;
    part->work(part->job);
    return NULL;
}

static void together(const struct crew *crew, crew_work *work, void *job) {
    struct part part = {work, job};
    pthread_t thread[CREW_MAX];
    for (unsigned i = 1; i < crew->size; i++, starts++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, take_part, &part), 0);
    work(job);
    for (unsigned i = 1; i < crew->size; i++)
        pthread_join(thread[i], NULL);
}

static void rest(void) {
    rests++;
    sched_yield();
}

/* One that can't get the threads it wanted. */
static void alone(const struct crew *crew, crew_work *work, void *job) {
    (void)crew;
    work(job);
}

/* ---- heaps ---- */

static uint64_t draw_size(void) {
    unsigned kind = draw(100);
    return kind < 80 ? 16 + 8 * draw(12) : kind < 90 ? draw(40) : kind < 99 ? draw(1500) : 4000 + draw(9000);
}

static uintptr_t draw_pointer(unsigned interior_percent) {
    unsigned target = draw(OBJECTS);
    if (draw(100) >= interior_percent)
        return world.start[target];
    unsigned size = (unsigned)world.size[target];
    return world.start[target] + (world.is_bounded ? draw(size ? size : 1) : draw(size + 2));
}

/* `links` in the mean: with more than one nearly all is reached, with fewer little is. */
static void fill(unsigned links, unsigned interior_percent) {
    for (int i = 0; i < OBJECTS; i++) {
        struct range words = heap_words(world.start[i], world.size[i]);
        size_t room = (words.hi - words.lo) / sizeof(uintptr_t);
        for (unsigned l = draw(2 * links + 1); l > 0 && room; l--)
            ((uintptr_t *)words.lo)[draw((unsigned)room)] = draw_pointer(interior_percent);
    }
}

static void draw_world(uint64_t seed) {
    draw_from(seed);
    world.build = heap_build_new((64 << 20) + OBJECTS * world.gap);
    world.words = heap_build_gap(world.build, ROOTS * ROOT_WORDS * sizeof *world.words);
    unsigned odd_percent = draw(3) * 5;
    for (int i = 0; i < OBJECTS; i++) {
        size_t shift = draw(100) < odd_percent ? (draw(2) ? 8 : 1 + draw(15)) : 0;
        world.size[i] = draw_size();
        void *object = heap_build_shifted(world.build, world.size[i], 1, shift);
        world.start[i] = (uintptr_t)object;
        if (world.gap)
            heap_build_gap(world.build, world.gap);
        if (shift % 8 == 0 && draw(2000) == 0)
            heap_build_record(world.build, object)->flags = OBJECT_IGNORED;
    }
    fill(world.is_bounded ? 3 : 1 + draw(3), draw(3) * 10);
    for (int r = 0; r < ROOTS; r++) {
        static const unsigned flags[] = {0, 0, ROOT_STARTS_ONLY, ROOT_LIVE};
        uintptr_t *words = world.words + (size_t)r * ROOT_WORDS;
        world.roots[r] = (struct root){(uintptr_t)words, (uintptr_t)(words + ROOT_WORDS), flags[draw(4)]};
        for (int w = 0; w < 3; w++)
            words[draw(ROOT_WORDS)] = draw_pointer(30);
    }
    heap_build_freeze(world.build);
}

/* ---- comparing ---- */

struct compare {
    const struct marks *one, *many;
    size_t objects, reachable, possible;
};

static int compare_object(void *context, uintptr_t address, object_id id) {
    struct compare *compare = context;
    (void)address;
    int reachable = mark_test(compare->one->reachable, id), possible = mark_test(compare->one->possible, id);
    ck_assert_int_eq(reachable, mark_test(compare->many->reachable, id));
    ck_assert_int_eq(possible, mark_test(compare->many->possible, id));
    ck_assert_int_eq(mark_test(compare->one->settled, id), mark_test(compare->many->settled, id));
    ck_assert(!(reachable && possible));
    compare->objects++;
    compare->reachable += (size_t)reachable;
    compare->possible += (size_t)possible;
    return 0;
}

static struct compare compare_with(const struct crew *crew) {
    struct arena *arena = &world.build->arena;
    struct marks one, many;
    ck_assert_int_eq(mark_run(&world.build->heap, world.roots, ROOTS, arena, &one), 0);
    ck_assert_int_eq(mark_together(crew, &world.build->heap, world.roots, ROOTS, arena, &many), 0);
    ck_assert_uint_eq(one.objects_scanned, many.objects_scanned);
    ck_assert_uint_eq(one.bytes_read, many.bytes_read);
    struct compare compare = {&one, &many, 0, 0, 0};
    heap_each(&world.build->heap, compare_object, &compare);
    return compare;
}

START_TEST (a_crew_marks_what_one_marks) {
    static const unsigned sizes[] = {2, 3, CREW_MAX};
    size_t reachable = 0, possible = 0, lost = 0;
    for (uint64_t seed = 1; seed <= SEEDS_MIN || seed <= draw_seeds(SEEDS_MIN); seed++) {
        struct crew crew = {.size = sizes[seed % 3], .together = together, .rest = rest};
        draw_world(seed);
        struct compare compare = compare_with(&crew);
        reachable += compare.reachable;
        possible += compare.possible;
        lost += compare.objects - compare.reachable - compare.possible;
        heap_build_free(world.build);
    }
    ck_assert_int_gt(starts, 0);
    ck_assert_uint_gt(reachable, OBJECTS);
    ck_assert_uint_gt(possible, OBJECTS / 10);
    ck_assert_uint_gt(lost, OBJECTS / 10);
}
END_TEST

/* What words lead to is put by in large heaps only: the same objects far apart are reached as when they are close together. */
START_TEST (in_a_large_heap_the_same_is_reached) {
    enum { FAR_APART = 8 << 10, CLOSE = 16 };
    static uint8_t kind[OBJECTS];
    struct crew crew = {.size = 3, .together = together, .rest = rest};
    size_t reachable = 0;
    world.is_bounded = 1;
    for (uint64_t seed = 1; seed <= draw_seeds(3); seed++)
        for (int far = 0; far < 2; far++) {
            world.gap = far ? FAR_APART : CLOSE;
            draw_world(seed);
            struct compare compare = compare_with(&crew);
            struct marks marks;
            ck_assert_int_eq(mark_run(&world.build->heap, world.roots, ROOTS, &world.build->arena, &marks), 0);
            for (object_id id = 1; id <= OBJECTS; id++) {
                uint8_t now = (uint8_t)(mark_test(marks.reachable, id) | mark_test(marks.possible, id) << 1);
                ck_assert(!far || kind[id - 1] == now);
                kind[id - 1] = now;
            }
            reachable += compare.reachable;
            heap_build_free(world.build);
        }
    world.gap = 0;
    world.is_bounded = 0;
    ck_assert_uint_gt(reachable, OBJECTS);
}
END_TEST

/* One object that points at more than may be put by at once, searched while other words' targets are on their way.
 * returns  where it is; `fans` objects point at one each that nothing else does, and the one of these numbered `holder` at it */
enum { LEAVES = 140, TARGETS = 8 };
static uintptr_t draw_wide(unsigned fans, unsigned holder) {
    enum { WIDE_WORDS = LEAVES << 15, APART = 20 << 10 };
    uintptr_t target[LEAVES];
    world.build = heap_build_new((size_t)WIDE_WORDS * sizeof(uintptr_t) + ((size_t)LEAVES << 20) + (16 << 20));
    uintptr_t **hub = heap_build_object(world.build, fans * sizeof *hub, 1);
    uintptr_t *wide = heap_build_object(world.build, WIDE_WORDS * sizeof *wide, 1);
    for (unsigned i = 0; i < fans; i++) {
        heap_build_gap(world.build, APART);
        hub[i] = heap_build_object(world.build, 64, 1);
        hub[i][1] = (uintptr_t)heap_build_object(world.build, 32, 1);
    }
    for (size_t covered = 0; covered < LEAVES; covered++) {
        heap_build_gap(world.build, (1 << 20) - 64);
        target[covered] = (uintptr_t)heap_build_object(world.build, 32, 1);
    }
    for (size_t i = 0; i < WIDE_WORDS; i++)
        wide[i] = target[i % TARGETS];
    hub[holder][0] = (uintptr_t)wide;
    heap_build_freeze(world.build);
    return (uintptr_t)hub;
}

START_TEST (an_object_of_more_words_than_are_put_by_loses_none) {
    enum { FANS = 400 };
    for (unsigned holder = 0; holder < 24; holder++) {
        uintptr_t words[] = {draw_wide(FANS, holder)};
        struct root root = {(uintptr_t)words, (uintptr_t)(words + 1), 0};
        struct marks marks;
        ck_assert_int_eq(mark_run(&world.build->heap, &root, 1, &world.build->arena, &marks), 0);
        size_t unreached = 0;
        for (object_id id = 1; id < world.build->heap.id_end; id++)
            unreached += !mark_test(marks.reachable, id);
        ck_assert_uint_eq(unreached, LEAVES - TARGETS);
        heap_build_free(world.build);
    }
}
END_TEST

/* Memory for all but one of the tables that markers want for what they put by: that of the second in the crew. */
static int tables;
static void *more_for_some(void *context, size_t bytes) {
    enum { TABLE_BYTES_MIN = 16000, TABLE_BYTES_MAX = 17000 }; /* for as many megabytes as there are */
    int is_table = bytes >= TABLE_BYTES_MIN && bytes < TABLE_BYTES_MAX;
    return is_table && ++tables == 3 ? NULL : heap_build_more(context, bytes);
}

START_TEST (where_one_can_not_put_by_none_does) {
    struct crew crew = {.size = 3, .together = together, .rest = rest};
    for (unsigned turn = 0; turn < 8; turn++) {
        uintptr_t words[] = {draw_wide(400, turn)};
        memset(world.roots, 0, sizeof world.roots);
        world.roots[0] = (struct root){(uintptr_t)words, (uintptr_t)(words + 1), 0};
        world.build->arena.more = more_for_some;
        world.build->arena.block_bytes = 4096; /* so that each table is asked for */
        tables = 0;
        compare_with(&crew);
        ck_assert_int_eq(tables, 3); /* one alone, and two of the crew: the third is not tried */
        heap_build_free(world.build);
    }
}
END_TEST

static int take_some(void *context, uintptr_t address, object_id id) {
    struct heap *view = context;
    if (draw(20))
        view->subset[view->subset_count++] = (struct heap_odd){address, id};
    return 0;
}

START_TEST (in_a_view_of_some_objects_as_well) {
    struct crew crew = {.size = 3, .together = together, .rest = rest};
    for (uint64_t seed = 1; seed <= draw_seeds(6); seed++) {
        draw_world(seed);
        struct heap *heap = &world.build->heap, view = *heap;
        view.subset = arena_alloc(&world.build->arena, OBJECTS, sizeof *view.subset);
        view.subset_count = 0;
        heap_each(heap, take_some, &view);
        heap_sort_odd(view.subset, view.subset_count);
        view.object_count = view.subset_count;
        *heap = view;
        ck_assert_uint_eq(compare_with(&crew).objects, view.subset_count);
        heap_build_free(world.build);
    }
}
END_TEST

/* Counts of some objects, those of some of them all that holds them. */
static void draw_counts(struct heap *heap) {
    heap->entry = arena_alloc(&world.build->arena, heap->id_end, sizeof *heap->entry);
    for (object_id id = 1; id < heap->id_end; id++)
        heap->entry[id] = draw(2) ? 0 : draw(2) ? HEAP_ENTRY_COUNTED : HEAP_ENTRY_COUNTED | HEAP_ENTRY_ALL;
    for (int r = 0; r < ROOTS; r += 2)
        world.roots[r].flags = ROOT_STACK;
}

START_TEST (by_counts_as_well) {
    struct crew crew = {.size = 3, .together = together, .rest = rest};
    for (uint64_t seed = 1; seed <= draw_seeds(6); seed++) {
        draw_world(seed);
        const struct heap *heap = &world.build->heap;
        struct arena *arena = &world.build->arena;
        draw_counts(&world.build->heap);
        uintptr_t *words = heap_build_gap(world.build, ROOT_WORDS * sizeof *words);
        for (int i = 0; i < ROOT_WORDS; i++)
            words[i] = world.start[draw(OBJECTS)];
        struct root held = {(uintptr_t)words, (uintptr_t)(words + ROOT_WORDS), 0};
        struct marks one, many, believing;
        ck_assert_int_eq(mark_by_counts(NULL, heap, world.roots, ROOTS, &held, arena, &one), 0);
        ck_assert_int_eq(mark_by_counts(&crew, heap, world.roots, ROOTS, &held, arena, &many), 0);
        ck_assert_int_eq(mark_run(heap, world.roots, ROOTS, arena, &believing), 0);
        ck_assert_uint_eq(one.objects_scanned, many.objects_scanned);
        ck_assert_uint_ne(one.objects_scanned, believing.objects_scanned);
        struct compare compare = {&one, &many, 0, 0, 0};
        heap_each(heap, compare_object, &compare);
        heap_build_free(world.build);
    }
}
END_TEST

START_TEST (threads_that_can_not_be_had_are_done_without) {
    struct crew crew = {.size = 2, .together = alone, .rest = rest};
    draw_world(1);
    compare_with(&crew);
    heap_build_free(world.build);
}
END_TEST

START_TEST (without_memory_all_of_the_crew_end) {
    struct crew crew = {.size = 3, .together = together, .rest = rest};
    int failed = 0, done = 0;
    draw_world(1);
    world.build->arena.block_bytes = 4096; /* so that each block of the work list is asked for */
    world.build->arena.end = world.build->arena.next;
    for (size_t blocks = 0; blocks < 100 && !done; blocks++) {
        struct marks marks;
        world.build->arena_left = blocks;
        int error = mark_together(&crew, &world.build->heap, world.roots, ROOTS, &world.build->arena, &marks);
        ck_assert(error == 0 || error == -ENOMEM);
        failed += error != 0;
        done = error == 0;
    }
    ck_assert_int_ge(failed, 3);
    ck_assert(done);
    heap_build_free(world.build);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("crew");
    TCase *tests = tcase_create("crew");
    tcase_set_timeout(tests, 600);
    tcase_add_test(tests, a_crew_marks_what_one_marks);
    tcase_add_test(tests, in_a_large_heap_the_same_is_reached);
    tcase_add_test(tests, an_object_of_more_words_than_are_put_by_loses_none);
    tcase_add_test(tests, where_one_can_not_put_by_none_does);
    tcase_add_test(tests, in_a_view_of_some_objects_as_well);
    tcase_add_test(tests, by_counts_as_well);
    tcase_add_test(tests, threads_that_can_not_be_had_are_done_without);
    tcase_add_test(tests, without_memory_all_of_the_crew_end);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
