/* In a constructor, while an exception unwinds (a destructor), and in the handler that caught it. */
#include "frames.h"

#include <stdexcept>

static NOINLINE void drop_recorded(size_t size) {
    DROP_RECORDED(size);
    __asm__ volatile("");
}
struct Guard {
    explicit Guard(size_t size) : size_(size) {
        drop_recorded(size);
    }
    ~Guard() {
        drop_recorded(size_ + 1);
    }
    size_t size_;
};
static NOINLINE int thrower(int depth) {
    Guard guard(static_cast<size_t>(1001 + 2 * depth));

    if (depth == 0)
        throw std::runtime_error("here");
    return thrower(depth - 1) + 1;
}
static NOINLINE void catcher() {
    try {
        thrower(2);
    } catch (const std::exception &) {
        drop_recorded(1010);
    }
    drop_recorded(1011);
}

int main() {
    catcher();
    clobber_stack();
    return 0;
}
