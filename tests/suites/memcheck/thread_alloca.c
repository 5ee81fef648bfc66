/* many threads come and go, then the program becomes itself again with more in its environment, several times
 * run: 3 | leaked=0/0 status=0
 */
#include <alloca.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void *nothing(void *unused) {
    return unused;
}
static int again(char **words, char **environment) {
    char more[64], number[12];
    size_t count = 0;
    while (environment[count])
        count++;
    char **larger = malloc((count + 2) * sizeof *larger);
    memcpy(larger, environment, count * sizeof *larger);
    snprintf(more, sizeof more, "MORE%s=%s", words[1], "something that takes room");
    snprintf(number, sizeof number, "%d", atoi(words[1]) - 1);
    larger[count] = more;
    larger[count + 1] = NULL;
    execle(words[0], words[0], number, NULL, larger);
    return 1;
}
int main(int count, char **words, char **environment) {
    pthread_t threads[50];
    for (int i = 0; i < 50; i++)
        pthread_create(&threads[i], NULL, nothing, NULL);
    memset(alloca(4096), 0, 4096);
    for (int i = 0; i < 50; i++)
        pthread_join(threads[i], NULL);
    return count == 2 && atoi(words[1]) > 0 ? again(words, environment) : 0;
}
