/* completion.h - scripts that let a shell complete castaway's words. */
#ifndef CASTAWAY_TOOLS_COMPLETION_H
#define CASTAWAY_TOOLS_COMPLETION_H

#include <stdbool.h>
#include <stdio.h>

/* Write the script for `shell`. false: there is none for it */
bool completion_write(FILE *, const char *shell);

#endif
