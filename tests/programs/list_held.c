/* purpose: a list that a static variable still holds is no leak
 * expect: reachable=10/160
 */
#include "list.h"

int main(void) {
    list_make(10);
    clobber_stack();
    opaque(&head);
    return 0;
}
