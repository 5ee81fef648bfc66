#!/usr/bin/env bash
# Programs that become other users: what they are recorded in is open to nobody who could not read it before.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
here=$(cd "$(dirname "$0")" && pwd)
cd "$WORK" || exit 1
if [ "$(id -u)" != 0 ] || ! setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null; then
    claim 'left out: not root' true
    finish
    exit
fi
chmod 755 "$WORK"

cat >folder.h <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* The folder of the recordings; NULL: none. */
static char *folder(void) {
    static char path[4096];
    const char *options = getenv("CASTAWAY_OPTIONS"), *at = options ? strstr(options, "dir='") : NULL;
    if (!at)
        return NULL;
    snprintf(path, sizeof path, "%.*s", (int)strcspn(at + 5, "'"), at + 5);
    return path;
}
C
cat >refused.c <<'C'
#include <sys/stat.h>
#include <unistd.h>
#include "folder.h"
/* Asks for what it may not have, and prints the modes of the recordings' folder and of what it holds. */
int main(void) {
    char path[8192];
    struct stat status;
    if (!folder() || setuid(1) == 0)
        return 1;
    printf("%o\n", stat(folder(), &status) ? 0 : status.st_mode & 07777);
    snprintf(path, sizeof path, "%s/u1", folder());
    printf("%o\n", stat(path, &status) ? 0 : status.st_mode & 07777);
    return 0;
}
C
cat >planted.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "folder.h"
static void keep_right(unsigned right) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{.effective = 1u << right, .permitted = 1u << right}};
    if (syscall(SYS_capset, &header, data))
        exit(9);
}
/* Another user of the same group makes a file in the folder of user 65534, of a name that castaway will want, and a pipe in
 * that of its list. Prints what is in the file when the program has ended. */
static void plant(const char *name, int begin, int done) {
    char path[8192], byte;
    struct stat status;
    if (read(begin, &byte, 1) != 1 || syscall(SYS_setuid, 1))
        _exit(8);
    snprintf(path, sizeof path, "%s/u65534/%s", folder(), name);
    umask(0);
    int file = open(path, O_RDWR | O_CREAT | O_EXCL, 0666);
    snprintf(path, sizeof path, "%s/u65534/unwatched", folder());
    int error = mkfifo(path, 0666);
    snprintf(path, sizeof path, "%s/u65534/1.cast", folder());
    error |= symlink(getenv("PLANTED"), path);
    snprintf(path, sizeof path, "%s/u65534/2.cast", folder());
    dprintf(open(path, O_WRONLY | O_CREAT, 0666), "%s", getenv("RECORDING"));
    close(done);
    while (read(begin, &byte, 1) > 0)
        ;
    printf("%d %ld\n", file < 0 || error, fstat(file, &status) ? -1 : (long)status.st_size);
    fflush(stdout);
    _exit(0);
}
int main(void) {
    char name[64], byte;
    int begin[2], done[2];
    snprintf(name, sizeof name, ".%d.unfinished", (int)getpid());
    if (setgid(65534) || pipe2(begin, O_CLOEXEC) || pipe2(done, O_CLOEXEC))
        return 1;
    keep_right(CAP_SETUID);
    if (fork() == 0) {
        close(begin[1]);
        close(done[0]);
        plant(name, begin[0], done[1]);
    }
    close(begin[0]);
    close(done[1]);
    if (setuid(65534) || write(begin[1], "", 1) != 1)
        return 2;
    (void)!read(done[0], &byte, 1);
    void *volatile lost = malloc(40);
    lost = NULL;
    (void)!system("env -i LD_PRELOAD= true");
    return 7;
}
C
cat >awhile.c <<'C'
#define _GNU_SOURCE
#include <sys/wait.h>
#include <unistd.h>
#include "castaway.h"
#include "dropped.h"
static int scan(void) {
    clear();
    return castaway_check() < 1;
}
/* Scanned as one user and as another, and as what it was before. */
int main(int count, char **arguments) {
    const char *end = count > 1 ? arguments[1] : "";
    drop(40);
    if (scan())
        return 1;
    if (!strcmp(end, "child")) {
        if (vfork() == 0)
            _exit(setuid(65534) != 0);
        wait(NULL);
    } else if (seteuid(65534) || seteuid(0) || scan())
        return 2;
    if (!strcmp(end, "other") && seteuid(65534))
        return 3;
    drop(50);
    clear();
    return 0;
}
C
gcc -g -O1 -o refused refused.c && gcc -g -O1 -o planted planted.c || exit 1
gcc -w -g -O1 -fno-builtin -I"$here/../../preload" -I"$here" -o awhile awhile.c || exit 1
cat >scanned.c <<'C'
#include <unistd.h>
#include "castaway.h"
#include "dropped.h"
/* Scanned, and again as another user, who has no rights over what the first one made. */
int main(void) {
    drop(30);
    clear();
    if (castaway_check() < 1)
        return 1;
    drop(40);
    if (setgid(65534) || setuid(65534))
        return 2;
    clear();
    return castaway_check() < 2 ? 3 : 0;
}
C
gcc -w -g -O1 -fno-builtin -I"$here/../../preload" -I"$here" -o scanned scanned.c || exit 1

setpriv --reuid 65534 --regid 65534 --clear-groups "$CASTAWAY" --fail-on none --text /dev/null ./refused >out 2>err
claim 'one who may not become another user opens nothing' [ "$(tr '\n' ' ' <out)" = '700 0 ' ]

build_sample
sample_recording >planted.cast
PLANTED=$PWD/planted.cast RECORDING=$(cat planted.cast) timeout -k 5 60 "$CASTAWAY" --fail-on none --json json ./planted 2>err |
    cat >out
claim "a file that another user of the group has put there gets nothing" [ "$(cat out)" = '0 0' ]
claim 'nor does a pipe hold the program up' [ "$(wc -l <out)" = 1 ]
claim 'and no recording is read that another user has put there' jq -e '.summary.cycle.objects == 0' json

for end in root other child; do
    castaway --fail-on none --json json ./awhile "$end"
    claim "a program that was another user for a while ($end) has one recording" \
        jq -e '.summary.lost | [.objects, .bytes] == [2, 90]' json
    claim "($end) which is that of its end" jq -e '[.notes[].code] | index("last-scan") | not' json
done

# It may write as before until the exec.
castaway -q --text /dev/null --json json setpriv --reuid 65534 --regid 65534 --clear-groups true
claim 'what became another user and then another program has a recording of its end' test "$status" = 0
claim 'nothing is missing then' jq -e '.notes == []' json

for method in exclusive read-all; do
    timeout -k 5 60 "$CASTAWAY" --dirty-pages $method --fail-on none --text /dev/null --json json ./scanned 2>err
    claim "a program that may not kill what it began as another user goes on ($method)" [ $? = 0 ]
    claim "and all is found ($method)" jq -e '.summary.lost | [.objects, .bytes] == [2, 70]' json
done
finish
