#!/usr/bin/env bash
# A program that has used up all its descriptors is judged like any other: what its threads and the kernel hold is not lost.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
cd "$WORK" || exit 1
cat >full.c <<'C'
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#define APART __attribute__((noinline))
static pthread_barrier_t ready;
static int pipes[2];

static APART void *make(size_t size) { return memset(malloc(size), 0, size); }
static APART void clear(void) { volatile char area[65536]; for (size_t i = 0; i < sizeof area; i++) area[i] = 0; }
static APART void drop(void) { make(40); }
static APART void give_to_epoll(void) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = make(56)};
    pipe(pipes);
    epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, pipes[0], &event);
}
static void *hold(void *unused) {
    void *volatile mine = make(72);
    pthread_barrier_wait(&ready);
    for (;;)
        pause();
    return mine;
}
/* full END: exit, killed (after a while, in which it is scanned) or become (another program) */
int main(int count, char **words) {
    pthread_t thread;
    pthread_barrier_init(&ready, NULL, 2);
    pthread_create(&thread, NULL, hold, NULL);
    pthread_barrier_wait(&ready);
    drop();
    give_to_epoll();
    clear();
    while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
        ;
    if (strcmp(words[1], "become") == 0)
        execl("/bin/true", "true", NULL);
    if (strcmp(words[1], "killed") == 0) {
        usleep(1500000);
        kill(getpid(), SIGKILL);
    }
    return 0;
}
C
gcc -O0 -g -w -pthread -o full full.c
sees() { # OBJECTS BYTES: that are lost
    local got
    got=$(jq -c '[.summary.lost.objects, .summary.lost.bytes]' json)
    [ "$got" = "[$1,$2]" ] || { echo "$got"; jq -c .notes json; false; }
}
unprivileged() { if [ "$(id -u)" = 0 ]; then setpriv --bounding-set -sys_resource --inh-caps -sys_resource "$@"; else "$@"; fi; }
limited() { # ULIMIT-OPTION OPTIONS... -- END
    local option=$1
    shift
    rm -f json
    { (ulimit "$option" 40 && unprivileged "$CASTAWAY" --json json "${@:1:$#-2}" ./full "${@: -1}") >out 2>err; } 2>/dev/null
    status=$?
}
for option in -Sn -n; do
    limited $option -- exit
    claim "no descriptor left (ulimit $option): the end is judged" status_is 23
    claim "no descriptor left (ulimit $option): what was dropped is lost, and nothing else" sees 1 40
    limited $option -- become
    claim "no descriptor left (ulimit $option): what became another program is judged" status_is 23
    claim "no descriptor left (ulimit $option): what that had dropped is lost, and nothing else" sees 1 40
    limited $option --scan-every 300ms --confirm 1 -- killed
    claim "no descriptor left (ulimit $option): scans while it runs find what was dropped, and nothing else" sees 1 40
done
finish
