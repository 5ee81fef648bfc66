/* a program that says at its end that it shall not be judged
 * run: | leaked=1/1337
 * run: off | status=0
 */
#include <cstdlib>
static int off;
extern "C" int __lsan_is_turned_off() {
    return off;
}
static void *volatile sink;
int main(int count, char **) {
    off = count > 1;
    sink = malloc(1337);
    sink = nullptr;
    return 0;
}
