/* nofork.c - the only pointer to an object stands in memory that the program keeps from its children; a child must not see
 * that memory, during scans or after. Exit status: 0, or 1 when a child saw it. */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../programs/program.h"

enum { PAGE = 4096, CHILDREN = 30 };

/* In a child the page is not mapped: write() can't read it. */
static int sees(const void *page) {
    int ends[2];
    return pipe(ends) == 0 && write(ends[1], page, 1) == 1;
}

int main(void) {
    void **page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(page, PAGE, MADV_DONTFORK);
    page[0] = NEW_BYTES(100);
    clobber_stack();
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            _exit(sees(page));
        usleep(20000);
        if (waitpid(child, &status, 0) != child || status != 0)
            return 1;
    }
    return 0;
}
