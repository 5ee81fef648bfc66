/* main.c - which verb is it?
 *
 * Start: the table of verbs; a first word that is none of them is a command to run. */
#include "command.h"
#include "message.h"
#include "options.h"
#include "suggest.h"
#include "target.h"

#include <stdlib.h>
#include <string.h>

static const struct command_verb verbs[] = {
    {"run", "[run] [OPTIONS] [--] CMD ARGS...", "Runs CMD; the report goes to standard error when it ends.",
     command_run, VERB_RUN},
    {"report", "report FILE.cast|FOLDER... [OPTIONS]",
     "Reads recordings that -o kept, or all of a folder, and writes one report of them.", command_report, 0},
    {"suppress", "suppress FILE.cast|FOLDER... [OPTIONS]", "Writes a suppression for each finding.", command_suppress,
     VERB_SUPPRESS},
    {"annotate", "annotate FILE.cast|FOLDER... [SOURCE] [OPTIONS]",
     "Writes the source with the bytes that each line allocated, keeps alive and lost.", command_annotate,
     VERB_ANNOTATE},
    {"advise", "advise FILE.cast|FOLDER... [OPTIONS]", "Tells what to do about allocations, what saves most first.",
     command_advise, VERB_ADVISE},
    {"diff", "diff OLD NEW [OPTIONS]",
     "Tells what is new, grown, shrunk, gone. OLD, NEW: recordings, folders, JSON reports.", command_diff, VERB_DIFF},
    {"status", "status PID [OPTIONS]",
     "Tells of a running program: its objects by generation, scans, pauses, suspects.", command_status, VERB_STATUS},
    {"scan", "scan PID [OPTIONS]",
     "Scans a running program now, again while there are suspects; shows what is confirmed.", command_scan, VERB_SCAN},
    {"why", "why PID|FILE ADDRESS|FINGERPRINT [OPTIONS]", "Tells the shortest way from a root to an object.",
     command_why, VERB_WHY},
    {"top", "top PID [OPTIONS]", "Shows what is alive and what grows, again and again; ? shows its keys.", command_top,
     VERB_TOP},
    {"doctor", "doctor [OPTIONS] [CMD]", "Tells what will and won't work here, or with CMD, and what to do about it.",
     command_doctor, VERB_DOCTOR},
    {"completion", "completion SHELL", "Writes the completion of bash or zsh.", command_completion, VERB_COMPLETION},
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

static void end_usage(FILE *file) {
    fputs("\nKINDS: lost, lost-indirect, cycle, possible, reachable, growing, dangling-weak, over-unref,\n"
          "  missing-unref, all, none\n"
          "Defaults: CASTAWAY_OPTIONS=key=value:key=value, with the same names.\n"
          "Exit status: the program's own if it failed; 0 nothing found; 23 findings; 125 castaway failed;\n"
          "126 CMD cannot be run; 127 CMD not found.\n",
          file);
}

void command_usage(FILE *file) {
    fputs("castaway finds the heap objects that a program can no longer reach, and the cycles among them.\n\n", file);
    for (size_t i = 0; i < VERB_COUNT; i++)
        fprintf(file, "%s castaway %s\n", i ? "      " : "usage:", verbs[i].usage);
    fputs("\n", file);
    options_help(file, VERBS_ALL);
    end_usage(file);
}

static void verb_usage(const struct command_verb *verb) {
    printf("usage: castaway %s\n%s `man castaway-%s` says more.\n\n", verb->usage, verb->about, verb->name);
    options_help(stdout, verb->verb);
    end_usage(stdout);
}

bool command_helps(const struct options *options) {
    size_t index = 0;
    while (options->verb != VERB_RUN && verbs[index].verb != options->verb)
        index++;
    if (options->help && index)
        verb_usage(&verbs[index]);
    else if (options->help)
        command_usage(stdout);
    else if (options->version)
        printf("castaway %s\n", CASTAWAY_VERSION);
    return options->help || options->version;
}

int main(int count, char **arguments) {
    if (count < 2) {
        command_usage(stderr);
        return EXIT_CASTAWAY_FAILED;
    }
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (!strcmp(arguments[1], verbs[i].name))
            return verbs[i].run(count, arguments, 2);
    return is_misspelt_verb(arguments[1]) ? EXIT_NOT_FOUND : command_run(count, arguments, 1);
}
