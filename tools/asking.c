/* asking.c - what the verbs that ask a running program have in common.
 *
 * Start: asking_begin(). */
#include "asking.h"

#include "command.h"
#include "escape.h"
#include "message.h"
#include "output.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *usage_of(struct pool *pool, const char *verb, const char *const *names, size_t count) {
    const char *usage = verb;
    for (size_t i = 0; i < count; i++)
        usage = pool_printf(pool, "%s %s", usage, names[i]);
    return usage;
}

static int take_words(struct asking *asking, int count, char **arguments, int from, const char *const *names,
                      size_t name_count) {
    const char *verb = arguments[from - 1];
    size_t taken = 0;
    bool only_words = false;
    while (from < count) {
        int next = only_words ? from : options_arguments(&asking->options, count, arguments, from);
        if (next < 0)
            return -1;
        only_words |= next > from && !strcmp(arguments[next - 1], "--");
        from = next;
        if (from >= count)
            break;
        if (taken == name_count) {
            message_error("%s: `%s` is too much; `castaway %s`", verb, arguments[from],
                          usage_of(&asking->pool, verb, names, name_count));
            return -1;
        }
        asking->words[taken++] = arguments[from++];
    }
    if (taken == name_count || asking->options.help || asking->options.version)
        return 0;
    message_error("%s: %s is missing; `castaway %s`", verb, names[taken],
                  usage_of(&asking->pool, verb, names, name_count));
    return -1;
}

int asking_begin(struct asking *asking, enum verb verb, int count, char **arguments, int from, const char *const *names,
                 size_t name_count, int *status) {
    *asking = (struct asking){.control = {.folder = -1, .reply = -1}};
    *status = EXIT_CASTAWAY_FAILED;
    options_init(&asking->options, &asking->pool);
    asking->options.verb = verb;
    if (options_environment(&asking->options, getenv("CASTAWAY_OPTIONS")))
        return -1;
    if (asking->options.destinations_from_environment) /* they are for the report at exit */
        asking->options.destination_count = 0;
    if (take_words(asking, count, arguments, from, names, name_count))
        return -1;
    if (command_helps(&asking->options)) {
        *status = EXIT_CLEAN;
        return -1;
    }
    return output_check(&asking->options);
}

void asking_end(struct asking *asking) {
    recording_close(&asking->recording);
    control_close(&asking->control);
    pool_free(&asking->pool);
}

pid_t asking_pid(const char *word) {
    char *end;
    errno = 0;
    long pid = strtol(word, &end, 10);
    return *word >= '0' && *word <= '9' && !*end && !errno && pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
}

static int tell(const struct asking *asking) {
    if (asking->control.error)
        message_error("%s", asking->control.error);
    return -1;
}

int asking_open(struct asking *asking, const char *word) {
    pid_t pid = asking_pid(word);
    if (!pid) {
        message_error("`%s` is not a process id", word);
        return -1;
    }
    return control_open(&asking->control, &asking->pool, pid, asking->options.timeout_ms) ? tell(asking) : 0;
}

int asking_ask(struct asking *asking, const char *request) {
    static const char *const refused[] = {"refused"};
    recording_close(&asking->recording);
    if (control_ask(&asking->control, request, &asking->pool, &asking->recording))
        return tell(asking);
    return asking_refused(asking, refused, 1);
}

int asking_refused(const struct asking *asking, const char *const *codes, size_t count) {
    static const struct {
        const char *code, *text;
    } texts[] = {
#define X(name, code, text) {code, text},
        NOTES(X)
#undef X
    };
    for (size_t i = 0; i < count; i++) {
        const struct rec_note *note = control_note(&asking->recording, codes[i]);
        if (!note)
            continue;
        const char *text = codes[i];
        for (size_t j = 0; j < sizeof texts / sizeof *texts; j++)
            if (!strcmp(texts[j].code, codes[i]))
                text = texts[j].text;
        message_error("process %d: %s%s%s%s", (int)asking->control.watched.pid, text, *note->detail ? " (" : "",
                      note->detail, *note->detail ? ")" : "");
        return -1;
    }
    return 0;
}

void asking_lacks(const struct asking *asking, const char *what) {
    static const char *const why[] = {"scans-skipped", "scan-failed"};
    if (!asking_refused(asking, why, sizeof why / sizeof *why))
        message_error("the answer of process %d holds no %s", (int)asking->control.watched.pid, what);
}

const char *asking_program(struct pool *pool, const struct asking *asking, bool utf8) {
    const struct recording *recording = &asking->recording;
    return pool_printf(pool, "%s[%d]", escape_text(pool, recording->argc ? recording->argv[0] : "?", utf8),
                       (int)asking->control.watched.pid);
}
