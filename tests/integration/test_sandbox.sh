#!/usr/bin/env bash
# Programs that start others in a sandbox: these do and print what they would without castaway, and are recorded as well.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
here=$(cd "$(dirname "$0")" && pwd)
cd "$WORK" || exit 1

cat >sandbox.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
/* sandbox WAY KIND PROGRAM...: runs it where nothing can be written ("read-only"), or where the folder of temporary files is
 * another ("hidden"). WAY: how it gets there. */
static int is_in(const char *kind) {
    const struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        return 0;
    if (!strcmp(kind, "hidden"))
        return !mount("none", getenv("TMPDIR"), "tmpfs", 0, NULL);
    return !syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &attributes, sizeof attributes);
}
static void put(const char *path, const char *text, unsigned id) {
    char line[64];
    int file = open(path, O_WRONLY), bytes = snprintf(line, sizeof line, text, id);
    if (file < 0 || write(file, line, (size_t)bytes) != bytes)
        exit(125);
    close(file);
}
static unsigned user, group;
static char **program;
static int inside(void *kind) {
    put("/proc/self/uid_map", "0 %u 1", user);
    put("/proc/self/setgroups", "deny", 0);
    put("/proc/self/gid_map", "0 %u 1", group);
    if (!is_in(kind))
        return 125;
    execvp(program[0], program);
    return 126;
}
int main(int count, char **arguments) {
    static char stack[1 << 16];
    const char *way = count > 3 ? arguments[1] : "";
    int flags = CLONE_NEWUSER | CLONE_NEWNS, status = 0;
    pid_t child = -1;
    user = geteuid(), group = getegid(), program = arguments + 3;
    if (!strcmp(way, "unshare"))
        return unshare(flags) ? 124 : inside(arguments[2]);
    if (!strcmp(way, "clone"))
        child = clone(inside, stack + sizeof stack, flags | SIGCHLD, arguments[2]);
    if (!strcmp(way, "vfork"))
        child = clone(inside, stack + sizeof stack, flags | CLONE_VM | CLONE_VFORK | SIGCHLD, arguments[2]);
    if (!strcmp(way, "number"))
        child = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
    if (!strcmp(way, "clone3")) {
        struct clone_args args = {.flags = (uint64_t)flags, .exit_signal = SIGCHLD};
        child = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    }
    if (child == 0)
        _exit(inside(arguments[2]));
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 124;
    return WEXITSTATUS(status);
}
C
cat >leak.c <<'C'
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "dropped.h"
/* leak: drops 1 byte, has others drop 2, 4, 8 and 16, which it starts in different ways, and prints a line. leak SIZE: drops so
 * many. */
int main(int count, char **arguments) {
    char *eight[] = {"./leak", "8", NULL}, *nothing[] = {NULL};
    pid_t child;
    drop(count > 1 ? (size_t)atoi(arguments[1]) : 1);
    clear();
    if (count > 1)
        return 0;
    if (execl("./nowhere", "nowhere", NULL) != -1 || system("./leak 2; :"))
        return 1;
    if (fork() == 0)
        execle("./leak", "leak", "4", NULL, nothing);
    if (posix_spawn(&child, "./leak", NULL, NULL, eight, nothing))
        return 2;
    while (wait(NULL) > 0)
        ;
    FILE *shell = popen("./leak 16; env | grep -c added", "r");
    char line[64] = "";
    printf("%s", fgets(line, sizeof line, shell));
    fprintf(stderr, "%d\n", access("leak", W_OK));
    pclose(shell);
    return 7;
}
C
cat >users.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
/* In namespaces of its own, but for that of files: has it folders open? (Chromium ends when it has.) */
static int count_folders(void) {
    struct stat status;
    int count = 0;
    for (int file = 0; file < 4096; file++)
        count += !fstat(file, &status) && S_ISDIR(status.st_mode);
    return count;
}
int main(void) {
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        _exit(count_folders() ? 1 : unshare(CLONE_NEWUSER) ? 2 : count_folders() ? 3 : 0);
    int status;
    return waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : 4;
}
C
cat >locked.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
/* Forbids itself to make or write any file (Landlock), and becomes another program. */
int main(int count, char **arguments) {
    struct landlock_ruleset_attr attributes = {.handled_access_fs =
                                                   LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG};
    long rules = syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (rules < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, rules, 0))
        return 125;
    if (count > 1)
        execv(arguments[1], arguments + 1);
    return 0;
}
C
gcc -w -o users users.c && gcc -w -o locked locked.c || exit 1
gcc -w -g -O1 -o sandbox sandbox.c && gcc -w -g -O1 -fno-builtin -I"$here" -o leak leak.c && gcc -static -o static -x c - <<<'int main() {}' || exit 1
if ! ./sandbox number read-only true; then
    claim 'left out: no namespaces for users here' true
    finish
    exit
fi
export TMPDIR=$WORK/temporary
mkdir "$TMPDIR"

same() { # COMMAND...: its output and status, as without castaway
    "$@" >plain 2>plain.err
    echo $? >>plain
    timeout -k 5 60 "$CASTAWAY" --fail-on none --text /dev/null --json json "$@" >out 2>err
    echo $? >>out
    head -3 err
    cmp plain out && cmp plain.err err
}
lost() { # OBJECTS BYTES
    jq -e "(.summary.lost | [.objects, .bytes] == [$1, $2]) or (.summary.lost | debug | false)" json >/dev/null
}
is_whole() { # nothing limits it
    jq -e '[.notes[].code] - ["left-running"] == [] or (.notes | debug | false)' json >/dev/null
}
for way in unshare clone vfork number clone3; do
    for kind in read-only hidden; do
        claim "$kind, by $way: the program is as without castaway" same ./sandbox $way $kind ./leak
        claim "$kind, by $way: what it starts is recorded, and what that starts" lost 5 31
        claim "$kind, by $way: and no part is missing" is_whole
    done
done
# What outlives castaway there.
mkfifo begin
outlives() { # KIND: ./leak 8 runs in the sandbox when castaway has ended
    rm -f json.*
    timeout -k 5 60 "$CASTAWAY" --fail-on none --text /dev/null --json json \
        ./sandbox number "$1" sh -c '(read -r _; ./leak 8; echo done >end) <begin >/dev/null 2>&7 & :' 7>>err.left &&
        echo >begin && timeout -k 5 60 cat end
}
mkfifo end
: >err.left
claim 'what outlives castaway in a sandbox ends' outlives hidden
claim 'and leaves what it has found' sh -c 'jq -e .summary.lost.bytes json.* | grep -qx 8'
claim 'where nothing can be written it ends as well' outlives read-only
claim 'and says nothing' test ! -s err.left
claim "a namespace of users leaves all files in place: no folder is opened" same ./users </dev/null
claim 'what is not watched in a sandbox' same ./sandbox number hidden sh -c './static; ./static; exit 3'
claim 'is told' jq -e '.notes[] | select(.code == "unwatched") | .count == 2' json
mkdir kept
gcc -w -static -o static-sandbox sandbox.c || exit 1
for kind in read-only hidden; do
    claim "$kind, made by what is not watched" same sh -c "./static-sandbox number $kind ./leak; exit 3"
    claim "$kind, made by what is not watched: that is told" \
        jq -e '.notes[] | select(.code == "unwatched") | .detail | test("static-sandbox")' json
done
claim 'a recording is kept of each' timeout -k 5 60 "$CASTAWAY" -q --fail-on none -o kept/x.cast \
    ./sandbox unshare read-only sh -c './leak 8; exec ./leak 4'
claim 'under its name' test "$(jq -r 'select(.record == "header") | .argv[0]' kept/* | sort | tr '\n' ' ')" = './leak ./leak ./sandbox sh '
claim 'that of the program is what it was in the end' jq -e -s '.[0].argv == ["./leak", "4"]' kept/x.cast

if ./locked; then
    claim 'Landlock: the program is as without castaway' same ./locked ./leak
    claim 'Landlock: what it becomes is recorded, and what that starts' lost 5 31
    claim 'Landlock: and no part is missing' is_whole
fi
if bwrap --ro-bind / / true 2>/dev/null; then
    claim 'bubblewrap' same bwrap --ro-bind / / --chdir "$WORK" ./leak
    claim 'has what it runs recorded' lost 5 31
    claim 'also in namespaces of its own' same bwrap --unshare-all --bind / / --proc /proc --dev /dev --tmpfs "$TMPDIR" --chdir "$WORK" ./leak
    claim 'has that recorded' lost 5 31
fi
finish
