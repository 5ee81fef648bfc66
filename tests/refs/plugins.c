/* plugins ROUNDS PLUGIN: opens and closes it so often; the last round leaks. It calls it without any allocation in
 * between, so that nothing but the opening itself tells that a module came. Then threads do the same at once. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int run(const char *path, int leaks) {
    void *plugin = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    int (*function)(int) = plugin ? (int (*)(int))dlsym(plugin, "plugin_run") : NULL;
    if (!function)
        return 1;
    function(leaks);
    return leaks ? 0 : dlclose(plugin);
}

static int rounds;
static void *run_all(void *path) {
    for (int i = 0; i < rounds; i++)
        if (run(path, 0))
            return "failed";
    return NULL;
}

int main(int count, char **arguments) {
    pthread_t thread[3];
    void *failed = NULL;
    if (count < 3)
        return 2;
    rounds = atoi(arguments[1]);
    for (int i = 0; i < 3; i++)
        pthread_create(&thread[i], NULL, run_all, arguments[2]);
    for (int i = 0; i < 3; i++) {
        void *result;
        pthread_join(thread[i], &result);
        failed = result ? result : failed;
    }
    if (failed || run_all(arguments[2]) || run(arguments[2], 1)) {
        puts("failed");
        return 1;
    }
    return 0;
}
