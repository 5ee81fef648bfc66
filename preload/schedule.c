/* schedule.c - see the header.
 *
 * Owns:    nothing: struct schedule is live.c's.
 * Never:   begins a scan: it says only whether one is due, and of what.
 * Runs in: constructor; schedule_is_due() in hooks, schedule_generation() anywhere.
 * Start:   schedule_parse(), schedule_is_due(). */
#include "schedule.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "clock.h"
#include "interrupt.h"

enum { OLD_SHARE = 4, NUMBER_MAX = 1000000000 };

static const struct schedule DEFAULTS = {
    .thresholds = {INTERRUPT_IS_HIDDEN ? 50000 : 0, 10, 10},
    .bytes = 16 << 20,
    .apart_us = 10000000,
    .confirm = 2,
    .control = INTERRUPT_IS_HIDDEN,
};

/* A decimal number up to NUMBER_MAX; moves *text behind it. returns 0, or -1: none. */
static int parse_number(const char **text, unsigned *out) {
    const char *first = *text;
    uint64_t value = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++)
        if ((value = value * 10 + (unsigned)(**text - '0')) > NUMBER_MAX)
            return -1;
    *out = (unsigned)value;
    return *text > first ? 0 : -1;
}

void schedule_set(struct schedule *schedule, const unsigned thresholds[3]) {
    memcpy(schedule->thresholds, thresholds, sizeof schedule->thresholds);
    schedule->bytes = INT64_MAX;
    schedule->apart_us = 0;
}

static int parse_thresholds(const char *text, struct schedule *out) {
    unsigned values[3];
    for (int i = 0; i < 3; i++) {
        if (parse_number(&text, &values[i]) != 0 || *text != (i < 2 ? ',' : 0))
            return -1;
        text++;
    }
    schedule_set(out, values);
    return 0;
}

/* 10s, 500ms, 2m, 1h; a bare number is seconds. */
static int parse_duration(const char *text, struct schedule *out) {
    static const struct {
        const char *unit;
        int64_t us;
    } units[] = {{"", 1000000}, {"s", 1000000}, {"ms", 1000}, {"m", 60000000}, {"min", 60000000}, {"h", 3600000000}};
    unsigned value;
    if (parse_number(&text, &value) != 0 || value == 0)
        return -1;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(text, units[i].unit) == 0) {
            out->every_us = value * units[i].us;
            return 0;
        }
    return -1;
}

static int parse_confirm(const char *text, struct schedule *out) {
    unsigned value;
    if (parse_number(&text, &value) != 0 || *text || value == 0 || value > 1000)
        return -1;
    out->confirm = value;
    return 0;
}

static int parse_signal(const char *text, struct schedule *out) {
    static const struct {
        const char *name;
        int number;
    } names[] = {{"HUP", SIGHUP}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"WINCH", SIGWINCH},
                 {"URG", SIGURG}, {"PWR", SIGPWR},   {"QUIT", SIGQUIT}};
    if (strncmp(text, "SIG", 3) == 0)
        text += 3;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i].name) == 0) {
            out->signal = names[i].number;
            return 0;
        }
    unsigned value;
    if (parse_number(&text, &value) != 0 || *text || value == 0 || value >= 64 || value == SIGKILL ||
        value == SIGSTOP || value == 32 || value == 33)
        return -1;
    out->signal = (int)value;
    return 0;
}

static int parse_control(const char *text, struct schedule *out) {
    out->control = strcmp(text, "no") != 0;
    return out->control && strcmp(text, "yes") != 0 ? -1 : 0;
}

const char *schedule_parse(const struct options *options, struct schedule *out) {
    const struct {
        const char *key, *value;
        int (*parse)(const char *, struct schedule *);
    } keys[] = {
        {"thresholds", options->thresholds, parse_thresholds}, {"scan-every", options->scan_every, parse_duration},
        {"confirm", options->confirm, parse_confirm},          {"scan-signal", options->scan_signal, parse_signal},
        {"control", options->control, parse_control},
    };
    const char *wrong = NULL;
    *out = DEFAULTS;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i].value[0] && keys[i].parse(keys[i].value, out) != 0)
            wrong = keys[i].key;
    return wrong;
}

int schedule_is_due(const struct schedule *schedule, int64_t objects, int64_t bytes, int64_t last_us) {
    if (!schedule->thresholds[0] || (objects <= schedule->thresholds[0] && bytes <= schedule->bytes))
        return 0;
    return !schedule->apart_us || clock_us() - last_us >= schedule->apart_us;
}

unsigned schedule_generation(const struct schedule *schedule, const unsigned since[2], uint64_t old, uint64_t old_new) {
    if (since[0] < schedule->thresholds[1])
        return 0;
    if (since[1] < schedule->thresholds[2] || old_new < old / OLD_SHARE)
        return 1;
    return 2;
}
