/* state.h - for programs that wait until others stand in a wait. */
#ifndef CASTAWAY_TESTS_LIVE_STATE_H
#define CASTAWAY_TESTS_LIVE_STATE_H

#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Of a thread, as /proc has it: S in a wait, T stopped. A process that can't be looked at ends ours. */
static char state_of(pid_t process, pid_t thread) {
    char name[64], state = 0;
    snprintf(name, sizeof name, "/proc/%d/task/%d/stat", process, thread);
    FILE *file = fopen(name, "r");
    if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        _exit(100);
    fclose(file);
    return state;
}

/* For some seconds at most. */
static void state_wait(pid_t process, pid_t thread, char state) {
    struct timespec pause = {.tv_nsec = 1000000};
    for (int left = 5000; left && state_of(process, thread) != state; left--)
        nanosleep(&pause, NULL);
}

#endif
