/* options.c - one table drives the command line, CASTAWAY_OPTIONS and --help.
 *
 * Adding an option is one line in `table` and, if its value is new in kind, one setter above it.
 * Start: options_arguments(), options_environment(). */
#include "options.h"

#include "kinds.h"
#include "message.h"
#include "options_live.h"
#include "options_refs.h"
#include "options_roots.h"
#include "report.h"
#include "suggest.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_CODE_DEFAULT = 23 /* as LeakSanitizer */, TIMEOUT_MS_DEFAULT = 10000, INTERVAL_MS_DEFAULT = 2000 };

struct option {
    const char *name;
    const char *value;                                                     /* shown in --help; NULL: takes none */
    int (*set)(struct options *, const char *value, const char *spelling); /* 0, or -1 after a message */
    const char *help;                                                      /* NULL: not for people */
    char letter;                                                           /* 0: none */
    bool in_environment;
};

/* ---- setters ---- */

int option_bad_value(const char *spelling, const char *value, const char *want) {
    message_error("%s: `%s` is not %s", spelling, value, want);
    return -1;
}

int option_number(int *number, const char *value, int lo, int hi, const char *spelling) {
    char *end, want[64];
    errno = 0;
    long parsed = strtol(value, &end, 10);
    if (!*value || *end || errno || parsed < lo || parsed > hi) {
        snprintf(want, sizeof want, "a number from %d to %d", lo, hi);
        return option_bad_value(spelling, value, want);
    }
    *number = (int)parsed;
    return 0;
}

static int set_kind_words(unsigned *kinds, enum kind_words words, const char *value, const char *spelling) {
    const char *wrong;
    size_t length;
    if (!kinds_parse(words, value, strlen(value), kinds, &wrong, &length))
        return 0;
    message_error("%s: unknown kind `%.*s`; kinds are %s", spelling, (int)length, wrong, kinds_list(words));
    return -1;
}

static int set_kinds(unsigned *kinds, const char *value, const char *spelling) {
    return set_kind_words(kinds, WORDS_CASTAWAY, value, spelling);
}

/* A flag: NULL (as on the command line), or a word. */
int option_flag(bool *flag, const char *value, const char *spelling) {
    static const char *const on[] = {"", "yes", "1", "true", "on"}, *const off[] = {"no", "0", "false", "off"};
    for (size_t i = 0; i < sizeof on / sizeof *on; i++)
        if (!value || !strcmp(value, on[i]))
            return *flag = true, 0;
    for (size_t i = 0; i < sizeof off / sizeof *off; i++)
        if (!strcmp(value, off[i]))
            return *flag = false, 0;
    return option_bad_value(spelling, value, "yes or no");
}

static int set_path(struct options *options, const char **path, const char *value, const char *spelling) {
    if (!*value)
        return option_bad_value(spelling, value, "a file name");
    *path = pool_strdup(options->pool, value);
    return 0;
}

static int add_destination(struct options *options, enum format format, const char *path, const char *spelling) {
    if (!*path)
        return option_bad_value(spelling, path, "a file name (- is standard output)");
    options->destinations = pool_grow(options->pool, options->destinations, options->destination_count,
                                      &options->destination_capacity, sizeof *options->destinations);
    options->destinations[options->destination_count++] =
        (struct destination){.format = format, .path = pool_strdup(options->pool, path)};
    return 0;
}

static int set_output(struct options *options, const char *value, const char *spelling) {
    if (!*value || !strcmp(value, "-"))
        return option_bad_value(spelling, value, "the name of a file to keep the recording in");
    options->output = pool_strdup(options->pool, value);
    return 0;
}

/* One setter for each format, set_text() and so on. */
#define X(enumerator, name, takes, help)                                                                               \
    static int set_##name(struct options *options, const char *value, const char *spelling) {                          \
        const char *file = takes;                                                                                      \
        return add_destination(options, FORMAT_##enumerator, file ? value : "-", spelling);                            \
    }
FORMATS(X)
#undef X

static int set_show(struct options *options, const char *value, const char *spelling) {
    return set_kinds(&options->show, value, spelling);
}

static int set_fail_on(struct options *options, const char *value, const char *spelling) {
    return set_kinds(&options->fail_on, value, spelling);
}

static int set_exit_code(struct options *options, const char *value, const char *spelling) {
    options->exit_code_given = true;
    return option_number(&options->exit_code, value, 0, 255, spelling);
}

static int set_frames_max(struct options *options, const char *value, const char *spelling) {
    return option_number(&options->frames_max, value, 1, CAST_FRAMES_MAX, spelling);
}

static int set_findings_max(struct options *options, const char *value, const char *spelling) {
    return option_number(&options->findings_max, value, 0, INT_MAX, spelling);
}

/* Valgrind's spelling: up to 500, of which we record no more than our own most. */
static int set_num_callers(struct options *options, const char *value, const char *spelling) {
    if (option_number(&options->frames_max, value, 1, 500, spelling))
        return -1;
    if (options->frames_max > CAST_FRAMES_MAX)
        options->frames_max = CAST_FRAMES_MAX;
    return 0;
}

static int set_error_exitcode(struct options *options, const char *value, const char *spelling) {
    options->findings_first = true;
    options->exit_code_given = true;
    return option_number(&options->exit_code, value, 0, 255, spelling);
}

static int set_show_leak_kinds(struct options *options, const char *value, const char *spelling) {
    return set_kind_words(&options->show, WORDS_VALGRIND, value, spelling);
}

static int set_errors_for_leak_kinds(struct options *options, const char *value, const char *spelling) {
    return set_kind_words(&options->fail_on, WORDS_VALGRIND, value, spelling);
}

static int set_suppressions(struct options *options, const char *value, const char *spelling) {
    options->suppressions = pool_grow(options->pool, options->suppressions, options->suppression_count,
                                      &options->suppression_capacity, sizeof *options->suppressions);
    return set_path(options, &options->suppressions[options->suppression_count++], value, spelling);
}

static int set_default_suppressions(struct options *options, const char *value, const char *spelling) {
    return option_flag(&options->default_suppressions, value, spelling);
}

static int set_print_suppressions(struct options *options, const char *value, const char *spelling) {
    return option_flag(&options->print_suppressions, value, spelling);
}

static int set_fail_on_unused(struct options *options, const char *value, const char *spelling) {
    return option_flag(&options->fail_on_unused, value, spelling);
}

static int set_gen_suppressions(struct options *options, const char *value, const char *spelling) {
    bool all = !strcmp(value, "all");
    if (!all && strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        return option_bad_value(spelling, value, "all, no or yes");
    if (option_flag(&options->suppression_texts, all ? "yes" : value, spelling))
        return -1;
    options->ask_suppressions = options->suppression_texts && !all;
    return 0;
}

static int set_baseline(struct options *options, const char *value, const char *spelling) {
    return set_path(options, &options->baseline, value, spelling);
}

static int set_update_baseline(struct options *options, const char *value, const char *spelling) {
    return option_flag(&options->update_baseline, value, spelling);
}

static int set_accept_new(struct options *options, const char *value, const char *spelling) {
    return option_flag(&options->accept_new, value, spelling);
}

static int set_list_defaults(struct options *options, const char *value, const char *spelling) {
    return option_flag(&options->list_defaults, value, spelling);
}

static int set_show_known(struct options *options, const char *value, const char *spelling) {
    return option_flag(&options->show_known, value, spelling);
}

static int set_color(struct options *options, const char *value, const char *spelling) {
    static const char *const words[] = {[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!strcmp(value, words[i])) {
            options->color = (enum color)i;
            return 0;
        }
    }
    return option_bad_value(spelling, value, "auto, always or never");
}

static int set_folded_bytes(struct options *options, const char *value, const char *spelling) {
    options->folded_allocated = !strcmp(value, "allocated");
    if (options->folded_allocated || !strcmp(value, "found"))
        return 0;
    return option_bad_value(spelling, value, "found or allocated");
}

static int set_self(struct options *options, const char *value, const char *spelling) {
    (void)value, (void)spelling;
    options->self = true;
    return 0;
}

static int set_quiet(struct options *options, const char *value, const char *spelling) {
    (void)value, (void)spelling;
    options->quiet = true;
    return 0;
}

static int set_verbose(struct options *options, const char *value, const char *spelling) {
    (void)value, (void)spelling;
    options->verbose = true;
    return 0;
}

static int set_no_pager(struct options *options, const char *value, const char *spelling) {
    (void)value, (void)spelling;
    options->no_pager = true;
    return 0;
}

static int set_from_preload(struct options *options, const char *value, const char *spelling) {
    (void)value, (void)spelling;
    options->from_preload = true;
    return 0;
}

static int set_help(struct options *options, const char *value, const char *spelling) {
    (void)value, (void)spelling;
    options->help = true;
    return 0;
}

static int set_version(struct options *options, const char *value, const char *spelling) {
    (void)value, (void)spelling;
    options->version = true;
    return 0;
}

static const struct option table[] = {
    {"output", "FILE", set_output, "keep the recording (%p: process id, %h: host, %q{VAR}: variable, %%: %)", 'o',
     true},
#define X(enumerator, name, value, help) {#name, value, set_##name, help, 0, true},
    FORMATS(X)
#undef X
        {"show", "KINDS", set_show,
         "kinds to list, commas between them (default: all but lost-indirect, possible, reachable)", 0, true},
    {"fail-on", "KINDS", set_fail_on, "kinds that set the exit status (default: lost,cycle,dangling-weak)", 0, true},
    {"exit-code", "N", set_exit_code, "exit status when such a kind was found, 0-255 (default: 23)", 0, true},
    {"suppressions", "FILE", set_suppressions, "findings not to report, as LeakSanitizer or Valgrind; may be repeated",
     0, true},
    {"default-suppressions", "yes|no", set_default_suppressions, "castaway's own for common libraries (default: yes)",
     0, true},
    {"print-suppressions", "yes|no", set_print_suppressions, "list those used and unused (default: yes)", 0, true},
    {"fail-on-unused", NULL, set_fail_on_unused, "a suppression that matches nothing sets the exit status, too", 0,
     true},
    {"gen-suppressions", "all|no|yes", set_gen_suppressions, "a suppression behind each finding (yes: asks first)", 0,
     true},
    {"baseline", "FILE", set_baseline, "findings in it pass up to their ceilings, new and grown ones count", 0, true},
    {"update-baseline", NULL, set_update_baseline, "lower its ceilings, drop what is gone", 0, true},
    {"accept-new", NULL, set_accept_new, "with --update-baseline: take new and grown findings in", 0, true},
    {"show-known", NULL, set_show_known, "list the findings of the baseline, too", 0, true},
    {"error-exitcode", "N", set_error_exitcode, "as --exit-code, before the program's own status (as Valgrind)", 0,
     true},
    {"show-leak-kinds", "KINDS", set_show_leak_kinds, "--show, in Valgrind's words: definite, indirect, ...", 0, true},
    {"errors-for-leak-kinds", "KINDS", set_errors_for_leak_kinds, "--fail-on, in Valgrind's words", 0, true},
    {"log-file", "FILE", set_text, "as --text (as Valgrind)", 0, true},
    {"num-callers", "N", set_num_callers, "as --max-frames (as Valgrind)", 0, true},
    {"max-frames", "N", set_frames_max, "frames shown of a stack, 1-64 (default: 64)", 0, true},
    {"max-findings", "N", set_findings_max, "findings listed as text, the rest are counted (default: 0, all)", 0, true},
    {"color", "WHEN", set_color, "auto (default: on a terminal, unless NO_COLOR is set), always, never", 0, true},
    {"scan-every", "DURATION", set_scan_every, "scan while it runs, every 500ms, 10s, 2m ...", 0, true},
    {"thresholds", "T0,T1,T2", set_thresholds, "births, young and middle scans between scans (50000,10,10)", 0, true},
    {"confirm", "N", set_confirm, "scans that must find an object lost while it runs (default: 2)", 0, true},
    {"scan-signal", "NAME", set_scan_signal, "scan whenever the program gets this signal", 0, true},
    {"control", "yes|no", set_control, "let status, scan, top and why ask the program (default: yes)", 0, true},
    {"dirty-pages", "METHOD", set_dirty_pages, "auto, pagemap-scan, soft-dirty, exclusive, read-all", 0, true},
    {"list-defaults", NULL, set_list_defaults, "suppress: castaway's own suppressions, with their reasons", 0, false},
    {"generation", "N", set_generation, "scan: the oldest generation to look at, 0-2 (default: 2)", 0, false},
    {"timeout", "DURATION", set_timeout, "status, scan, why, top: wait for an answer (default: 10s)", 0, false},
    {"interval", "DURATION", set_interval, "top: between two frames (default: 2s)", 0, false},
    {"self", NULL, set_self, "annotate: what a line itself allocates, not what it calls", 0, false},
    {"once", NULL, set_once, "top: print one frame; scan: scan once, whatever is only suspected then", 0, false},
    {"folded-bytes", "BYTES", set_folded_bytes, "found (default), or allocated: all of a --profile-allocations run", 0,
     true},
    {"profile-allocations", NULL, set_profile_allocations,
     "count what is allocated and how long it lives: for annotate, advise, --pprof", 0, true},
    {"audit-live", NULL, set_audit_live, "compare reference counts of what is in reach with the pointers to it, too", 0,
     true},
    {"retained", NULL, set_retained, "tell what each variable and each finding keeps alive alone", 0, true},
    {"refs", "PAIRS", set_refs, "count references: REF:UNREF of functions, with commas between them", 0, true},
    {"profile", "NAME", set_profile, "the same from a file, or of a library: glib, openssl ...; may be repeated", 0,
     true},
    {"pointer-mask", "MASK", set_pointer_mask, "bits of a word that are a pointer, 0x..., for tags in high bits", 0,
     true},
    {"unaligned", "yes|no", set_unaligned, "look for pointers at any address (default: no)", 0, true},
    {"mark-threads", "N", set_mark_threads, "threads that search, 1-8 (default: the processors, up to 4)", 0, true},
    {"children", "yes|no", set_children, "record what the program starts, too (default: yes)", 0, true},
    {"keep-pools", NULL, set_keep_pools, "leave G_SLICE, PYTHONMALLOC and the like as they are", 0, true},
    {"quiet", NULL, set_quiet, "no text when there is nothing to tell", 'q', true},
    {"verbose", NULL, set_verbose, "whole fingerprints and stacks, modules, the sums of every kind", 'v', true},
    {"no-pager", NULL, set_no_pager, "text on a terminal goes there at once, not page by page", 0, true},
    {"from-preload", NULL, set_from_preload, NULL, 0,
     false}, /* libcastaway.so calls us: options from CASTAWAY_OPTIONS */
    {"help", NULL, set_help, "show this text", 'h', false},
    {"version", NULL, set_version, "show the version", 'V', false},
};
/* Those that only some verbs take. */
static const struct {
    int (*set)(struct options *, const char *value, const char *spelling);
    unsigned verbs;
} only[] = {
    {set_scan_every, VERB_RUN},       {set_thresholds, VERB_RUN},
    {set_confirm, VERB_RUN},          {set_scan_signal, VERB_RUN},
    {set_control, VERB_RUN},          {set_dirty_pages, VERB_RUN},
    {set_generation, VERB_SCAN},      {set_timeout, VERBS_ASKING},
    {set_pointer_mask, VERB_RUN},     {set_refs, VERB_RUN},
    {set_profile, VERB_RUN},          {set_unaligned, VERB_RUN},
    {set_mark_threads, VERB_RUN},     {set_children, VERB_RUN},
    {set_keep_pools, VERB_RUN},       {set_list_defaults, VERB_SUPPRESS},
    {set_self, VERB_ANNOTATE},        {set_interval, VERB_TOP},
    {set_once, VERB_TOP | VERB_SCAN}, {set_audit_live, VERB_RUN},
    {set_retained, VERB_RUN},         {set_profile_allocations, VERB_RUN},
};
enum { TABLE_COUNT = sizeof table / sizeof *table };

/* ---- looking up ---- */

static const struct option *find_name(const char *name, size_t length) {
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (strlen(table[i].name) == length && !strncmp(table[i].name, name, length))
            return &table[i];
    return NULL;
}

static const struct option *find_letter(char letter) {
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (table[i].letter == letter)
            return &table[i];
    return NULL;
}

static const char *visible_name(size_t index) {
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (table[i].help && !index--)
            return table[i].name;
    return NULL;
}

static int unknown(const char *word, const char *name, size_t length) {
    const char *near = suggest(name, length, visible_name);
    if (near)
        message_error("unknown option `%s`; did you mean `--%s`?", word, near);
    else
        message_error("unknown option `%s`; `castaway --help` lists all", word);
    return -1;
}

/* The format that an option asks for, or FORMAT_COUNT. */
static enum format format_of(const struct option *option) {
    static int (*const setters[FORMAT_COUNT])(struct options *, const char *, const char *) = {
#define X(enumerator, name, value, help) [FORMAT_##enumerator] = set_##name,
        FORMATS(X)
#undef X
    };
    enum format format = 0;
    while (format < FORMAT_COUNT && setters[format] != option->set)
        format++;
    return format;
}

static bool is_of_verb(unsigned verb, const struct option *option) {
    for (size_t i = 0; i < sizeof only / sizeof *only; i++)
        if (only[i].set == option->set)
            return only[i].verbs & verb;
    enum format format = format_of(option);
    return format == FORMAT_COUNT || !format_is_report(format) || !verb || verb & ~(unsigned)VERBS_WITHOUT_REPORT;
}

/* ---- the command line ---- */

static int set_argument(struct options *options, const struct option *option, const char *value, const char *spelling) {
    if (!is_of_verb(options->verb, option)) {
        message_error("%s: not an option of this verb; `castaway --help` tells whose", spelling);
        return -1;
    }
    if (format_of(option) != FORMAT_COUNT && options->destinations_from_environment) {
        options->destinations_from_environment = false;
        options->destination_count = 0;
    }
    return option->set(options, value, spelling);
}

/* One option, with its value if that is the next word. Returns the words taken, or -1. */
static int take_option(struct options *options, const char *word, const char *next) {
    bool is_long = word[1] == '-';
    const char *name = word + (is_long ? 2 : 1), *value = NULL;
    size_t length = is_long ? strcspn(name, "=") : 1;
    const struct option *option = is_long ? find_name(name, length) : find_letter(*name);
    char spelling[40];
    if (!option)
        return unknown(word, name, is_long ? length : strlen(name));
    snprintf(spelling, sizeof spelling, is_long ? "--%.*s" : "-%.*s", (int)length, name);
    if (name[length])
        value = name + length + (is_long || name[length] == '=');
    if (value && !option->value) {
        message_error("%s takes no value", spelling);
        return -1;
    }
    bool takes_next = option->value && !value;
    if (takes_next && !(value = next)) {
        message_error("%s: %s is missing", spelling, option->value);
        return -1;
    }
    return set_argument(options, option, value, spelling) ? -1 : 1 + takes_next;
}

int options_arguments(struct options *options, int count, char **arguments, int from) {
    while (from < count) {
        const char *word = arguments[from];
        if (!strcmp(word, "--"))
            return from + 1;
        if (*word != '-' || !word[1])
            return from;
        int taken = take_option(options, word, from + 1 < count ? arguments[from + 1] : NULL);
        if (taken < 0)
            return -1;
        from += taken;
    }
    return from;
}

/* ---- CASTAWAY_OPTIONS ---- */

/* The value at `*text`, up to the next separator; quotes (' or ") keep separators. Moves `*text` behind it. */
static char *take_value(struct pool *pool, const char **text, const char *separators) {
    char *value = pool_alloc(pool, strlen(*text) + 1), *to = value;
    char quote = 0;
    for (; **text && (quote || !strchr(separators, **text)); (*text)++) {
        if (quote ? **text == quote : **text == '\'' || **text == '"')
            quote = quote ? 0 : **text;
        else
            *to++ = **text;
    }
    return value;
}

int options_environment(struct options *options, const char *text) {
    while (text && *text) {
        const char *key = text;
        size_t length = strcspn(key, "=:");
        char spelling[80];
        const struct option *option = find_name(key, length);
        text += length;
        const char *value = *text == '=' ? (text++, take_value(options->pool, &text, ":")) : "";
        if (*text == ':')
            text++;
        snprintf(spelling, sizeof spelling, "CASTAWAY_OPTIONS: %.*s", (int)(length < 40 ? length : 40), key);
        if (option && option->in_environment && is_of_verb(options->verb, option) &&
            option->set(options, value, spelling))
            return -1;
    }
    options->destinations_from_environment = options->destination_count > 0;
    return 0;
}

/* ---- LSAN_OPTIONS ---- */

/* Frames of a stack: 0 and 1 both leave the place of the allocation, and there are never more than ours. */
static int set_context_size(struct options *options, const char *value, const char *spelling) {
    if (option_number(&options->frames_max, value, 0, 256, spelling))
        return -1;
    if (options->frames_max > CAST_FRAMES_MAX)
        options->frames_max = CAST_FRAMES_MAX;
    options->frames_max += options->frames_max == 0;
    return 0;
}

/* Only of the run itself: `castaway report` says where it writes. */
static int set_log_path(struct options *options, const char *value, const char *spelling) {
    if (options->verb != VERB_RUN || !strcmp(value, "stderr"))
        return 0;
    if (!strcmp(value, "stdout"))
        return add_destination(options, FORMAT_TEXT, "-", spelling);
    return add_destination(options, FORMAT_TEXT, *value ? pool_printf(options->pool, "%s.%%p", value) : value,
                           spelling);
}

/* What is a root, and whether there is a check at all, is read by the library (preload/lsan.c). */
static const struct {
    const char *key;
    int (*set)(struct options *, const char *value, const char *spelling);
} lsan_keys[] = {
    {"suppressions", set_suppressions}, {"print_suppressions", set_print_suppressions},
    {"exitcode", set_exit_code},        {"malloc_context_size", set_context_size},
    {"log_path", set_log_path},         {"max_leaks", set_findings_max},
};

int options_lsan(struct options *options, const char *text) {
    static const char separators[] = ":, \t\r\n";
    while (text && *(text += strspn(text, separators))) {
        const char *key = text;
        size_t length = strcspn(key, "=:, \t\r\n");
        text += length;
        const char *value = *text == '=' ? (text++, take_value(options->pool, &text, separators)) : "";
        for (size_t i = 0; i < sizeof lsan_keys / sizeof *lsan_keys; i++) {
            const char *spelling = pool_printf(options->pool, "LSAN_OPTIONS: %s", lsan_keys[i].key);
            if (strlen(lsan_keys[i].key) == length && !strncmp(lsan_keys[i].key, key, length) &&
                lsan_keys[i].set(options, value, spelling))
                return -1;
        }
    }
    return 0;
}

/* ---- the rest ---- */

void options_init(struct options *options, struct pool *pool) {
    *options = (struct options){.pool = pool,
                                .library_options = "",
                                .generation = 2,
                                .timeout_ms = TIMEOUT_MS_DEFAULT,
                                .interval_ms = INTERVAL_MS_DEFAULT,
                                .show = KINDS_SHOWN_DEFAULT,
                                .fail_on = KINDS_DEFAULT,
                                .exit_code = EXIT_CODE_DEFAULT,
                                .frames_max = CAST_FRAMES_MAX,
                                .default_suppressions = true,
                                .print_suppressions = true};
}

bool options_next(unsigned verb, size_t *at, struct option_words *words) {
    while (*at < TABLE_COUNT) {
        const struct option *option = &table[(*at)++];
        if (!option->help || !is_of_verb(verb, option))
            continue;
        *words = (struct option_words){
            .name = option->name, .value = option->value, .help = option->help, .letter = option->letter};
        return true;
    }
    return false;
}

void options_help(FILE *file, unsigned verb) {
    enum { LEFT_COLUMNS = 28 };
    struct option_words words;
    for (size_t at = 0; options_next(verb, &at, &words);) {
        int left =
            fprintf(file, words.letter ? "  -%c, --%s" : "   %c  --%s", words.letter ? words.letter : ' ', words.name);
        if (words.value)
            left += fprintf(file, " %s", words.value);
        bool fits = left < LEFT_COLUMNS + 2;
        fprintf(file, fits ? "%*s %s\n" : "\n%*s %s\n", fits ? LEFT_COLUMNS + 2 - left : LEFT_COLUMNS + 2, "",
                words.help);
    }
}
