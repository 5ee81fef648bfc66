/* purpose: a filter that kills for what every scan needs: a forked child ends as it does without castaway
 * expect: any
 * status: 7
 */
#include "child.h"
#include "filter.h"

int main(void) {
    drop(40);
    if (filter_one(SYS_getpid))
        return 1;
    int status = child_drops(24);
    clobber_stack();
    return status ? 1 : 7;
}
