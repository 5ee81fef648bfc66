/* clock.h - what time it is, without a system call where the kernel allows it. */
#ifndef CASTAWAY_PRELOAD_CLOCK_H
#define CASTAWAY_PRELOAD_CLOCK_H

#include <time.h>

/* As clock_gettime(2) has it; zero where it has nothing. context: any; touches no errno */
struct timespec clock_read(clockid_t clock);

#endif
