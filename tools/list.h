/* list.h - lists that are written in the source. */
#ifndef CASTAWAY_TOOLS_LIST_H
#define CASTAWAY_TOOLS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* Is the name one of the list? */
static inline bool list_has(const char *const *list, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(name, list[i]))
            return true;
    return false;
}

#endif
