/* what is allocated while the check is disabled holds what it points at
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_tls=0 | leaked=1/1337
 */
#include <cstdio>
#include <cstdlib>
extern "C" {
[[gnu::weak]] void __lsan_disable();
[[gnu::weak]] void __lsan_enable();
}
struct disabled {
    disabled() {
        if (__lsan_disable)
            __lsan_disable();
    }
    ~disabled() {
        if (__lsan_enable)
            __lsan_enable();
    }
};
int main() {
    void **made;
    {
        disabled here;
        made = new void *;
    }
    *made = malloc(666);
    void *volatile lost = malloc(1337);
    fprintf(stderr, "%p\n", lost);
    return 0;
}
