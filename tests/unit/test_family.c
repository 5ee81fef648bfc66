/* test_family.c - stacks that are known by number: which site, what is kept, what is given back.
 *
 * Linked with preload/family*.o and -lcheck; memory, sites and rules are ours. */
#include "preload/family.h"
#include "preload/family_number.h"
#include "preload/pages.h"
#include "tests/unit/suite.h"

#include <string.h>
#include <sys/mman.h>

enum { PLACES = 12, PLACES_A_PAGE = 4, CODE = 0x400000, SP = 0x7ff000000000, WISHED = 100, BEGINS = 3 * WISHED };

/* ---- neighbours ---- */

static unsigned long allocations, refused_at, refused_until; /* [at, until) of them are refused */
static struct { uint64_t frames[PLACES + 1]; } sites[1 << 15];
static uint32_t site_total, sites_max = sizeof sites / sizeof sites[0];

_Atomic unsigned unwind_epoch = 2;
const uint64_t whole_never_changes = 0x5555;

/* Behind it stands a page that can't be read. All is kept until the test's process ends. */
static void *map(size_t bytes) {
    size_t whole = (bytes + WHOLE_PAGE_BYTES - 1) / WHOLE_PAGE_BYTES * WHOLE_PAGE_BYTES;
    char *memory = mmap(NULL, whole + WHOLE_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    mprotect(memory + whole, WHOLE_PAGE_BYTES, PROT_NONE);
    return memory + whole - bytes;
}
void *pages_alloc_table(size_t bytes) {
    unsigned long each = allocations++;
    return each >= refused_at && each < refused_until ? NULL : map(bytes);
}
unsigned unwind_shape(uintptr_t pc) {
    return (uint32_t)pc / CODE == 1;
}
uint32_t site_count(void) {
    return site_total;
}
uint32_t site_intern(const uint64_t *frames, size_t count) {
    ck_assert_uint_eq(count, PLACES + 1);
    for (uint32_t i = 0; i < site_total; i++)
        if (memcmp(sites[i].frames, frames, sizeof sites[i].frames) == 0)
            return i + 1;
    if (site_total == sites_max)
        return 0;
    memcpy(sites[site_total].frames, frames, sizeof sites[0].frames);
    return ++site_total;
}

/* ---- stacks ---- */

/* Return addresses, innermost first, on several pages. All stacks stand here, whatever their pointer. */
static _Alignas(WHOLE_PAGE_BYTES) uint64_t stack[PLACES][WHOLE_PAGE_BYTES / sizeof(uint64_t) / PLACES_A_PAGE];

static struct caller caller_at(uintptr_t sp) {
    return (struct caller){.pc = CODE, .sp = sp};
}

/* The place has the word of this number. */
static void set_place(size_t i, unsigned number) {
    stack[i][0] = CODE + i * 0x1000 + number * 0x33;
}

static struct whole whole_at(uintptr_t sp) {
    struct whole whole = {
        .caller = caller_at(sp), .epoch = unwind_epoch, .words = PLACES, .frames = PLACES + 1, .word = {CODE}};
    for (uint8_t i = 0; i < PLACES; i++) {
        whole.at[i] = stack[i];
        whole.word[i + 1] = stack[i][0];
        whole.place[i] = (struct whole_place){.shape = 1, .frame = (uint8_t)(i + 1)};
    }
    return whole;
}

static int begin(struct families *families, uintptr_t sp) {
    struct whole whole = whole_at(sp);
    return families_wish(families, &whole, 0) || families_wish(families, &whole, BEGINS);
}

/* Its site must be right, if it is found. */
static uint32_t look(struct families *families, uintptr_t sp, int may_learn) {
    struct caller caller = caller_at(sp);
    uint64_t frames[PLACES + 1] = {CODE};
    for (size_t i = 0; i < PLACES; i++)
        frames[i + 1] = stack[i][0];
    uint32_t site = families_near(families, sp) ? families_site(families, &caller) : 0;
    if (!site && may_learn && families_near(families, sp))
        site = families_site_of_new(families, &caller);
    if (site)
        ck_assert(memcmp(sites[site - 1].frames, frames, sizeof frames) == 0);
    return site;
}
static uint32_t meet(struct families *families, uintptr_t sp) {
    return look(families, sp, 1);
}
/* A word that a place of many words does not have is learnt when it comes again. returns  0: it is not learnt */
static uint32_t meet_twice(struct families *families, uintptr_t sp) {
    meet(families, sp);
    uint32_t site = meet(families, sp);
    ck_assert_uint_eq(look(families, sp, 0), site);
    return site;
}

/* Stack pointers whose families stand in the same ways. */
static uintptr_t rival(unsigned number) {
    uintptr_t sp = SP;
    for (unsigned i = 0; i < number; i += families_place(sp) / FAMILY_WAYS == families_place(SP) / FAMILY_WAYS)
        sp += 16;
    return sp;
}

/* Rivals take turns. returns  how often there was none for the one whose turn it was; it wishes for one then */
static unsigned take_turns(struct families *families, unsigned first, unsigned count, unsigned turns) {
    unsigned missed = 0;
    for (unsigned turn = 0; turn < turns; turn++)
        for (unsigned i = first; i < first + count; i++)
            if (!meet(families, rival(i))) {
                struct whole whole = whole_at(rival(i));
                families_wish(families, &whole, 5);
                missed++;
            }
    return missed;
}

/* Whatever happened: tables that are in use are those of families that are there. */
static void check_used(const struct families *families) {
    size_t used = 0;
    for (size_t i = 0; i < FAMILIES; i++) {
        const struct family *family = &families->family[i];
        ck_assert(families->sp[i] == family->sp);
        ck_assert(!family->sp || families->groups >> i / FAMILY_WAYS & 1);
        used += family->known ? (size_t)1 << family->known_bits : 0;
        for (size_t wide = 0; wide < FAMILY_WIDES; wide++)
            used += family->wide[wide].words ? 2 * (family->wide[wide].mask / sizeof(struct family_word) + 1) : 0;
    }
    ck_assert_uint_eq(families->used, used);
}

static struct families *families_make(void) {
    for (size_t i = 0; i < PLACES; i++)
        set_place(i, 0);
    return map(sizeof(struct families));
}

/* ---- */

START_TEST (each_stack_of_a_family_has_its_own_site) {
    struct families *families = families_make();
    ck_assert(begin(families, SP));
    for (unsigned i = 0; i < 4096; i++) {
        for (size_t place = 0; place < PLACES; place++)
            set_place(place, i >> place & 1);
        ck_assert_uint_eq(meet(families, SP), i + 1);
    }
    for (unsigned i = 0; i < 4096; i++) {
        for (size_t place = 0; place < PLACES; place++)
            set_place(place, i >> place & 1);
        ck_assert_uint_eq(look(families, SP, 0), i + 1);
    }
    check_used(families);
}
END_TEST

/* The bits of a number by which the family tells the words of a place apart. */
static uint32_t bits_of_place(const struct family *family, size_t place) {
    uint32_t bits = 0;
    for (size_t i = 1; i < family->wides; i++)
        for (size_t bit = 0; bit < FAMILY_WORD_BITS && family->wide[i].at == stack[place]; bit++)
            bits |= family->wide[i].bits[bit];
    for (size_t i = 0; i < family->places; i++)
        if (family->at[i] == stack[place])
            bits |= (uint32_t)family->weight[i] | (uint32_t)(family->weight[i] >> 32);
    return bits;
}

/* Each of the places has so many words; those of outer ones come first. */
enum { ORDERED = 4, WORDS_OF_ORDERED = 6 };
static void set_ordered(unsigned number) {
    for (size_t i = ORDERED; i-- > 0; number /= WORDS_OF_ORDERED)
        set_place(i, number % WORDS_OF_ORDERED / (i % 2 ? 1 : 3)); /* every second one has two */
}

START_TEST (inner_places_have_the_low_bits_when_a_table_has_grown) {
    struct families *families = families_make();
    const unsigned all = WORDS_OF_ORDERED * WORDS_OF_ORDERED * WORDS_OF_ORDERED * WORDS_OF_ORDERED;
    uint32_t site[WORDS_OF_ORDERED * WORDS_OF_ORDERED * WORDS_OF_ORDERED * WORDS_OF_ORDERED];
    ck_assert(begin(families, SP));
    for (unsigned i = 0; i < all; i++) {
        set_ordered(i);
        site[i] = meet_twice(families, SP);
    }
    const struct family *family = &families->family[families_place(SP)];
    ck_assert_uint_gt(family->known_bits, 4);
    for (size_t place = 0; place + 1 < ORDERED; place++) {
        uint32_t outer = bits_of_place(family, place + 1);
        ck_assert_uint_lt(bits_of_place(family, place), outer & -outer);
    }
    for (unsigned i = 0; i < all; i++) {
        set_ordered(i);
        ck_assert_uint_eq(look(families, SP, 0), site[i]);
    }
    check_used(families);
}
END_TEST

START_TEST (a_word_from_which_a_walk_goes_on_in_another_way_is_no_family_s) {
    struct families *families = families_make();
    ck_assert(begin(families, SP));
    stack[3][0] = 2 * CODE;
    ck_assert_uint_eq(meet(families, SP), 0);
    set_place(3, 1);
    ck_assert_uint_ne(meet(families, SP), 0);
}
END_TEST

enum { WORDS = 1 << FAMILY_WORD_BITS }; /* of a place */

START_TEST (a_place_has_so_many_words_and_no_more) {
    struct families *families = families_make();
    ck_assert(begin(families, SP));
    site_total = 1 << 12; /* that there may be as large a table as it takes */
    for (unsigned i = 0; i < WORDS; i++) {
        set_place(5, i);
        ck_assert_uint_ne(meet_twice(families, SP), 0);
    }
    for (unsigned i = 0; i < WORDS; i++) {
        set_place(5, i);
        ck_assert_uint_ne(look(families, SP, 0), 0);
    }
    check_used(families);
    set_place(5, WORDS);
    ck_assert_uint_eq(meet_twice(families, SP), 0);
    ck_assert_uint_eq(families->used, 0);
}
END_TEST

START_TEST (a_place_of_many_words_learns_what_comes_again) {
    struct families *families = families_make();
    unsigned words = 1;
    ck_assert(begin(families, SP));
    for (set_place(5, words); meet(families, SP); set_place(5, ++words)) {
    }
    ck_assert_uint_ge(words, 3);
    ck_assert_uint_le(words, 5);
    ck_assert_uint_ne(meet(families, SP), 0);
    ck_assert_uint_ne(look(families, SP, 0), 0);
    set_place(7, 1); /* one of few words, with it one of many */
    set_place(5, ++words);
    ck_assert_uint_eq(meet(families, SP), 0);
    ck_assert_uint_ne(meet(families, SP), 0);
}
END_TEST

START_TEST (where_each_word_comes_once_the_family_ends) {
    struct families *families = families_make();
    unsigned words = 0;
    ck_assert(begin(families, SP));
    for (; families->used && words < 1000; words++) {
        set_place(5, words);
        meet(families, SP);
    }
    ck_assert_uint_lt(words, 1000);
    check_used(families);
    for (unsigned i = 0; !families->used && i < 1000; i++) /* and another begins when it is wished for often enough */
        if (!meet(families, SP))
            begin(families, SP);
    ck_assert_uint_ne(families->used, 0);
}
END_TEST

/* Words that come in turn: each has come before when its turn comes again. */
START_TEST (what_comes_in_turn_is_learnt_whichever_words_these_are) {
    enum { MANY = 250 };
    uint32_t state = 1;
    for (unsigned set = 0; set < 20; set++) {
        struct families *families = families_make();
        uint64_t word[MANY];
        ck_assert(begin(families, SP));
        site_total = 1 << 13; /* that there may be as large a table as it takes */
        for (unsigned i = 0; i < MANY; i++) {
            state = state * 1664525 + 1013904223;
            word[i] = CODE + state % CODE;
        }
        for (unsigned turn = 0; turn < 3 * MANY; turn++) {
            stack[5][0] = word[turn % MANY];
            ck_assert(meet(families, SP) || turn < MANY);
        }
    }
}
END_TEST

/* Any of so many words, in two places: most come again long before all have come. */
START_TEST (where_many_words_come_in_any_order_all_are_learnt) {
    enum { MANY = 100, TURNS = 10000 };
    struct families *families = families_make();
    uint32_t state = 1;
    ck_assert(begin(families, SP));
    struct family *family = &families->family[families_place(SP)];
    for (unsigned turn = 0; turn < TURNS; turn++) {
        for (size_t place = 5; place < 7; place++) {
            state = state * 1664525 + 1013904223;
            set_place(place, (state >> 8) % MANY);
        }
        struct whole whole = whole_at(SP);
        if (!meet(families, SP)) /* then it is known otherwise, and wished for */
            ck_assert(!families_wish(families, &whole, WISHED));
    }
    ck_assert_uint_eq(family->wides, 3);
    for (size_t wide = 1; wide < family->wides; wide++)
        ck_assert_uint_eq(family->wide[wide].count, MANY);
    check_used(families);
}
END_TEST

START_TEST (a_table_is_found_for_any_words) {
    uint32_t state = 1;
    site_total = 1 << 12;
    for (unsigned set = 0; set < 40; set++) {
        struct families *families = families_make();
        ck_assert(begin(families, SP));
        for (unsigned i = 1; i < WORDS; i++) {
            state = state * 1664525 + 1013904223;
            stack[5][0] = CODE + state % CODE;
            ck_assert_uint_ne(meet_twice(families, SP), 0);
        }
        check_used(families);
    }
}
END_TEST

/* The first places become wide before those that stand in front of them. */
static void widen_backwards(struct families *families) {
    for (size_t place = PLACES - 1; place > 1; place -= 2)
        for (unsigned i = 0; i < 12; i++) {
            set_place(place, i);
            meet_twice(families, SP);
        }
}

START_TEST (a_family_that_is_refused_memory_gives_back_all) {
    struct families *all = families_make();
    unsigned long before = allocations;
    ck_assert(begin(all, SP));
    widen_backwards(all);
    ck_assert_uint_ne(all->used, 0);
    unsigned long count = allocations - before;
    ck_assert_uint_gt(count, 10);
    for (unsigned long i = 0; i < count; i++) {
        struct families *families = families_make();
        refused_at = allocations + i;
        refused_until = refused_at + 1;
        if (begin(families, SP))
            widen_backwards(families);
        check_used(families);
    }
}
END_TEST

START_TEST (a_family_that_ends_for_want_of_room_gives_back_all) {
    enum { ROOM = 1 << 13 };
    struct families *families = families_make();
    ck_assert(begin(families, SP));
    for (unsigned i = 0; i < 3; i++) {
        set_place(PLACES - 1, i);
        ck_assert_uint_ne(meet(families, SP), 0);
    }
    set_place(0, 1);
    ck_assert_uint_ne(meet(families, SP), 0);
    uint32_t others = ROOM - families->used;
    families->used = ROOM;
    set_place(0, 2);
    ck_assert_uint_eq(meet(families, SP), 0);
    ck_assert_uint_eq(families->used, others);
}
END_TEST

START_TEST (a_number_whose_site_is_refused_is_looked_for_within_the_table) {
    struct families *families = families_make();
    ck_assert(begin(families, SP));
    ck_assert_uint_ne(meet(families, SP), 0);
    sites_max = site_total;
    for (size_t i = 0; i < PLACES; i++) {
        set_place(i, 1);
        ck_assert_uint_eq(meet(families, SP), 0);
        ck_assert_uint_eq(look(families, SP, 0), 0);
    }
    for (size_t i = 0; i < PLACES; i++)
        set_place(i, 0);
    ck_assert_uint_eq(look(families, SP, 0), 1);
    check_used(families);
}
END_TEST

/* The family that is asked first for stacks that begin there; or NULL */
static const struct family *asked_first(struct families *families, uintptr_t sp) {
    const struct family_first *first = families_first(families, sp);
    return first->sp == sp ? first->family : NULL;
}

START_TEST (one_that_is_asked_in_vain_is_not_asked_first) {
    struct families *families = families_make();
    ck_assert(begin(families, SP));
    struct family *family = &families->family[families_place(SP)];
    ck_assert_ptr_eq(asked_first(families, SP), family);
    family->vain = 1;
    families_look_first(families, family);
    ck_assert_ptr_null(asked_first(families, SP));
    for (unsigned i = 0; i < 4; i++)
        meet(families, SP);
    ck_assert_ptr_eq(asked_first(families, SP), family);
}
END_TEST

START_TEST (two_whose_ways_are_the_same_are_both_asked_first) {
    struct families *families = families_make();
    unsigned number = 1;
    while (families_first(families, rival(number)) == families_first(families, SP))
        number++;
    uintptr_t sp = rival(number);
    ck_assert(begin(families, SP) && begin(families, sp));
    ck_assert_ptr_nonnull(asked_first(families, SP));
    ck_assert_ptr_nonnull(asked_first(families, sp));
    ck_assert_ptr_ne(asked_first(families, SP), asked_first(families, sp));
}
END_TEST

START_TEST (one_that_ended_is_not_asked) {
    struct families *families = families_make();
    ck_assert(begin(families, SP));
    for (unsigned i = 1; asked_first(families, SP); i++) {
        struct whole whole = whole_at(rival(i));
        for (unsigned turn = 0; turn < 5; turn++)
            families_wish(families, &whole, BEGINS);
    }
    ck_assert_uint_eq(families_site(families, &(struct caller){.pc = CODE, .sp = SP}), 0);
    check_used(families);
}
END_TEST

START_TEST (a_new_one_that_has_a_number_is_of_the_family_that_was_asked) {
    struct families *families = families_make();
    uint32_t number;
    ck_assert(begin(families, SP));
    struct family *family = &families->family[families_place(SP)];
    set_place(0, 1);
    ck_assert(!family_number(family, CODE, 0, &number)); /* whose word it is not yet */
    ck_assert_uint_ne(meet(families, SP), 0);
    set_place(1, 1);
    ck_assert_uint_ne(meet(families, SP), 0);
    set_place(0, 0);
    ck_assert(family_number(family, CODE, 0, &number));
    ck_assert_uint_eq(family_known_site(family, number), 0);
    uint32_t site = family_site_of_new(families, family, CODE, number);
    ck_assert_uint_ne(site, 0);
    ck_assert_uint_eq(look(families, SP, 0), site);
}
END_TEST

START_TEST (a_new_one_with_a_word_of_two_halves_is_not) {
    struct families *families = families_make();
    uint32_t number;
    ck_assert(begin(families, SP));
    struct family *family = &families->family[families_place(SP)];
    const uint64_t other = 0x700000000000 + CODE; /* both halves differ from those of the first word */
    stack[0][0] = other + 0x33;
    ck_assert_uint_ne(meet(families, SP), 0);
    stack[0][0] = other;
    ck_assert(family_number(family, CODE, 0, &number));
    ck_assert_uint_eq(family_known_site(family, number), 0);
    ck_assert_uint_eq(family_site_of_new(families, family, CODE, number), 0);
}
END_TEST

/* Any few words in any places, as many as a number has bits for. */
START_TEST (places_become_wide_in_any_order) {
    for (uint32_t seed = 1; seed < 10; seed++) {
        struct families *families = families_make();
        uint32_t state = seed;
        ck_assert(begin(families, SP));
        for (unsigned i = 0; i < 500; i++) {
            state = state * 1664525 + 1013904223;
            set_place((state >> 16) % PLACES, (state >> 24) % 4);
            ck_assert_uint_ne(meet_twice(families, SP), 0);
        }
        check_used(families);
        const struct family *family = &families->family[families_place(SP)];
        ck_assert_uint_eq(family->wides, 1 + PLACES);
        ck_assert_uint_eq(family->places, 0);
    }
}
END_TEST

START_TEST (two_that_wish_in_turn_both_get_a_family) {
    struct families *families = families_make();
    ck_assert_uint_eq(families_place(rival(0)), families_place(rival(1)));
    take_turns(families, 0, 2, 100);
    ck_assert_uint_eq(take_turns(families, 0, 2, 100), 0);
}
END_TEST

START_TEST (families_of_an_earlier_phase_make_way) {
    struct families *families = families_make();
    take_turns(families, 0, FAMILY_WAYS, 50000);
    take_turns(families, FAMILY_WAYS, FAMILY_WAYS, 5000);
    ck_assert_uint_eq(take_turns(families, FAMILY_WAYS, FAMILY_WAYS, 100), 0);
    check_used(families);
}
END_TEST

START_TEST (one_too_many_does_not_drive_out_the_others_in_turn) {
    struct families *families = families_make();
    take_turns(families, 0, FAMILY_WAYS + 1, 5000);
    ck_assert_uint_le(take_turns(families, 0, FAMILY_WAYS + 1, 100), 200);
    check_used(families);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("family");
    TCase *tests = tcase_create("family");
    tcase_add_test(tests, each_stack_of_a_family_has_its_own_site);
    tcase_add_test(tests, inner_places_have_the_low_bits_when_a_table_has_grown);
    tcase_add_test(tests, a_word_from_which_a_walk_goes_on_in_another_way_is_no_family_s);
    tcase_add_test(tests, a_place_has_so_many_words_and_no_more);
    tcase_add_test(tests, a_place_of_many_words_learns_what_comes_again);
    tcase_add_test(tests, where_each_word_comes_once_the_family_ends);
    tcase_add_test(tests, what_comes_in_turn_is_learnt_whichever_words_these_are);
    tcase_add_test(tests, where_many_words_come_in_any_order_all_are_learnt);
    tcase_add_test(tests, a_table_is_found_for_any_words);
    tcase_add_test(tests, a_family_that_is_refused_memory_gives_back_all);
    tcase_add_test(tests, a_family_that_ends_for_want_of_room_gives_back_all);
    tcase_add_test(tests, a_number_whose_site_is_refused_is_looked_for_within_the_table);
    tcase_add_test(tests, one_that_is_asked_in_vain_is_not_asked_first);
    tcase_add_test(tests, two_whose_ways_are_the_same_are_both_asked_first);
    tcase_add_test(tests, one_that_ended_is_not_asked);
    tcase_add_test(tests, a_new_one_that_has_a_number_is_of_the_family_that_was_asked);
    tcase_add_test(tests, a_new_one_with_a_word_of_two_halves_is_not);
    tcase_add_test(tests, places_become_wide_in_any_order);
    tcase_add_test(tests, two_that_wish_in_turn_both_get_a_family);
    tcase_add_test(tests, families_of_an_earlier_phase_make_way);
    tcase_add_test(tests, one_too_many_does_not_drive_out_the_others_in_turn);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
