/* debug_info.h - where the debug information of a module is, and how it is read. */
#ifndef CASTAWAY_TOOLS_DEBUG_INFO_H
#define CASTAWAY_TOOLS_DEBUG_INFO_H

#include "inflated.h"

#include <elfutils/libdwfl.h>
#include <stdbool.h>

/* What libdwfl asks of those who read files that no process runs. */
extern const Dwfl_Callbacks debug_info_callbacks;

/* A module again, with the debug information alone; made when that is first asked for. */
struct debug_info {
    bool is_open;
    Dwfl_Module *module; /* the one that it is of, where that may be read as it is; NULL: file.lacks_room */
    Dwfl *session;
    struct inflated file;
};

/* The module to ask for what `module` is made of, or NULL. Its addresses are those of `module`. */
Dwfl_Module *debug_info_open(struct debug_info *, Dwfl_Module *module);
void debug_info_close(struct debug_info *);

#endif
