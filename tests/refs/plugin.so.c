#include "counted.h"

int plugin_run(int leaks);
__attribute__((noinline)) static void plugin_keep(struct counted *counted) {
    counted_ref(counted);
}
int plugin_run(int leaks) {
    struct counted *counted = counted_new();
    for (int i = 0; i < 100; i++) {
        counted_ref(counted);
        counted_unref(counted);
    }
    if (leaks)
        plugin_keep(counted);
    counted_unref(counted);
    return 0;
}
