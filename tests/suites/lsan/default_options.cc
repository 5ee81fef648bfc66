/* options that the program brings
 * run: | leaked=1/1337 stderr=SUMMARY
 */
#include <cstdlib>
extern "C" const char *__lsan_default_options() {
    return "verbosity=1 use_globals=0 use_stacks=0 use_registers=0 exitcode=23";
}
void *volatile global;
int main() {
    global = malloc(1337);
    return 0;
}
