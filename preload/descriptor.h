/* descriptor.h - a file descriptor that castaway keeps in the program, and may lose there. */
#ifndef CASTAWAY_PRELOAD_DESCRIPTOR_H
#define CASTAWAY_PRELOAD_DESCRIPTOR_H

#include <stdint.h>

/* A program that closes all descriptors closes ours too and may be given the number again: before each use it is looked
 * whether the file behind it is still the one that was opened. */
struct descriptor {
    int number; /* -1: none */
    uint64_t device, inode;
};

/* Keep `file` under a high number, closed on exec, where no program looks for its own; `file` itself is closed.
 * returns  0, or -1: it was closed. */
int descriptor_keep(struct descriptor *out, int file);
/* The same for one that has its number, and is closed on exec. */
int descriptor_adopt(struct descriptor *out, int file);
/* From which number on the program's own are not to be expected. */
long descriptor_number(void);
int descriptor_is_ours(const struct descriptor *);
/* Is this number one that is kept? The lowest such from first to last, or -1. context: any */
int descriptor_is_kept(int number);
int descriptor_kept_from(unsigned first, unsigned last);
/* Close it, if it is still ours. */
void descriptor_close(struct descriptor *);

/* The program may have used up all numbers: let go of some of its descriptors, but not of `kept_open` (-1: of any), nor of one
 * that the kernel's roots are read from. context: child */
void descriptor_make_room(int kept_open);

#endif
