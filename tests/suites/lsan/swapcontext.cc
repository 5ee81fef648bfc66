/* a context that ran on a stack of its own, of the heap or a local array, and left an object
 * run: heap | leaked=1/2664
 * run: local | leaked=1/2664
 */
#include <cstring>
#include <ucontext.h>
enum { SIZE = 1 << 18 };
static void context_run() {
    int *volatile left = new int[666];
    (void)left;
}
int main(int, char **words) {
    static ucontext_t here, other;
    char local[SIZE];
    char *heap = new char[SIZE];
    getcontext(&other);
    other.uc_stack.ss_sp = strcmp(words[1], "heap") ? local : heap;
    other.uc_stack.ss_size = SIZE;
    other.uc_link = &here;
    makecontext(&other, context_run, 0);
    if (swapcontext(&here, &other))
        return 1;
    memset(local, 0, sizeof local);
    __asm__ volatile("" : : "r"(local) : "memory");
    delete[] heap;
    return 0;
}
