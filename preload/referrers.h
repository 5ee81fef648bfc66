/* referrers.h - which objects point at an object, and at which it points. */
#ifndef CASTAWAY_PRELOAD_REFERRERS_H
#define CASTAWAY_PRELOAD_REFERRERS_H

#include "scan.h"

/* Write their number (int64_t), and the addresses of the first `max` of them (uintptr_t each), to `file`.
 * returns  0, or a negative errno. context: snapshot child, after search_view() */
int referrers_write(int file, struct search *search, uintptr_t address, size_t max);

/* The same of the objects at which it points, one for each pointer. */
int referrers_write_referents(int file, struct search *search, uintptr_t address, size_t max);

/* There is no answer. context: any */
void referrers_refuse(int file);

/* Read what these write: addresses to out[], at most `max`.
 * returns  how many there are; -1: there is no answer, the other end gave up, or took longer than limit_ms
 * context  the program's call */
long referrers_read(int file, void **out, size_t max, int limit_ms);

#endif
