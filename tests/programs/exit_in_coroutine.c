/* purpose: exit called on a coroutine's stack: that stack counts from its pointer up, the thread's own stack still holds
 * expect: lost=1/80
 */
#include <sys/mman.h>
#include <ucontext.h>
#include "program.h"

enum { STACK = 512 << 10 };
static ucontext_t back, self;

static NOINLINE void drop_one(void) {
    NEW_BYTES(80);
}
static void body(void) {
    void *volatile held = NULL;

    drop_one();
    clobber_stack();
    held = NEW_BYTES(40);
    exit(0);
    opaque(held);
}

int main(void) {
    void *volatile held = NEW_BYTES(48);

    getcontext(&self);
    self.uc_stack = (stack_t){.ss_sp = NEW_BYTES(STACK), .ss_size = STACK};
    makecontext(&self, body, 0);
    swapcontext(&back, &self);
    opaque(held);
    return 1;
}
