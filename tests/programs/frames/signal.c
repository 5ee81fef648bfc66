/* In a signal handler: raised by a call, by a fault in the middle of a function, and on an alternate stack. */
#include "frames.h"

#include <signal.h>
#include <sys/mman.h>

static size_t next_size = 1001;
static char *page;
static char alternate[65536];

static NOINLINE void drop_recorded(void) {
    DROP_RECORDED(next_size);
    next_size++;
}
static void on_signal(int number) {
    (void)number;
    drop_recorded();
    __asm__ volatile("");
}
static void on_fault(int number) {
    drop_recorded();
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
    (void)number;
}
static NOINLINE int fault(int depth) {
    volatile char area[200];

    area[depth] = (char)depth;
    if (depth > 0)
        return fault(depth - 1) + area[depth];
    return *(volatile char *)page + area[depth];
}

int main(void) {
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    struct sigaction action = {.sa_handler = on_signal},
                     on_alternate = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};

    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaltstack(&stack, NULL);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGSEGV, &on_alternate, NULL);
    raise(SIGUSR1);
    fault(3);
    memset(alternate, 0, sizeof alternate);
    clobber_stack();
    return 0;
}
