/* frames_check.c - the judge of the fast walk; empty but in a checking build.
 *
 * Owns:    the tally, the first differing stacks.
 * Never:   part of a library that is installed: it takes a lock at every allocation, and prints.
 * Start:   frames_check(). */
#include "frames_check.h"

#ifdef CASTAWAY_FRAMES_CHECK

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lock.h"

enum { KEPT = 8, OWN_FRAMES = 12 };

static _Atomic uint64_t compared, differing;
static struct kept {
    size_t fast_count, slow_count;
    uint64_t fast[CAPTURE_FRAMES_MAX], slow[CAPTURE_FRAMES_MAX];
} kept[KEPT];

void frames_check(const uint64_t *frames, size_t count, size_t max) {
    uint64_t walked[CAPTURE_FRAMES_MAX + OWN_FRAMES];
    struct callee_saved here;
    arch_callee_saved(&here);
    lock_take(LOCK_LEARN);
    size_t slow = unwind_slow(&here, walked, max + OWN_FRAMES), skip = 0;
    lock_release(LOCK_LEARN);
    while (skip < slow && walked[skip] != frames[0])
        skip++;
    slow -= skip;
    if (slow > max)
        slow = max;
    atomic_fetch_add(&compared, 1);
    if (slow == count && memcmp(frames, walked + skip, count * sizeof *frames) == 0)
        return;
    uint64_t number = atomic_fetch_add(&differing, 1);
    if (number >= KEPT)
        return;
    kept[number].fast_count = count;
    kept[number].slow_count = slow;
    memcpy(kept[number].fast, frames, count * sizeof *frames);
    memcpy(kept[number].slow, walked + skip, slow * sizeof *frames);
}

static void print_stack(int file, const char *name, const uint64_t *frames, size_t count) {
    dprintf(file, " %s", name);
    for (size_t i = 0; i < count; i++)
        dprintf(file, " %llx%s", (unsigned long long)(frames[i] & ~FRAME_EXACT), frames[i] & FRAME_EXACT ? "!" : "");
    dprintf(file, "\n");
}

void frames_check_site(uint32_t site, size_t max) {
    frames_check(site_get(site)->frames, site_get(site)->count, max);
}

void frames_check_report(char **environment) {
    static const char name[] = "CASTAWAY_FRAMES_LOG=";
    for (; environment && *environment && strncmp(*environment, name, sizeof name - 1) != 0; environment++) {
    }
    if (!environment || !*environment)
        return;
    int file = open(*environment + sizeof name - 1, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return;
    dprintf(file, "compared %llu differing %llu\n", (unsigned long long)compared, (unsigned long long)differing);
    for (uint64_t i = 0; i < differing && i < KEPT; i++) {
        print_stack(file, "fast", kept[i].fast, kept[i].fast_count);
        print_stack(file, "slow", kept[i].slow, kept[i].slow_count);
    }
    close(file);
}

#endif
