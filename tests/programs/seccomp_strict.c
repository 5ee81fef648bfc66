/* purpose: a filter that kills for nearly every system call: the program ends as it does without castaway
 * expect: any
 * status: 7
 */
#include "filter.h"
#include "program.h"

int main(void) {
    opaque(malloc(40));
    return filter_all_but(SYS_exit_group) ? 1 : 7;
}
