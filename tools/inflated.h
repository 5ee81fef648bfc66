/* inflated.h - a file with compressed debug information, as it would be without the compression.
 *
 * libdw inflates all that a file has by zlib when it is first asked for anything. This takes a third of the time: by
 * libdeflate, and without what is never asked for. */
#ifndef CASTAWAY_TOOLS_INFLATED_H
#define CASTAWAY_TOOLS_INFLATED_H

#include <stdbool.h>
#include <stddef.h>

/* An ELF file in memory that has the debug information of the file and nothing else. */
struct inflated {
    char *bytes; /* NULL: none */
    size_t size;
    bool lacks_room; /* none: a limit on memory leaves too little, for libdw, too, if the file has debug information */
};

/* false: nothing of the file is compressed, or it is in a way that libdw may know and this does not, or it lacks room. */
bool inflated_open(struct inflated *, const char *path);
void inflated_close(struct inflated *);

#endif
