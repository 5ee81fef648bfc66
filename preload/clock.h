/* clock.h - what time it is, without a system call where the kernel allows it. */
#ifndef CASTAWAY_PRELOAD_CLOCK_H
#define CASTAWAY_PRELOAD_CLOCK_H

#include <stdint.h>

/* Of a clock that nobody sets; its zero is any moment. context, as of the others: any */
int64_t clock_ns(void);
int64_t clock_us(void);
int64_t clock_ms(void);
/* Since 1970. */
double clock_wall_seconds(void);

#endif
