/* collect.c - scans that the program itself asks for, and waits for: castaway.h's and LeakSanitizer's names.
 *
 * Owns:    nothing.
 * Never:   ends the program, but in __lsan_do_leak_check(), which is asked to.
 * Start:   castaway_api_collect(). Source: LeakSanitizer, sanitizer/lsan_interface.h, for the meaning of its two. */
#include "hooks.h"
#include "init.h"
#include "generations.h"
#include "live.h"
#include "lsan.h"
#include "next.h"

enum { FULL = GENERATIONS - 1, LEAKS_FOUND = 23 };

EXPORT long castaway_api_collect(int generation);
EXPORT long castaway_api_check(void);
EXPORT int __lsan_do_recoverable_leak_check(void);
EXPORT void __lsan_do_leak_check(void);

long castaway_api_collect(int generation) {
    start_recording();
    return generation < 0 || generation > FULL ? -1 : live_collect((unsigned)generation, 0);
}

/* What is lost is believed at once: the caller knows that the program is at rest. */
long castaway_api_check(void) {
    start_recording();
    return live_collect(FULL, 1) < 0 ? -1 : generations_lost();
}

int __lsan_do_recoverable_leak_check(void) {
    return !lsan.off && !lsan_is_turned_off() && castaway_api_check() > 0;
}

/* Ends the program when there are leaks, and no check follows at its end: the recording of this moment stands for it. */
void __lsan_do_leak_check(void) {
    if (lsan.off || lsan_is_turned_off())
        return;
    lsan.off_at_exit = 0; /* this is it */
    int status = exit_scan(castaway_api_check() > 0 ? LEAKS_FOUND : 0);
    if (status)
        next._exit(status);
}
