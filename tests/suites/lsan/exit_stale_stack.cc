/* a frame that was dead before exit() was called, at many depths; and main's own when it returned
 * run: exit 64 | leaked=1/100
 * run: exit 80 | leaked=1/100
 * run: exit 160 | leaked=1/100
 * run: exit 384 | leaked=1/100
 * run: exit 416 | leaked=1/100
 * run: return 64 | leaked=1/100
 * run: return 160 | leaked=1/100
 * run: return 416 | leaked=1/100
 */
#include <cstdlib>
#include <cstring>
[[gnu::noinline]] static void leave_behind(int depth) {
    char *volatile area[64];
    area[63 - (depth - 8) / 8] = static_cast<char *>(malloc(100));
    __asm__ volatile("" : : "r"(area) : "memory");
}
int main(int, char **words) {
    if (strcmp(words[1], "exit") == 0) {
        leave_behind(atoi(words[2]));
        exit(0);
    }
    char *volatile area[64];
    area[63 - (atoi(words[2]) - 8) / 8] = static_cast<char *>(malloc(100));
    __asm__ volatile("" : : "r"(area) : "memory");
    return 0;
}
