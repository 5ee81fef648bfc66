/* aside.h - a program built with a sanitizer has an allocator that nothing may stand in front of: we do nothing there. */
#ifndef CASTAWAY_PRELOAD_ASIDE_H
#define CASTAWAY_PRELOAD_ASIDE_H

/* Set by aside_look(): no allocation is recorded, no handler stands, nothing is written. */
extern int aside_stands;

/* Is the program built with AddressSanitizer, ThreadSanitizer, MemorySanitizer or LeakSanitizer? (UndefinedBehaviorSanitizer
 * leaves the allocator alone.) context: the start of recording, next.h's functions known */
void aside_look(void);

#endif
