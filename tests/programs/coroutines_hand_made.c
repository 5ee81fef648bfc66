/* purpose: coroutines without the C library's help, on stacks from malloc and from mmap: a suspended one holds what stands on
 *          its stack and in its saved registers; one that has ended or was dropped holds nothing; exit in one of them leaves
 *          main suspended, and what main holds is held
 * expect: lost=2/65584 lost_indirect=1/40
 */
#include <stdint.h>
#include <sys/mman.h>
#include "program.h"

enum { STACK = 65536 };

struct coroutine {
    void *sp, *stack;
};
static struct coroutine main_one, mallocked, mapped, ended, leaver;

/* Save what a call must keep on the stack at hand, go on on the other. */
void switch_to(void **from, void *to);
#if defined(__x86_64__)
__asm__(".text\n.globl switch_to\nswitch_to:\n"
        "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
        "mov %rsp, (%rdi)\nmov %rsi, %rsp\n"
        "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n");
#endif

static void prepare(struct coroutine *self, void *stack, void (*body)(void)) {
    uintptr_t *top = (uintptr_t *)((char *)stack + STACK) - 1;

    *--top = (uintptr_t)body;
    for (int i = 0; i < 6; i++)
        *--top = 0;
    self->sp = top;
    self->stack = stack;
}

/* On its stack. */
static void holds(void) {
    void *volatile held = NEW_BYTES(40);

    switch_to(&mallocked.sp, main_one.sp);
    opaque(held);
    abort();
}
/* In a register that a call must keep: the switch saves it. */
static void holds_in_register(void) {
    register void *held __asm__("r12") = NEW_BYTES(56);

    __asm__ volatile("" : "+r"(held));
    switch_to(&mapped.sp, main_one.sp);
    __asm__ volatile("" : "+r"(held));
    abort();
}
/* Drops what it had, and never comes back. */
static void ends(void) {
    drop(48);
    clobber_stack();
    switch_to(&ended.sp, main_one.sp);
}
static struct coroutine dropped;
static void is_dropped(void) {
    void *volatile held = NEW_BYTES(40);

    switch_to(&dropped.sp, main_one.sp);
    opaque(held);
    abort();
}
static void leaves(void) {
    exit(0);
}

static void *map_stack(void) {
    return mmap(NULL, STACK * 4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static NOINLINE void run_all(void) {
    prepare(&mallocked, NEW_BYTES(STACK), holds);
    switch_to(&main_one.sp, mallocked.sp);
    prepare(&mapped, map_stack(), holds_in_register);
    switch_to(&main_one.sp, mapped.sp);
    prepare(&ended, (char *)map_stack() + 3 * STACK, ends); /* room for what it overwrites */
    switch_to(&main_one.sp, ended.sp);
    prepare(&dropped, NEW_BYTES(STACK), is_dropped);
    switch_to(&main_one.sp, dropped.sp);
    memset(&dropped, 0, sizeof dropped);
}

int main(void) {
    void *volatile held = NEW_BYTES(72);

    run_all();
    clobber_stack();
    prepare(&leaver, map_stack(), leaves);
    switch_to(&main_one.sp, leaver.sp);
    opaque(held);
    return 1;
}
