/* purpose: a filter that kills for a call that only scans while the program runs need: its forked child, too, is looked at in the
 *          end alone
 * expect: lost=1/40
 * child: lost=1/24
 */
#include "child.h"
#include "filter.h"

int main(void) {
    drop(40);
    if (filter_one(SYS_timer_create))
        return 1;
    int status = child_drops(24);
    clobber_stack();
    return status != 0;
}
