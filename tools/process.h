/* process.h - start the program and wait for it, as if castaway were not between it and its parent. */
#ifndef CASTAWAY_TOOLS_PROCESS_H
#define CASTAWAY_TOOLS_PROCESS_H

#include <sys/types.h>

/* Execute `path` and wait until it ends. It keeps our process group, files, signal mask and dispositions. While it
 * runs, the signals that end or steer a program do nothing here: those that a process sends to us are passed on to it,
 * those of the terminal (Ctrl-C) it has got already.
 *
 * meanwhile  called when it has been started, or NULL
 * returns  0 with its pid and wait status, or an errno: it could not be started */
int process_run(const char *path, char **arguments, char **environment, void (*meanwhile)(void), pid_t *pid,
                int *wait_status);

/* Die of `signal` as the program did, without a core of our own. Returns only if that signal does not kill. */
void process_die_of(int signal);

#endif
