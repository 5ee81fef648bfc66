/* purpose: LeakSanitizer's check from an exit handler sees what main left, but nothing of its dead frame; globals still hold
 * expect: lost=1/66
 */
#include <cstdlib>
#include "program.h"

extern "C" void __lsan_do_leak_check(void) __attribute__((weak));

struct holder {
    void *held = NEW_BYTES(40);
    ~holder() {
        held = nullptr;
    }
};
static holder global;

int main() {
    if (__lsan_do_leak_check && atexit(__lsan_do_leak_check))
        return 1;
    void *volatile dead = NEW_BYTES(66);
    return dead == nullptr;
}
