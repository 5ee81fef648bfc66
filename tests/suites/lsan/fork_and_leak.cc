/* a child loses something; its parent nothing
 * run: | leaked=1/1337
 */
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>
void *volatile sink;
int main() {
    pid_t child = fork();
    if (child > 0) {
        int status;
        waitpid(child, &status, 0);
        return 0;
    }
    for (int i = 0; i < 10; i++)
        sink = nullptr;
    sink = malloc(1337);
    sink = nullptr;
    return 0;
}
