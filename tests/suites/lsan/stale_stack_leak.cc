/* what a frame that has returned left on the stack holds nothing, and is still there afterwards
 * run: LSAN_OPTIONS=use_registers=0:use_stacks=1 | leaked=1/1337
 * run: | leaked=1/1337
 */
#include <cstdio>
#include <cstdlib>
static void *volatile *place;
[[gnu::noinline]] static void *leave_behind(void *pointer) {
    void *volatile locals[2048];
    locals[0] = pointer;
    place = &locals[0];
    fprintf(stderr, "%d\n", locals[0] != nullptr);
    return nullptr;
}
[[gnu::destructor]] static void look() {
    fprintf(stderr, "%d\n", place && *place);
}
int main() {
    leave_behind(malloc(1337));
    return 0;
}
