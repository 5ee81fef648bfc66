/* main.c - which verb is it?
 *
 * Start: the table of verbs; a first word that is none of them is a command to run. */
#include "command.h"
#include "message.h"
#include "options.h"
#include "suggest.h"
#include "target.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static const struct command_verb verbs[] = {
    {"run", "[run] [OPTIONS] [--] CMD ARGS...", command_run, VERB_RUN},
    {"report", "report FILE.cast|FOLDER... [OPTIONS]", command_report, 0},
    {"suppress", "suppress FILE.cast|FOLDER... [OPTIONS]", command_suppress, VERB_SUPPRESS},
    {"annotate", "annotate FILE.cast|FOLDER... [SOURCE] [OPTIONS]", command_annotate, VERB_ANNOTATE},
    {"advise", "advise FILE.cast|FOLDER... [OPTIONS]", command_advise, VERB_ADVISE},
    {"diff", "diff OLD NEW [OPTIONS]", command_diff, VERB_DIFF},
    {"status", "status PID [OPTIONS]", command_status, VERB_STATUS},
    {"scan", "scan PID [OPTIONS]", command_scan, VERB_SCAN},
    {"why", "why PID|FILE ADDRESS|FINGERPRINT [OPTIONS]", command_why, VERB_WHY},
    {"top", "top PID [OPTIONS]", command_top, VERB_TOP},
    {"doctor", "doctor [OPTIONS] [CMD]", command_doctor, VERB_DOCTOR},
    {"completion", "completion SHELL", command_completion, VERB_COMPLETION},
};

enum { VERB_COUNT = sizeof verbs / sizeof *verbs };

const struct command_verb *command_verb(size_t index) {
    return index < VERB_COUNT ? &verbs[index] : NULL;
}

static const char *verb_name(size_t index) {
    return index < VERB_COUNT ? verbs[index].name : NULL;
}

/* A word that is no verb is a command; one that is neither may have been meant as a verb. */
static bool is_misspelt_verb(const char *word) {
    struct pool pool = {0};
    const char *near = strpbrk(word, "/-") ? NULL : suggest(word, strlen(word), verb_name);
    bool misspelt = near && !target_is_command(&pool, word);
    if (misspelt)
        message_error("%s: neither a verb nor a command in PATH; did you mean `castaway %s`?", word, near);
    pool_free(&pool);
    return misspelt;
}

void command_usage(FILE *file) {
    fputs("castaway finds the heap objects that a program can no longer reach, and the cycles among them.\n\n", file);
    for (size_t i = 0; i < VERB_COUNT; i++)
        fprintf(file, "%s castaway %s\n", i ? "      " : "usage:", verbs[i].usage);
    fputs("\n", file);
    options_help(file);
    fputs("\nKINDS: lost, lost-indirect, cycle, possible, reachable, growing, dangling-weak, over-unref,\n"
          "  missing-unref, all, none\n"
          "Defaults: CASTAWAY_OPTIONS=key=value:key=value, with the same names.\n"
          "Exit status: the program's own if it failed; 0 nothing found; 23 findings; 125 castaway failed;\n"
          "126 CMD cannot be run; 127 CMD not found.\n",
          file);
}

bool command_helps(const struct options *options) {
    if (options->help)
        command_usage(stdout);
    else if (options->version)
        printf("castaway %s\n", CASTAWAY_VERSION);
    return options->help || options->version;
}

int main(int count, char **arguments) {
    setlocale(LC_CTYPE, "");
    if (count < 2) {
        command_usage(stderr);
        return EXIT_CASTAWAY_FAILED;
    }
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (!strcmp(arguments[1], verbs[i].name))
            return verbs[i].run(count, arguments, 2);
    return is_misspelt_verb(arguments[1]) ? EXIT_NOT_FOUND : command_run(count, arguments, 1);
}
