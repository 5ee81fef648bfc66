/* purpose: limits asked for into memory that can't be written are an error, as without castaway
 * expect: lost=0/0
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "program.h"

static const int resources[] = {RLIMIT_STACK, RLIMIT_AS, RLIMIT_NOFILE};

static void ask(struct rlimit *place) {
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
        errno = 0;
        int result = getrlimit(resources[i], place);
        printf("%d %d\n", result, errno);
    }
}

int main(void) {
    struct rlimit *place = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct rlimit files = {0};

    ask(place);
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return 1;
    files.rlim_cur = 32;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        return 1;
    ask(place);
    return 0;
}
