/* purpose: a program that aborts dies of its signal under castaway too
 * expect: any
 * status: 134
 */
#include "program.h"

int main(void) {
    opaque(malloc(10));
    abort();
}
