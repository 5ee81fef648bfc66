/* frames_check.h - in a checking build (make frames), every captured stack is compared with libunwind's own walk. */
#ifndef CASTAWAY_PRELOAD_FRAMES_CHECK_H
#define CASTAWAY_PRELOAD_FRAMES_CHECK_H

#include "unwind.h"

#ifdef CASTAWAY_FRAMES_CHECK
void frames_check_init(void); /* opens libunwind */
void frames_check(const uint64_t *frames, size_t count);
void frames_check_site(uint32_t site); /* the same of a site that is said to be the stack at hand */
/* Append the tally, and the first stacks that differed, to the file that CASTAWAY_FRAMES_LOG names. */
void frames_check_report(char **environment);
#else
static inline void frames_check_init(void) {
}
static inline void frames_check(const uint64_t *frames, size_t count) {
    (void)frames;
    (void)count;
}
static inline void frames_check_site(uint32_t site) {
    (void)site;
}
static inline void frames_check_report(char **environment) {
    (void)environment;
}
#endif

#endif
