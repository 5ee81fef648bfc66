/* forms MODE: leaves one object behind whose count only the right rule tells; prints its count. */
#include "counted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static void keep(struct counted *counted) {
    counted_ref(counted);
}

static void leave_plain(void) {
    struct counted *counted = counted_new();
    counted_ref(counted);
    keep(counted);
    counted_unref(counted);
    printf("%d\n", counted->count);
}
static void leave_second(void) { /* given back by the second argument */
    struct counted *counted = counted_new();
    counted_ref(counted);
    keep(counted);
    counted_give(0, counted);
    printf("%d\n", counted->count);
}
static void leave_cleared(void) { /* given back by the address of a pointer */
    struct counted *counted = counted_new(), *other = counted_ref(counted);
    counted_clear(&other);
    keep(counted);
    printf("%d\n", counted->count);
}
static void leave_handle(void) { /* handles of what is counted */
    struct counted *counted = counted_new();
    struct handle handle = {counted}, *other = handle_ref(&handle), *third = handle_ref(other);
    handle_unref(&other);
    handle_unref(&third);
    keep(counted);
    printf("%d\n", counted->count);
}
static void leave_floating(void) { /* the first sink takes over */
    struct counted *counted = counted_new_floating();
    counted_sink(counted);
    counted_sink(counted);
    keep(counted);
    printf("%d\n", counted->count);
}
static void leave_sunk(void) { /* never floating: each sink adds */
    struct counted *counted = counted_new();
    counted_sink(counted);
    keep(counted);
    printf("%d\n", counted->count);
}
static void leave_by_pointer(void) { /* through a pointer to the function, which is the same everywhere */
    struct counted *(*volatile take)(struct counted *) = counted_ref;
    struct counted *counted = counted_new();
    take(counted);
    keep(counted);
    printf("%d %d\n", counted->count, take == counted_ref);
}

int main(int count, char **arguments) {
    static const struct {
        const char *mode;
        void (*leave)(void);
    } modes[] = {{"plain", leave_plain},   {"second", leave_second},     {"cleared", leave_cleared},
                 {"handle", leave_handle}, {"floating", leave_floating}, {"pointer", leave_by_pointer},
                 {"sunk", leave_sunk}};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (count > 1 && !strcmp(arguments[1], modes[i].mode))
            modes[i].leave();
    if (count > 1 && !strcmp(arguments[1], "shared")) { /* the first one made it, the others add */
        struct counted *counted = counted_shared();
        counted_shared();
        counted_shared();
        counted_unref(counted);
        keep(counted);
        printf("%d\n", counted->count);
    }
    return 0;
}
