/* purpose: a list of a million nodes that is held is marked without deep recursion
 * flags: -O2
 * expect: reachable=1000000/16000000
 */
#include "list.h"

int main(void) {
    list_make(1000000);
    opaque(&head);
    clobber_stack();
    return 0;
}
