/* pointers kept as numbers
 * run: | clean
 */
#include <cstdint>
#include <cstdlib>
std::uintptr_t numbers[1024];
int main() {
    for (std::uintptr_t &each : numbers)
        each = reinterpret_cast<std::uintptr_t>(malloc(sizeof(int *)));
    return 0;
}
