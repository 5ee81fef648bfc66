/* a large thread-local array of a module that dlopen() brought holds an object. (Both tools know glibc's block by its stack
 * and leave it out, with what hangs from it)
 * so: use_tls_dynamic.so.c
 * run: CASTAWAY_OPTIONS=default-suppressions=no LSAN_OPTIONS=use_stacks=0:use_registers=0:use_tls=0 @so@ | leaked=2/1049913
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_tls=1 @so@ | clean
 * run: @so@ | clean
 */
#include <cstdlib>
#include <dlfcn.h>
#include <string>
int main(int, char **words) {
    std::string path = words[1];
    void *module = dlopen(path.c_str(), RTLD_LAZY);
    auto store = reinterpret_cast<void **(*)(void *)>(module ? dlsym(module, "store") : nullptr);
    return !store || !*store(malloc(1337));
}
