/* purpose: stacks of coroutines, from malloc and from mmap, hold what stands on them; a coroutine that is dropped takes its
 *          stack and what that holds along
 * expect: lost=1/65536 lost_indirect=1/40
 */
#include <sys/mman.h>
#include <ucontext.h>
#include "program.h"

enum { STACK = 65536 };
static ucontext_t back, mallocked, mapped, dropped;

static void body(void) {
    void *volatile held = NEW_BYTES(40);

    for (;;) {
        ucontext_t *self = opaque(back.uc_link);
        swapcontext(self, &back);
        opaque(held);
    }
}
static NOINLINE void coroutine_start(ucontext_t *self, void *stack) {
    getcontext(self);
    self->uc_stack = (stack_t){.ss_sp = stack, .ss_size = STACK};
    makecontext(self, body, 0);
    back.uc_link = self;
    swapcontext(&back, self);
}
static NOINLINE void coroutines_make(void) {
    coroutine_start(&mallocked, NEW_BYTES(STACK));
    coroutine_start(&mapped, mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    coroutine_start(&dropped, NEW_BYTES(STACK));
    memset(&dropped, 0, sizeof dropped);
    memset(&back, 0, sizeof back);
}

int main(void) {
    coroutines_make();
    opaque(&mallocked);
    opaque(&mapped);
    opaque(&dropped);
    clobber_stack();
    return 0;
}
