/* a timer's signals that go on while the threads are stopped
 * run: | leaked=1/1337
 */
#include <cstdio>
#include <cstdlib>
#include <csignal>
#include <sys/time.h>
extern "C" [[gnu::weak]] int __lsan_do_recoverable_leak_check();
static void on_signal(int) {
}
int main() {
    struct itimerval every = {{0, 1000}, {0, 1000}};
    signal(SIGPROF, on_signal);
    signal(SIGALRM, on_signal);
    setitimer(ITIMER_PROF, &every, nullptr);
    setitimer(ITIMER_REAL, &every, nullptr);
    fprintf(stderr, "%p\n", malloc(1337));
    for (int i = 0; i < 5 && __lsan_do_recoverable_leak_check; i++)
        if (!__lsan_do_recoverable_leak_check())
            return 1;
    return 0;
}
