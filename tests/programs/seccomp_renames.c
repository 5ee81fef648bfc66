/* purpose: a filter that kills who renames a file, as a scan does in the end: the program ends as it does without castaway
 * expect: any
 * status: 7
 */
#include "filter.h"
#include "program.h"

int main(void) {
    opaque(malloc(40));
    return filter_one(SYS_renameat2) ? 1 : 7;
}
