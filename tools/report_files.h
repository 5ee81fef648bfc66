/* report_files.h - recordings that a command line names: options and files in any order, folders for what is in them. */
#ifndef CASTAWAY_TOOLS_REPORT_FILES_H
#define CASTAWAY_TOOLS_REPORT_FILES_H

#include "options.h"
#include "report.h"

#include <stddef.h>

struct report_files {
    const char **paths;
    size_t count, capacity;
};

/* Read the options of the environment, then `arguments` from `from` on; behind `--` stand only files. The words that are
 * no options are kept as they are.
 *
 * returns  0, or -1 after a message */
int report_files_words(struct options *, struct report_files *words, int count, char **arguments, int from);

/* Add the file at `path`; a folder stands for the recordings in it. 0, or -1 after a message. */
int report_files_name(struct pool *, struct report_files *, const char *path);

/* Both: what the words name. */
int report_files_arguments(struct options *, struct report_files *, int count, char **arguments, int from);

/* Add all of them to a report, and keep copies if --output says so. 0, or -1 after a message. */
int report_files_add(const struct options *, const struct report_files *, struct report *);

#endif
