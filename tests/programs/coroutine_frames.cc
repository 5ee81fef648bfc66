/* purpose: the frame of a C++ coroutine that sleeps holds its locals and arguments; one whose handle is gone is lost with them
 * flags: -O0:-std=c++20 -O2:-std=c++20
 * expect: lost=1/64 lost_indirect=2/120
 */
#include <coroutine>
#include "program.h"

struct sleeper {
    struct promise_type {
        sleeper get_return_object() {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_never initial_suspend() {
            return {};
        }
        std::suspend_always final_suspend() noexcept {
            return {};
        }
        void unhandled_exception() {
        }
        void return_void() {
        }
    };
    std::coroutine_handle<promise_type> handle;
};

static sleeper sleep_with(char *argument) {
    char *local = static_cast<char *>(NEW_BYTES(70));

    co_await std::suspend_always{};
    free(local);
    free(argument);
}

static sleeper held;

static NOINLINE void make() {
    held = sleep_with(static_cast<char *>(NEW_BYTES(60)));
    opaque(sleep_with(static_cast<char *>(NEW_BYTES(50))).handle.address());
}

int main() {
    make();
    opaque(&held);
    clobber_stack();
    return 0;
}
