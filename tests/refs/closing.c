/* closing PLUGIN: forks while another thread is closing a plug-in, which is gone; the child opens another one, and that leaks.
 * later.so.c holds the close up. */
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern void (*dlclose_later)(void);
static sem_t closed, forked;

static void wait_for_fork(void) {
    dlclose_later = NULL;
    sem_post(&closed);
    sem_wait(&forked);
}
static void *close_plugin(void *plugin) {
    dlclose_later = wait_for_fork;
    dlclose(plugin);
    return NULL;
}

static void *open_plugin(const char *path) {
    void *plugin = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (!plugin) {
        puts(dlerror());
        exit(1);
    }
    return plugin;
}

int main(int count, char **arguments) {
    pthread_t thread;
    int status;
    if (count < 2 || sem_init(&closed, 0, 0) || sem_init(&forked, 0, 0))
        return 2;
    pthread_create(&thread, NULL, close_plugin, open_plugin(arguments[1]));
    sem_wait(&closed);
    pid_t child = fork();
    if (child == 0) {
        int (*run)(int) = (int (*)(int))dlsym(open_plugin(arguments[1]), "plugin_run");
        return run ? run(1) : 1;
    }
    waitpid(child, &status, 0);
    sem_post(&forked);
    pthread_join(thread, NULL);
    return status != 0;
}
