/* thread-specific values hold objects: of the first keys, and of later ones, whose table glibc allocates
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_tls=0 1 | leaked=1/1337
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_tls=1 1 | clean
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_tls=0 300 | leaked=2/1849
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_tls=1 300 | clean
 * run: 300 | clean
 */
#include <cstdlib>
#include <pthread.h>
int main(int, char **words) {
    pthread_key_t key = 0;
    for (int i = atoi(words[1]); i > 0; i--)
        pthread_key_create(&key, nullptr);
    return pthread_setspecific(key, malloc(1337));
}
