/* purpose: parent and child each drop an object of their own; what the child inherited is not the child's
 * expect: lost=2/64
 * child: lost=1/56
 */
#include "child.h"

int main(void) {
    drop(24);
    int status = child_drops(56);
    drop(40);
    clobber_stack();
    return status != 0;
}
