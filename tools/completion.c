/* completion.c - shell completion, made from the tables of verbs and options: it can't fall behind them.
 *
 * Start: command_completion(). */
#include "command.h"
#include "message.h"
#include "options.h"

#include <string.h>

/* What can stand for an option's value, by the word that --help shows for it. */
static const struct {
    const char *value;
    const char *words; /* NULL: files */
} values[] = {
    {"FILE", NULL},
    {"KINDS", "lost lost-indirect cycle possible reachable growing dangling-weak over-unref missing-unref all none"},
    {"WHEN", "auto always never"},
    {"METHOD", "auto pagemap-scan soft-dirty exclusive read-all"},
    {"yes|no", "yes no"},
    {"BYTES", "found allocated"},
    {"all|no|yes", "all no yes"},
};

/* What comes behind a verb, by how its usage begins: the first that it contains. */
static const struct {
    const char *usage, *bash, *zsh;
} operands[] = {
    {"CMD", "command", "_normal"},
    {"SOURCE", "file", "_files"},
    {".cast", "cast", "_files -g '*.cast(-.) *(-/)'"},
    {"OLD", "cast", "_files -g '*.cast(-.) *(-/)'"},
    {"PID", "pid", "_pids"},
    {"SHELL", "shell", "_values shell bash zsh"},
};

static size_t operand_of(const struct command_verb *verb) {
    size_t i = 0;
    while (i + 1 < sizeof operands / sizeof *operands && !strstr(verb->usage, operands[i].usage))
        i++;
    return i;
}

static const char *words_of(const char *value) {
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (!strcmp(values[i].value, value))
            return values[i].words;
    return "";
}

/* ---- bash ---- */

static void bash_values(FILE *file) {
    struct option_words option;
    for (size_t at = 0; options_next(VERBS_ALL, &at, &option);) {
        const char *words = option.value ? words_of(option.value) : "";
        if (!words)
            fprintf(file, "    --%s) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n",
                    option.name);
        else if (option.value)
            fprintf(file, "    --%s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", option.name, words);
    }
}

static void bash_verbs(FILE *file) {
    for (size_t i = 0; command_verb(i); i++) {
        const struct command_verb *verb = command_verb(i);
        struct option_words option;
        fprintf(file, "    %s) operand=%s options='", verb->name, operands[operand_of(verb)].bash);
        for (size_t at = 0; options_next(verb->verb, &at, &option);)
            fprintf(file, "--%s%s ", option.name, option.value ? "=" : "");
        fputs("' ;;\n", file);
    }
}

static const char bash_start[] = "    COMPREPLY=()\n"
                                 "    if [[ $COMP_CWORD -gt 1 && \" $verbs \" == *\" ${COMP_WORDS[1]} \"* ]]; then "
                                 "verb=${COMP_WORDS[1]} first=2; fi\n"
                                 "    [[ $word == = ]] && word=''\n"
                                 "    [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD-2]}\n"
                                 "    case $before in\n";
static const char bash_end[] =
    "    if [[ $operand == command ]]; then\n"
    "        for ((i = first; i < COMP_CWORD; i++)); do\n"
    "            case ${COMP_WORDS[i]} in\n"
    "            --) i=$((i + 1)); break ;;\n"
    "            -* | =) ;;\n"
    "            *) [[ ${COMP_WORDS[i-1]} == = || ( ${COMP_WORDS[i-1]} == --* &&\n"
    "                $options == *\"${COMP_WORDS[i-1]}= \"* ) ]] || break ;;\n"
    "            esac\n"
    "        done\n"
    "        if [[ $i -lt $COMP_CWORD ]] && declare -F _command_offset >/dev/null; then _command_offset \"$i\"; "
    "return; fi\n"
    "    fi\n"
    "    if [[ $word == -* ]]; then\n"
    "        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
    "        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace\n"
    "        return\n"
    "    fi\n"
    "    [[ $COMP_CWORD -eq 1 ]] && COMPREPLY=($(compgen -W \"$verbs\" -- \"$word\"))\n"
    "    case $operand in\n"
    "    command) COMPREPLY+=($(compgen -c -- \"$word\")) ;;\n"
    "    cast) compopt -o filenames; COMPREPLY+=($(compgen -f -X '!*.cast' -- \"$word\") $(compgen -d -- \"$word\")) "
    ";;\n"
    "    file) compopt -o filenames; COMPREPLY+=($(compgen -f -- \"$word\")) ;;\n"
    "    pid) COMPREPLY+=($(compgen -W \"$(ps -u \"$(id -u)\" -o pid= 2>/dev/null)\" -- \"$word\")) ;;\n"
    "    shell) COMPREPLY+=($(compgen -W 'bash zsh' -- \"$word\")) ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _castaway castaway\n";

static void bash_write(FILE *file) {
    fputs("# bash completion for castaway\n"
          "_castaway() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb=run first=1\n"
          "    local operand options verbs='",
          file);
    for (size_t i = 0; command_verb(i); i++)
        fprintf(file, "%s ", command_verb(i)->name);
    fprintf(file, "' i\n%s", bash_start);
    bash_values(file);
    fputs("    -o) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
          "    esac\n"
          "    case $verb in\n",
          file);
    bash_verbs(file);
    fprintf(file, "    esac\n%s", bash_end);
}

/* ---- zsh ---- */

/* Text within single quotes and brackets of _arguments. */
static void zsh_text(FILE *file, const char *text) {
    for (; *text; text++) {
        if (strchr("[]:\\", *text))
            fputc('\\', file);
        if (*text == '\'')
            fputs("'\\'", file);
        fputc(*text, file);
    }
}

static void zsh_option(FILE *file, const struct option_words *option) {
    const char *words = option->value ? words_of(option->value) : "";
    fprintf(file, "        '*--%s%s[", option->name, option->value ? "=" : "");
    zsh_text(file, option->help);
    fputc(']', file);
    if (option->value) {
        fputc(':', file);
        zsh_text(file, option->value);
        fputc(':', file);
        fprintf(file, words ? *words ? "(%s)" : "" : "_files", words);
    }
    fputs("'\n", file);
}

static void zsh_write(FILE *file) {
    fputs("#compdef castaway\n# zsh completion for castaway\n_castaway() {\n"
          "    local -a options verbs\n    local verb=run operand\n    verbs=(",
          file);
    for (size_t i = 0; command_verb(i); i++)
        fprintf(file, "%s ", command_verb(i)->name);
    fputs(")\n"
          "    if (( CURRENT > 2 )) && (( ${verbs[(Ie)$words[2]]} )); then\n"
          "        verb=$words[2]\n        shift words\n        (( CURRENT-- ))\n    fi\n"
          "    case $verb in\n",
          file);
    for (size_t i = 0; command_verb(i); i++) {
        struct option_words option;
        fprintf(file, "    %s) operand=\"%s\" options=(\n", command_verb(i)->name,
                operands[operand_of(command_verb(i))].zsh);
        for (size_t at = 0; options_next(command_verb(i)->verb, &at, &option);)
            zsh_option(file, &option);
        fputs("        ) ;;\n", file);
    }
    fputs("    esac\n"
          "    if [[ $operand == _normal ]]; then\n"
          "        _arguments -A '-*' $options '1: :->command' '*::: :_normal' && return\n"
          "        [[ $state == command ]] || return\n"
          "        (( CURRENT == 2 )) && compadd -a verbs\n"
          "        _command_names -e\n"
          "    else\n"
          "        _arguments $options \"*: :$operand\"\n"
          "    fi\n"
          "}\n"
          "_castaway \"$@\"\n",
          file);
}

/* ---- the verb ---- */

/* false: there is no script for `shell` */
static bool completion_write(FILE *file, const char *shell) {
    static const struct {
        const char *name;
        void (*write)(FILE *);
    } shells[] = {{"bash", bash_write}, {"zsh", zsh_write}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shells[i].name, shell) != 0)
            continue;
        shells[i].write(file);
        return true;
    }
    return false;
}

int command_completion(int count, char **arguments, int from) {
    const char *shell = from < count ? arguments[from] : "";
    if (!strcmp(shell, "--help") || !strcmp(shell, "-h")) {
        command_usage(stdout);
        return EXIT_CLEAN;
    }
    if (completion_write(stdout, shell))
        return fflush(stdout) ? EXIT_CASTAWAY_FAILED : EXIT_CLEAN;
    message_error("completion: for which shell? `castaway completion bash` or `castaway completion zsh`");
    return EXIT_CASTAWAY_FAILED;
}
