/* family.c - a thread's families: which there are, and which there might be.
 *
 * Owns:    struct families.
 * Never:   reads where a walk might not, but for other words of a page on which it does.
 * Start:   families_site(), families_site_of_new(). Invariants: README.md, "Stacks". */
#include "family.h"

#include <string.h>

#include "family_number.h"
#include "family_places.h"
#include "family_tables.h"
#include "family_words.h"
#include "frames_check.h"

enum {
    WISHES = 100,      /* it must have been worth so much before there is one */
    PENALTY_MIN = 512, /* and so much more after it ended, and ever more */
    PENALTY_MAX = 1 << 16,
    MISSES_MAX = 256,   /* after so many a family has hit more often than it missed, or ends */
    REFUSED_A_USED = 8, /* to begin anew costs as much as so many that are met again, for each that was known */
};

uint32_t family_site(struct family *family, uintptr_t pc) {
    uint32_t number;
    int is_number = family->runs == 1 ? family_number(family, pc, 1, &number) : family_number(family, pc, 0, &number);
    return is_number ? family_known_site(family, number) : 0;
}

/* ---- those that end ---- */

static void forget(struct families *families, struct family *family) {
    for (size_t wide = 0; wide < FAMILY_WIDES; wide++)
        family_words_give_back(families, &family->wide[wide]);
    if (family->known)
        family_give_back(families, family->known, family->known_bits);
    size_t place = (size_t)(family - families->family), group = place / FAMILY_WAYS, any = 0;
    families->sp[place] = 0;
    families->awaited = families->awaited == family->sp ? 0 : families->awaited;
    struct family_first *first = families_first(families, family->sp);
    if (first->family == family)
        *first = (struct family_first){0};
    for (size_t way = 0; way < FAMILY_WAYS; way++)
        any |= families->sp[group * FAMILY_WAYS + way];
    if (!any)
        families->groups &= ~(1ull << group);
    memset(family, 0, sizeof *family);
}

/* Stacks that begin here are none of a family; it is long before they may be again. */
static void end(struct families *families, struct family *family) {
    struct family_wish *wish = &families->wish[families_place(family->sp)];
    if (wish->sp == family->sp) {
        wish->penalty = wish->penalty ? wish->penalty * 2 : PENALTY_MIN;
        if (wish->penalty > PENALTY_MAX)
            wish->penalty = PENALTY_MAX;
        wish->times = -(int32_t)wish->penalty;
    }
    forget(families, family);
}

/* There was no room once more. Was it time to begin anew? */
static int refuse(struct families *families) {
    uint32_t used = families->used > FAMILY_USED_MIN ? families->used : FAMILY_USED_MIN;
    if (families->refused++ < used * REFUSED_A_USED)
        return 0;
    families->refused = 0;
    for (size_t i = 0; i < FAMILIES; i++)
        if (families->sp[i])
            forget(families, &families->family[i]);
    return 1;
}

/* ---- a stack that is met for the first time ---- */

/* The frames of the present stack, which has a number. returns  0: some word is made of halves of two */
static int read_stack(const struct family *family, uintptr_t pc, uint64_t *frames) {
    uint64_t differs = 0;
    for (size_t i = 0; i < family->places; i++) {
        uint64_t now = *family->at[i];
        differs |= (now ^ family->one[i]) && (now ^ family->two[i]);
        frames[family->place[i].frame] = now;
    }
    for (size_t i = 1; i < family->wides; i++)
        frames[family->wide[i].place.frame] = *family->wide[i].at;
    frames[0] = pc; /* what is no frame's went there */
    return !differs;
}

/* Stacks of several shapes begin here: is this the one to know? */
static void count_miss(struct families *families, struct family *family) {
    if (++family->misses < MISSES_MAX)
        return;
    if (family->hits < family->misses) {
        end(families, family);
        return;
    }
    family->hits = family->misses = 1;
    family->firsts = 0;
    family->vain = 0;
}

/* Where a program registers many things by calls of their own, each comes once: is that what the family is for? */
static void count_first(struct families *families, struct family *family) {
    families->awaited = family->sp;
    if (++family->firsts > MISSES_MAX + family->hits)
        end(families, family);
}

/* The same for one of its shape, whose words become those of their places. returns  0: there is no room, and no family */
static int learn_stack(struct families *families, struct family *family, uintptr_t pc, uint32_t *number,
                       uint64_t *frames) {
    if (family_places_learn(families, family, pc) == 0 && family_number(family, pc, 0, number) &&
        read_stack(family, pc, frames))
        return 1;
    end(families, family);
    return 0;
}

static uint32_t site_of_new(struct families *families, struct family *family, uint32_t number, const uint64_t *frames) {
    const size_t count = family->frames;
    frames_check(frames, count);
    int is_gone = family_known_make_room(families, family, &number) != 0 && refuse(families);
    uint32_t site = site_intern(frames, count);
    if (site && !is_gone)
        family_known_put(family, number, site);
    return site;
}

uint32_t family_site_of_new(struct families *families, struct family *family, uintptr_t pc, uint32_t number) {
    uint64_t frames[CAPTURE_FRAMES_MAX];
    return read_stack(family, pc, frames) ? site_of_new(families, family, number, frames) : 0;
}

/* ---- those that begin where a stack does ---- */

uint32_t families_site_of_new(struct families *families, const struct caller *caller) {
    size_t place = families_place(caller->sp);
    uint64_t frames[CAPTURE_FRAMES_MAX];
    uint32_t number;
    families->awaited = 0;
    for (size_t way = 0; way < FAMILY_WAYS; way++) {
        struct family *family = &families->family[place ^ way];
        if (families->sp[place ^ way] != caller->sp || !family_begins_at(family, caller->bp))
            continue;
        if (!family_number(family, caller->pc, 0, &number) || !read_stack(family, caller->pc, frames)) {
            if (!family_places_fit(family, caller->pc)) {
                count_miss(families, family);
                continue;
            }
            if (!family_places_seen(families, family, caller->pc)) {
                count_first(families, family);
                return 0;
            }
            if (!learn_stack(families, family, caller->pc, &number, frames))
                return 0;
        }
        families_look_first(families, family);
        return site_of_new(families, family, number, frames);
    }
    return 0;
}

/* Are the stacks of `whole` likely to be among the family's? */
static int is_like(const struct family *family, const struct whole *whole) {
    return family->sp == whole->caller.sp && whole->frames == family->frames &&
           whole_outermost(whole) == family->outermost;
}

int families_have_like(const struct families *families, const struct whole *whole) {
    size_t place = families_place(whole->caller.sp);
    for (size_t way = 0; way < FAMILY_WAYS; way++)
        if (is_like(&families->family[place ^ way], whole))
            return 1;
    return 0;
}

/* ---- those that begin ---- */

/* Where one of this shape was, or none, or the one that is of least use. What was hit long ago counts ever less, or those of
 * an earlier phase of the program would stay, and the new ones drive each other out. */
static struct family *room_for(struct families *families, const struct whole *whole) {
    size_t place = families_place(whole->caller.sp);
    struct family *least = NULL;
    for (size_t way = 0; way < FAMILY_WAYS; way++) {
        struct family *family = &families->family[place ^ way];
        if (is_like(family, whole))
            return family;
        if (!least || (least->sp && (!family->sp || family->hits < least->hits)))
            least = family;
    }
    for (size_t way = 0; least->sp && way < FAMILY_WAYS; way++) {
        families->family[place ^ way].hits /= 2;
        families->family[place ^ way].misses /= 2;
        families->family[place ^ way].firsts /= 2;
        families->family[place ^ way].vain /= 2;
    }
    return least;
}

/* returns  0, or -1: there is no room */
static int begin(struct families *families, const struct whole *whole) {
    struct family *family = room_for(families, whole);
    if (family->sp)
        forget(families, family);
    family->sp = whole->caller.sp;
    family->bp = whole->caller.bp;
    family->bp_mask = whole->bp_mask;
    family->epoch = whole->epoch;
    family->frames = whole->frames;
    family->any_frame = whole->is_cut_short ? whole->frames - 1 : 0;
    family->outermost = whole_outermost(whole);
    struct family_word own = {.word = whole->caller.pc};
    if (family_places_put(family, whole) != 0 || family_known_begin(families, family) != 0 ||
        family_words_add(families, &family->wide[0], own) != 0) {
        end(families, family);
        return -1;
    }
    size_t place = (size_t)(family - families->family);
    families->sp[place] = family->sp;
    families_look_first(families, family);
    families->groups |= 1ull << place / FAMILY_WAYS;
    return 0;
}

int families_wish(struct families *families, const struct whole *whole, int times) {
    struct family_wish *wish = &families->wish[families_place(whole->caller.sp)];
    if (families->awaited == whole->caller.sp)
        return 0;
    if (wish->sp != whole->caller.sp) {
        if (wish->times > 0)
            wish->times -= times > 0;
        else
            *wish = (struct family_wish){.sp = whole->caller.sp, .times = times > 0 ? times : 0};
        return 0;
    }
    if (times > 0)
        wish->times += times;
    else if (wish->times > 0)
        wish->times = wish->times > -times ? wish->times + times : 0;
    if (wish->times < WISHES)
        return 0;
    wish->times = 0;
    return begin(families, whole) == 0;
}
