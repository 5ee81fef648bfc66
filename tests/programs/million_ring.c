/* purpose: a lost ring of a million nodes, linked one way: the smallest cycle in it has a million objects
 * flags: -O2
 * expect: cycle=1000000/16000000
 * cycle_findings: 1
 */
#include "list.h"

int main(void) {
    list_make(1000000)->next = head;
    opaque(&head);
    head = NULL;
    clobber_stack();
    return 0;
}
