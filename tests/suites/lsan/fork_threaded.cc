/* a child of a thread: neither loses anything
 * run: | clean
 */
#include <cassert>
#include <pthread.h>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>
static pthread_barrier_t barrier;
static __thread void *local;
static void *run(void *) {
    local = malloc(1337);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return nullptr;
}
int main() {
    pthread_t thread;
    pthread_barrier_init(&barrier, nullptr, 2);
    pthread_create(&thread, nullptr, run, nullptr);
    pthread_barrier_wait(&barrier);
    pid_t child = fork();
    if (child == 0)
        return 0;
    int status;
    waitpid(child, &status, 0);
    exit(status != 0);
}
