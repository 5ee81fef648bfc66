/* What fontconfig's patterns hold by a distance is among their referents, and they among its referrers. */
#include "castaway.h"

#include <stdio.h>

/* As fontconfig declares them. */
extern void *FcPatternCreate(void);
extern int FcPatternAddInteger(void *pattern, const char *object, int value);

static void *pattern;

int main(void) {
    void *held[2] = {NULL}, *holder[2];
    pattern = FcPatternCreate();
    FcPatternAddInteger(pattern, "weight", 100);
    size_t count = castaway_get_referents(pattern, held, 2);
    long holders = castaway_get_referrers(held[0], holder, 2);
    printf("%zu referent, %ld referrer, is it: %d\n", count, holders, holders == 1 && holder[0] == pattern);
    return 0;
}
