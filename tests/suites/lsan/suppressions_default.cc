/* suppressions that the program brings
 * run: | leaked=1/1337
 */
#include <cstdio>
#include <cstdlib>
extern "C" const char *__lsan_default_suppressions() {
    return "leak:*leaveOne*";
}
void *leaveOne() {
    void *made = malloc(666);
    fprintf(stderr, "%p\n", made);
    return made;
}
int main() {
    *static_cast<void **>(leaveOne()) = malloc(777);
    fprintf(stderr, "%p\n", malloc(1337));
    return 0;
}
