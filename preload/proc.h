/* proc.h - reading /proc by raw system calls: lines, folders, numbers. No memory but the caller's. */
#ifndef CASTAWAY_PRELOAD_PROC_H
#define CASTAWAY_PRELOAD_PROC_H

#include <stddef.h>
#include <stdint.h>

struct proc_reader {
    int file;
    size_t at, fill;
    char buffer[8192];
};

/* The folder /proc itself, opened before the program changed its root; -1: it has not. Set by rights.c. */
extern int proc_root;
/* Open something below /proc for reading. returns a descriptor or a negative errno */
long proc_file(const char *path, int flags);

int proc_open(struct proc_reader *reader, const char *path); /* 0 or a negative errno */
void proc_close(struct proc_reader *reader);
/* The next line without its newline, cut to max - 1 bytes. returns its length + 1; 0 at the end */
size_t proc_line(struct proc_reader *reader, char *line, size_t max);

/* Call visit for each name in a folder but "." and "..". returns 0 or a negative errno */
typedef void proc_name_cb(void *context, const char *name);
int proc_each(const char *folder, proc_name_cb *visit, void *context);

uintptr_t proc_hex(const char **text); /* *text moves behind the digits */
int proc_number(const char *text);     /* a decimal number, or 0 when there is anything else */
enum { PROC_DECIMAL_BYTES = 12 };
size_t proc_decimal(int number, char *out); /* digits written; a NUL follows. out: PROC_DECIMAL_BYTES */

#endif
