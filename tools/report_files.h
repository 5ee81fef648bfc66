/* report_files.h - the verbs over recordings: options and files in any order, folders for what is in them. */
#ifndef CASTAWAY_TOOLS_REPORT_FILES_H
#define CASTAWAY_TOOLS_REPORT_FILES_H

#include "options.h"
#include "report.h"

#include <stddef.h>

struct report_files {
    const char **paths;
    size_t count, capacity;
};

/* A verb over recordings: read the options of the environment, then `arguments` from `from` on; behind `--` stand only
 * files. --help and --version are answered, else `act` gets the words that are no options, as they are.
 *
 * returns  the exit status: that of `act`, if it was called */
int report_files_verb(enum verb verb, int count, char **arguments, int from,
                      int (*act)(struct options *, const struct report_files *words));

/* Add the file at `path`; a folder stands for the recordings in it. 0, or -1 after a message. */
int report_files_name(struct pool *, struct report_files *, const char *path);

/* Add what each of the words names. 0, or -1 after a message, which is `none` where there is no word. */
int report_files_named(struct pool *, struct report_files *, const struct report_files *words, const char *none);

/* Add all of them to a report, and keep copies if --output says so. 0, or -1 after a message. */
int report_files_add(const struct options *, const struct report_files *, struct report *);

#endif
