/* One of 1000 references to an object of a library's is never given back; all others are, by the same functions. With an
 * argument: none is missing. Who includes this says what the object is, and how it is made, taken and given back. */
#include <stdlib.h>

enum { ROUNDS = 1000, THE_ONE = 471 };

__attribute__((noinline)) static void cache_add(OBJECT *object) {
    TAKE(object);
}
__attribute__((noinline)) static void cache_remove(OBJECT *object) {
    GIVE(object);
}
__attribute__((noinline)) static void log_keep(OBJECT *object) {
    TAKE(object); /* the one */
}

int main(int count, char **arguments) {
    (void)arguments;
    OBJECT *object = MAKE();
    if (!object)
        return 2;
    for (int i = 0; i < ROUNDS; i++) {
        cache_add(object);
        if (i == THE_ONE && count < 2)
            log_keep(object);
        cache_remove(object);
    }
    GIVE(object);
    return 0;
}
