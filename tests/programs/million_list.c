/* purpose: a lost list of a million nodes needs no deep recursion
 * flags: -O2
 * expect: lost=1/16 lost_indirect=999999/15999984
 */
#include "list.h"

int main(void) {
    list_make(1000000);
    opaque(&head);
    head = NULL;
    clobber_stack();
    return 0;
}
