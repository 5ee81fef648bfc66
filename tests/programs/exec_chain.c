/* purpose: a program that becomes another three times: each of the four is judged, and what it hands over is held until then
 * run: 3
 * expect: lost=4/406
 * finding: kind=lost objects=4 bytes=406 frame=drop
 */
#include <stdio.h>
#include <unistd.h>
#include "program.h"

/* Nothing but the call itself still has the list and the words in it. */
static NOINLINE void become_next(const char *self, int left) {
    char **arguments = NEW_BYTES(3 * sizeof *arguments);

    arguments[0] = opaque(strdup(self));
    arguments[1] = NEW_BYTES(16);
    snprintf(arguments[1], 16, "%d", left);
    if (left % 2)
        execv(arguments[0], arguments);
    else
        execvp(arguments[0], arguments);
}

int main(int count, char **words) {
    int left = count > 1 ? atoi(words[1]) : 0;

    drop(100 + (size_t)left);
    clobber_stack();
    if (left > 0)
        become_next(words[0], left - 1);
    return left;
}
