/* options_live.c - options of scans while the program runs: checked before anything starts.
 *
 * Start: the setters of the header. */
#include "options_live.h"

#include "list.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
    DURATION_MS_MAX = 24 * 60 * 60 * 1000,
    INTERVAL_MS_MIN = 100,
    THRESHOLD_MAX = 1000000000,
    CONFIRM_MAX = 1000,
    GENERATION_MAX = 2,
};

/* ---- values ---- */

/* A decimal number at `text`, without sign or blank. Moves `text` behind it; false: there is none, or beyond `max`. */
static bool take_number(const char **text, long max, long *number) {
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    *number = strtol(*text, &end, 10);
    *text = end;
    return !errno && *number <= max;
}

/* Milliseconds of `500ms`, `10s`, `2m`, `1h`; a number alone is seconds. */
static bool parse_duration(const char *text, int least_ms, int *ms) {
    static const struct {
        const char *name;
        long ms;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"min", 60 * 1000}, {"h", 60 * 60 * 1000}};
    long number;
    if (!take_number(&text, DURATION_MS_MAX, &number))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcmp(text, units[i].name) && number <= DURATION_MS_MAX / units[i].ms) {
            *ms = (int)(number * units[i].ms);
            return *ms >= least_ms;
        }
    return false;
}

static int set_duration(int *ms, int least_ms, const char *value, const char *spelling) {
    if (parse_duration(value, least_ms, ms))
        return 0;
    return option_bad_value(spelling, value,
                            least_ms > 1 ? "a duration from 100ms to 24h, such as 500ms, 10s or 2m"
                                         : "a duration from 1ms to 24h, such as 500ms, 10s or 2m");
}

int option_hand_on(struct options *options, const char *key, const char *value) {
    options->library_options = pool_printf(options->pool, "%s:%s=%s", options->library_options, key, value);
    return 0;
}

/* ---- for the library ---- */

int set_scan_every(struct options *options, const char *value, const char *spelling) {
    int ms;
    if (set_duration(&ms, 1, value, spelling))
        return -1;
    return option_hand_on(options, "scan-every", pool_printf(options->pool, "%dms", ms));
}

int set_thresholds(struct options *options, const char *value, const char *spelling) {
    const char *at = value;
    for (int i = 0; i < 3; i++) {
        long number;
        if (!take_number(&at, THRESHOLD_MAX, &number) || !number || *at != (i < 2 ? ',' : '\0'))
            return option_bad_value(spelling, value,
                                    "three numbers from 1 to 1000000000 with commas between them, such as 50000,10,10");
        at += *at == ',';
    }
    return option_hand_on(options, "thresholds", value);
}

int set_confirm(struct options *options, const char *value, const char *spelling) {
    int scans;
    if (option_number(&scans, value, 1, CONFIRM_MAX, spelling))
        return -1;
    return option_hand_on(options, "confirm", pool_printf(options->pool, "%d", scans));
}

/* Those that programs leave to their users, and real-time ones; a number is passed on for these. */
int set_scan_signal(struct options *options, const char *value, const char *spelling) {
    static const char *const names[] = {"USR1", "USR2", "HUP", "WINCH", "URG", "PWR", "QUIT"};
    const char *name = strncmp(value, "SIG", 3) ? value : value + 3;
    long number;
    if (list_has(names, COUNT(names), name))
        return option_hand_on(options, "scan-signal", name);
    if (!strncmp(name, "RTMIN+", 6)) {
        name += 6;
        if (take_number(&name, SIGRTMAX - SIGRTMIN, &number) && number && !*name)
            return option_hand_on(options, "scan-signal", pool_printf(options->pool, "%ld", SIGRTMIN + number));
    }
    return option_bad_value(spelling, value,
                            "a signal to scan at: USR1, USR2, HUP, WINCH, URG, PWR, QUIT, RTMIN+1 to RTMIN+30");
}

int set_control(struct options *options, const char *value, const char *spelling) {
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        return option_bad_value(spelling, value, "yes or no");
    return option_hand_on(options, "control", value);
}

int set_dirty_pages(struct options *options, const char *value, const char *spelling) {
    static const char *const methods[] = {"auto", "pagemap-scan", "soft-dirty", "exclusive", "read-all"};
    if (list_has(methods, COUNT(methods), value))
        return option_hand_on(options, "dirty-pages", value);
    return option_bad_value(spelling, value, "auto, pagemap-scan, soft-dirty, exclusive or read-all");
}

int set_audit_live(struct options *options, const char *value, const char *spelling) {
    bool wanted;
    if (option_flag(&wanted, value, spelling))
        return -1;
    return option_hand_on(options, "audit-live", wanted ? "yes" : "no");
}

int set_retained(struct options *options, const char *value, const char *spelling) {
    bool wanted;
    if (option_flag(&wanted, value, spelling))
        return -1;
    return option_hand_on(options, "retained", wanted ? "yes" : "no");
}

int set_profile_allocations(struct options *options, const char *value, const char *spelling) {
    bool wanted;
    if (option_flag(&wanted, value, spelling))
        return -1;
    return option_hand_on(options, "profile-allocations", wanted ? "yes" : "no");
}

/* ---- for the verbs ---- */

int set_generation(struct options *options, const char *value, const char *spelling) {
    return option_number(&options->generation, value, 0, GENERATION_MAX, spelling);
}

int set_timeout(struct options *options, const char *value, const char *spelling) {
    return set_duration(&options->timeout_ms, 1, value, spelling);
}

int set_interval(struct options *options, const char *value, const char *spelling) {
    return set_duration(&options->interval_ms, INTERVAL_MS_MIN, value, spelling);
}

int set_once(struct options *options, const char *value, const char *spelling) {
    (void)value, (void)spelling;
    options->once = true;
    return 0;
}
