/* main.c - which verb is it?
 *
 * Start: the table of verbs; a first word that is none of them is a command to run. */
#include "command.h"
#include "message.h"
#include "options.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *usage;
    int (*run)(int count, char **arguments, int from);
} verbs[] = {
    {"run", "[run] [OPTIONS] [--] CMD ARGS...", command_run},
    {"report", "report FILE.cast|FOLDER... [OPTIONS]", command_report},
    {"suppress", "suppress FILE.cast|FOLDER... [OPTIONS]", command_suppress},
    {"diff", "diff OLD NEW [OPTIONS]", command_diff},
    {"status", "status PID [OPTIONS]", command_status},
    {"scan", "scan PID [OPTIONS]", command_scan},
    {"why", "why PID|FILE ADDRESS|FINGERPRINT [OPTIONS]", command_why},
    {"top", "top PID [OPTIONS]", command_top},
};

void command_version(FILE *file) {
    fprintf(file, "castaway %s\n", CASTAWAY_VERSION);
}

void command_usage(FILE *file) {
    fputs("castaway finds the heap objects that a program can no longer reach, and the cycles among them.\n\n", file);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        fprintf(file, "%s castaway %s\n", i ? "      " : "usage:", verbs[i].usage);
    fputs("\n", file);
    options_help(file);
    fputs("\nKINDS: lost, lost-indirect, cycle, possible, reachable, growing, all, none\n"
          "Defaults: CASTAWAY_OPTIONS=key=value:key=value, with the same names.\n"
          "Exit status: the program's own if it failed; 0 nothing found; 23 findings; 125 castaway failed;\n"
          "126 CMD cannot be run; 127 CMD not found.\n",
          file);
}

int main(int count, char **arguments) {
    setlocale(LC_CTYPE, "");
    if (count < 2) {
        command_usage(stderr);
        return EXIT_CASTAWAY_FAILED;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(arguments[1], verbs[i].name))
            return verbs[i].run(count, arguments, 2);
    return command_run(count, arguments, 1);
}
