/* purpose: an object whose owner was skipped by an exception is lost; exceptions work, their own memory is freed
 * expect: lost=1/48
 */
#include <cstdio>
#include <stdexcept>
#include <string>
#include "program.h"

static NOINLINE int throw_deep(int depth) {
    std::string kept(100, 'x');

    if (depth == 0)
        throw std::runtime_error(kept);
    return throw_deep(depth - 1) + static_cast<int>(kept.size());
}
static NOINLINE int owner_run() {
    char *buffer = static_cast<char *>(opaque(new char[48]()));
    int sum = throw_deep(5);

    delete[] buffer;
    return sum;
}
static NOINLINE void run() {
    try {
        std::printf("%d\n", owner_run());
    } catch (const std::exception &exception) {
        std::printf("caught %zu\n", std::string(exception.what()).size());
    }
}

int main() {
    run();
    clobber_stack();
    return 0;
}
