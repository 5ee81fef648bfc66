/* a report that goes to a file, named by the process id
 * run: LSAN_OPTIONS=log_path=@dir@/log | leaked=1/1337
 */
#include <cstdio>
#include <cstdlib>
int main() {
    fprintf(stderr, "%p\n", malloc(1337));
    return 0;
}
