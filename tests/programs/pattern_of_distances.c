/* purpose: fontconfig's patterns say how far behind them their elements lie; a pattern in hand holds them, a lost one has them with it
 * flags: -O0 -O2
 * link: -l:libfontconfig.so.1
 * expect: lost=1/24 lost_indirect=3/320
 * allocators: no
 */
#include "program.h"

/* As fontconfig declares them; its headers are not needed for this. */
extern void *FcPatternCreate(void);
extern int FcPatternAddInteger(void *pattern, const char *object, int value);

static void *pattern;

static NOINLINE void *pattern_new(void) {
    void *made = FcPatternCreate();
    FcPatternAddInteger(made, "weight", 80);
    FcPatternAddInteger(made, "slant", 100);
    return made;
}
static NOINLINE void drop_pattern(void) {
    void *dropped = pattern_new();
    dropped = opaque(dropped);
}

int main(void) {
    pattern = pattern_new();
    opaque(&pattern);
    drop_pattern();
    clobber_stack();
    return 0;
}
