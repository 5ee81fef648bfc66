/* purpose: what destructors and exit handlers free, and what a static object held until then, is no leak
 * expect: lost=0/0
 */
#include <map>
#include <string>
#include <vector>
#include "program.h"

static std::map<std::string, std::vector<int>> table;
static char *buffer;

static __attribute__((destructor)) void buffer_free() {
    free(buffer);
}

int main() {
    for (int i = 0; i < 100; i++)
        table["a rather long key number " + std::to_string(i)] = std::vector<int>(50);
    buffer = static_cast<char *>(NEW_BYTES(100));
    clobber_stack();
    return 0;
}
