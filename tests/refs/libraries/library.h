/* What these programs have in common: each uses a library as programs do, takes and gives back 10 000 references or more, and
 * makes the one mistake that its argument names. Without one it makes none. */
#include <string.h>

#define NOINLINE __attribute__((noinline))

static const char *mistake;

static int makes(const char *name) {
    return !strcmp(mistake, name);
}
