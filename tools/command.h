/* command.h - the verbs. Each takes the words after it, from `arguments[from]` on, and returns the exit status. */
#ifndef CASTAWAY_TOOLS_COMMAND_H
#define CASTAWAY_TOOLS_COMMAND_H

#include <stdio.h>

int command_run(int count, char **arguments, int from);
int command_report(int count, char **arguments, int from);
int command_suppress(int count, char **arguments, int from);
int command_diff(int count, char **arguments, int from);
int command_status(int count, char **arguments, int from);
int command_scan(int count, char **arguments, int from);
int command_why(int count, char **arguments, int from);
int command_top(int count, char **arguments, int from);

/* --help and --version of every verb; all go to `file`. */
void command_usage(FILE *file);
void command_version(FILE *file);

#endif
