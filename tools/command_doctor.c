/* command_doctor.c - `castaway doctor [CMD]`: what will and won't work here, told before a run.
 *
 * Start: command_doctor(). */
#include "command.h"
#include "doctor.h"
#include "escape.h"
#include "json.h"
#include "message.h"
#include "options.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

static const char *const words[] = {[FINE] = "ok", [LIMITED] = "limited", [FAILS] = "fails"};

void doctor_say(struct doctor *doctor, enum verdict verdict, const char *about, const char *found, const char *remedy) {
    doctor->diagnoses =
        pool_grow(doctor->pool, doctor->diagnoses, doctor->count, &doctor->capacity, sizeof *doctor->diagnoses);
    doctor->diagnoses[doctor->count++] =
        (struct diagnosis){.verdict = verdict, .about = about, .found = found, .remedy = remedy};
}

static void write_text(FILE *file, const struct doctor *doctor, const struct view *view) {
    static const char *const colors[] = {[FINE] = "\033[32m", [LIMITED] = "\033[33m", [FAILS] = "\033[1;31m"};
    for (size_t i = 0; i < doctor->count; i++) {
        const struct diagnosis *diagnosis = &doctor->diagnoses[i];
        fprintf(file, "%s%-8s%s %-16s ", view->color ? colors[diagnosis->verdict] : "", words[diagnosis->verdict],
                view->color ? "\033[0m" : "", diagnosis->about);
        escape_write(file, diagnosis->found, view->utf8);
        fputc('\n', file);
        if (!diagnosis->remedy)
            continue;
        fprintf(file, "%-26s", "");
        escape_write(file, diagnosis->remedy, view->utf8);
        fputc('\n', file);
    }
}

static void write_json(FILE *file, const struct doctor *doctor) {
    json_t *list = json_array();
    for (size_t i = 0; i < doctor->count; i++) {
        const struct diagnosis *diagnosis = &doctor->diagnoses[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o}", "verdict", words[diagnosis->verdict], "about",
                                              diagnosis->about, "found", json_text(doctor->pool, diagnosis->found),
                                              "remedy", json_text(doctor->pool, diagnosis->remedy)));
    }
    json_put(file, json_pack("{s:s, s:i, s:o}", "format", "castaway-doctor", "version", 1, "diagnoses", list));
}

static void write_doctor(FILE *file, const void *content, enum format format, const struct view *view) {
    if (format == FORMAT_JSON)
        write_json(file, content);
    else
        write_text(file, content, view);
}

static int examine(struct options *options, const char *command) {
    struct doctor doctor = {.pool = options->pool};
    int status = EXIT_CLEAN;
    doctor_machine(&doctor);
    if (command)
        doctor_program(&doctor, command);
    for (size_t i = 0; i < doctor.count; i++)
        if (doctor.diagnoses[i].verdict == FAILS)
            status = EXIT_CASTAWAY_FAILED;
    return output_each(options, 0, write_doctor, &doctor, stdout) ? EXIT_CASTAWAY_FAILED : status;
}

int command_doctor(int count, char **arguments, int from) {
    struct pool pool = {0};
    struct options options;
    int status = EXIT_CASTAWAY_FAILED;
    if (from < count && !strcmp(arguments[from], DOCTOR_TRIAL))
        return doctor_trial();
    options_init(&options, &pool);
    options.verb = VERB_DOCTOR;
    int command = options_arguments(&options, count, arguments, from);
    if (command < 0)
        goto out;
    if (command_helps(&options)) {
        status = EXIT_CLEAN;
    } else if (!output_check(&options)) {
        status = examine(&options, command < count ? arguments[command] : NULL);
    }
out:
    pool_free(&pool);
    return status;
}
