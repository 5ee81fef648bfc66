/* purpose: C++ thread_local objects are destroyed with their thread, the main thread's at exit: no leak
 * link: -pthread
 * expect:
 */
#include <memory>
#include <thread>
#include "program.h"

static thread_local std::unique_ptr<long[]> buffer;

int main() {
    buffer.reset(new long[10]);
    std::thread([] { buffer.reset(new long[20]); }).join();
    clobber_stack();
    return 0;
}
