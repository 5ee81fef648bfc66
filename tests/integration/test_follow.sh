#!/usr/bin/env bash
# What the program starts is watched whatever environment it gives it, and sees that environment; what can't be is told.
# shellcheck disable=SC2016 # programs for sh
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
cd "$WORK" || exit 1

cat >leak.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void __attribute__((noinline)) drop(void) { memset(malloc(24), 0, 24); }
static void __attribute__((noinline)) clear(void) { volatile char area[65536]; for (size_t i = 0; i < sizeof area; i++) area[i] = 0; }
/* Drops 24 bytes and prints its environment. */
int main(int count, char **words, char **environment) {
    drop();
    clear();
    while (*environment)
        puts(*environment++);
    return 0;
}
C
cat >launch.c <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
static char *const empty[] = {NULL};
static int join(pid_t child) {
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}
/* system(), with environments of the program's own: they are afterwards what they were, and nothing behind them was
 * written to. */
static int shells(const char *path) {
    static char others[] = "LD_PRELOAD=./other.so", options[] = "A=1", behind[] = "behind";
    char *own[] = {options, others, NULL, behind, behind, behind};
    environ = (char **)empty;
    int status = system(path);
    if (environ != (char **)empty)
        return 95;
    environ = own;
    status |= system(path);
    if (environ != own || own[0] != options || own[1] != others || own[2] || own[3] != behind)
        return 96;
    return WEXITSTATUS(status);
}
/* launch HOW FILE: run FILE (in the current folder) by that call, with no environment */
int main(int count, char **words) {
    const char *how = words[1], *file = words[2];
    char *const arguments[] = {words[2], NULL};
    char path[64];
    pid_t child = 0;
    snprintf(path, sizeof path, "./%s", file);
    if (!strcmp(how, "posix_spawn"))
        return posix_spawn(&child, path, NULL, NULL, arguments, empty) ? 97 : join(child);
    if (!strcmp(how, "posix_spawnp"))
        return posix_spawnp(NULL, file, NULL, NULL, arguments, NULL) ? 97 : join(-1);
    if (!strcmp(how, "shells"))
        return shells(path);
    if (!strcmp(how, "system") || !strcmp(how, "popen")) {
        clearenv();
        if (*how == 's')
            return WEXITSTATUS(system(path));
        int c;
        FILE *pipe = popen(path, "r");
        while ((c = getc(pipe)) != EOF)
            putchar(c);
        return WEXITSTATUS(pclose(pipe));
    }
    if (!strcmp(how, "vfork") && (child = vfork()) != 0)
        return join(child);
    if (!strcmp(how, "fork") && (child = fork()) != 0)
        return join(child);
    if (!strcmp(how, "execve") || strstr(how, "fork"))
        execve(path, arguments, empty);
    if (!strcmp(how, "execvpe"))
        execvpe(file, arguments, empty);
    if (!strcmp(how, "execle"))
        execle(path, file, NULL, empty);
    if (!strcmp(how, "fexecve"))
        fexecve(open(path, O_PATH), arguments, empty);
    if (!strcmp(how, "execveat"))
        execveat(open(".", O_PATH), file, arguments, empty, 0);
    if (!strcmp(how, "execv") && (environ = (char **)empty))
        execv(path, arguments);
    if (!strcmp(how, "execvp") && !clearenv() && !setenv("PATH", "/none:.", 1))
        execvp(file, arguments);
    _exit(errno);
}
C
gcc -O0 -g -w -o leak leak.c
gcc -O0 -g -w -o launch launch.c
gcc -O0 -g -w -static -o static leak.c
printf '#!./leak\n' >script && chmod +x script
PATH=/none:$PATH:.
lost_is() { [ "$(jq .summary.lost.objects json)" = "$1" ] || { cat json; false; }; }
unwatched_is() { # COUNT DETAIL
    jq -e --argjson count "$1" --arg detail "$2" '.notes | any(.code == "unwatched" and .count == $count and .detail == $detail)' json ||
        { jq .notes json; false; }
}
all_watched() { jq -e '.notes | any(.code == "unwatched") | not' json; }
runs() { # COMMAND...
    castaway --json json --fail-on none "$@"
}

# ---- followed
for how in execve execvpe execle fexecve execveat execv posix_spawn posix_spawnp vfork fork; do
    runs ./launch $how leak
    claim "$how: a program without environment is watched" lost_is 1
    claim "$how: and sees none" test ! -s out
    claim "$how: its status is the run's" status_is 0
    claim "$how: nothing is told to be unwatched" all_watched
done
runs ./launch execve script
claim 'execve: the interpreter of a script is watched' lost_is 1
runs ./launch execvp leak
claim 'execvp: an entry of PATH where nothing is does no harm' lost_is 1
claim 'execvp: the program sees what is left of its environment' test "$(cat out)" = 'PATH=/none:.'
runs env -i ./launch system leak
claim 'system: the shell and what it starts are watched, where the variables are hidden' lost_is 1
claim 'system: after it the program goes on' status_is 0
claim 'system: hidden from them, too' test "$(grep -vE '^(PWD|_|OLDPWD|SHLVL)=' out)" = ''
runs env -i ./launch popen leak
claim 'popen: as system' lost_is 1
claim 'popen: after it the program goes on' status_is 0
claim 'popen: hidden from them, too' test "$(grep -vE '^(PWD|_|OLDPWD|SHLVL)=' out)" = ''
runs bash -c 'env -i ./leak'
claim 'the last command of a shell: its status' status_is 0
claim 'the last command of a shell: watched' lost_is 1
runs env -i A=1 sh -c 'env -i B=2 sh -c "./leak; ./leak"; ./leak'
claim 'a chain of cleared environments is followed' lost_is 3
claim 'each sees its own' test "$(grep -cE '^(B=2|A=1)$' out)" = 3
claim 'and nothing of ours' test "$(grep -cE 'LD_PRELOAD|CASTAWAY|G_SLICE' out)" = 0
runs env -u LD_PRELOAD ./leak
claim 'LD_PRELOAD alone taken out: watched' lost_is 1
claim 'LD_PRELOAD alone taken out: stays out' test "$(grep -c LD_PRELOAD out)" = 0
claim 'CASTAWAY_OPTIONS is as it was given' test "$(grep -c 'CASTAWAY_OPTIONS=.*added' out)" = 0
ln -s "$(ldconfig -p | awk '/libm.so.6 .*x86-64/ { print $NF; exit }')" other.so
runs env LD_PRELOAD="$WORK/other.so" ./leak
claim 'another library in LD_PRELOAD: watched' lost_is 1
claim 'another library in LD_PRELOAD: the program sees that one' test "$(grep LD_PRELOAD out)" = "LD_PRELOAD=$WORK/other.so"
runs env -i ./launch shells leak
claim 'system: environments of the program itself stay as they are' status_is 0
claim 'system: what it starts with them is watched' lost_is 2
runs --children no env -i ./leak
claim '--children=no: what the program becomes is followed' lost_is 1
runs --children no sh -c 'env -i ./leak; ./leak; :'
claim '--children=no: what it starts is not' lost_is 0
claim '--children=no: nor told of' all_watched
runs sh -c 'env -i ./launch execve missing; exit 5'
claim 'a file that is not there: the failure is the same' status_is 5

# A pool's switch goes with the variables where something reads it; else it is hidden as they are.
runs env -i python3 -c 'import os; print(sorted(os.environ))'
claim 'the switch of a pool is there for Python' out_has "PYTHONMALLOC"
claim 'no other' out_hasnt G_SLICE
runs --keep-pools env -i python3 -c 'import os; print(sorted(os.environ))'
claim '--keep-pools holds there, too' out_hasnt PYTHONMALLOC

# ---- not watched, and told
runs sh -c './static; ./static; exit 0'
claim 'static programs are counted' unwatched_is 2 "static: 2, ./static"
claim 'what a program is not is not counted against it' status_is 0
runs sh -c 'env -i A=1 ./static; exit 0'
claim 'a static program has the environment that it was given' test "$(cat out)" = A=1
runs ./launch posix_spawn static
claim 'posix_spawn of a static program' unwatched_is 1 "static: 1, ./static"
castaway sh -c 'exec ./static'
claim 'a program that becomes a static one is not judged' status_is 125
claim 'and why' err_has "(it had become ./static; static)"
runs sh -c 'LD_PRELOAD= ./leak; exit 0'
claim 'an empty LD_PRELOAD keeps castaway out' lost_is 0
claim 'and is told of' unwatched_is 1 'LD_PRELOAD= keeps castaway out: 1, ./leak'
runs sh -c './static; LD_PRELOAD= ./leak; exit 3'
claim 'several reasons in one note' unwatched_is 2 'static: 1, ./static; LD_PRELOAD= keeps castaway out: 1, ./leak'
claim 'the status stays' status_is 3
printf '\177ELF\2\1\1' >broken && chmod +x broken
runs ./launch execve broken
claim 'an exec that fails is not counted' all_watched

loader=$WORK/$(printf 'store-%.0s' {1..15})/ld-musl-test.so.1
mkdir "${loader%/*}"
ln -s "$(readelf -l leak | sed -nE 's/.*interpreter: (.*)\]/\1/p')" "$loader"
gcc -O0 -g -w -Wl,--dynamic-linker="$loader" -o musl leak.c
runs sh -c './musl; exit 0'
claim 'a musl program is not made to load what it could not' test "$(grep -c LD_PRELOAD out)" = 0
claim 'it is counted' unwatched_is 1 'built for musl: 1, ./musl'
runs sh -c '"$0" ./leak; exit 0' "$loader"
claim 'nor is one that musl'"'"'s loader is asked for' test "$(grep -c LD_PRELOAD out)" = 0
claim 'nor watched' lost_is 0
printf '.globl _start\n_start: mov $1, %%eax\nmov $7, %%ebx\nint $0x80\n' >machine.s
if gcc -m32 -nostdlib -static -o machine machine.s 2>/dev/null && { ./machine; [ $? = 7 ]; }; then
    runs sh -c './machine'
    claim 'another architecture: the status is its own' status_is 7
    claim 'another architecture: counted' unwatched_is 1 'for another architecture: 1, ./machine'
fi
if [ "$(id -u)" = 0 ]; then
    cp leak rights && chown 65534 rights && chmod 4755 rights && chmod 755 "$WORK"
    runs sh -c './rights; exit 0'
    claim 'a set-user-ID program is counted' unwatched_is 1 'set-user-ID or the like: 1, ./rights'
    mkdir -p jail && cp leak jail/ && ldd leak | grep -o '/[^ ]*' | xargs -I{} cp --parents {} jail/
    runs sh -c "chroot '$WORK/jail' /leak; exit 0"
    claim 'under another root: no word of the loader' test ! -s err
    claim 'under another root: counted' unwatched_is 1 'another root, without libcastaway.so in it: 1, /leak'
fi
mkdir "$WORK/kept"
each_is_kept() { # NAMES: those of the programs that left a recording in the folder
    [ "$(jq -r 'select(.record == "header") | .argv[0]' "$WORK"/kept/* | sort | tr '\n' ' ')" = "$1 " ] || {
        ls "$WORK/kept"
        false
    }
}
for name in i.cast i-%p.cast i.%p i; do
    rm -f "$WORK"/kept/*
    castaway -o "$WORK/kept/$name" bash -c 'env nice true; exec env nice true'
    claim "$name: each program that a process became has a recording" each_is_kept 'bash env env nice nice true true'
done
rm -f "$WORK"/kept/*
castaway -o "$WORK/kept/i.cast" env true
claim 'the plain name is that of the program that the process was in the end' \
    grep -q '"argv":\["true"' "$WORK/kept/i.cast"

finish
