/* command.h - the verbs. Each takes the words after it, from `arguments[from]` on, and returns the exit status. */
#ifndef CASTAWAY_TOOLS_COMMAND_H
#define CASTAWAY_TOOLS_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

struct options;

int command_run(int count, char **arguments, int from);
int command_report(int count, char **arguments, int from);
int command_suppress(int count, char **arguments, int from);
int command_annotate(int count, char **arguments, int from);
int command_advise(int count, char **arguments, int from);
int command_diff(int count, char **arguments, int from);
int command_status(int count, char **arguments, int from);
int command_scan(int count, char **arguments, int from);
int command_why(int count, char **arguments, int from);
int command_doctor(int count, char **arguments, int from);
int command_completion(int count, char **arguments, int from);
int command_top(int count, char **arguments, int from);

void command_usage(FILE *file);

/* --help and --version of the verb that the options are of, on standard output; that of `run` tells all there is.
 * returns  whether one of them was asked for */
bool command_helps(const struct options *);

/* The table of verbs. */
struct command_verb {
    const char *name, *usage, *about;
    int (*run)(int count, char **arguments, int from);
    unsigned verb; /* of enum verb; 0: takes no option that only some verbs take */
};
/* The verb of a number; NULL: there are not as many. */
const struct command_verb *command_verb(size_t index);

#endif
