/* write.h - what a search found, as a recording (analysis/README.md, "Recording"). */
#ifndef CASTAWAY_PRELOAD_WRITE_H
#define CASTAWAY_PRELOAD_WRITE_H

#include "analysis/cast.h"
#include "analysis/reason.h"
#include "scan.h"

enum { WRITE_POPULATIONS_MAX = 1000 };

/* This process is a snapshot child: it may wait for a slow reader. */
void write_be_patient(void);

/* All of the bytes, as they are. returns 0, or a negative errno: the reader is gone, or was given up. context: any */
int write_bytes(int file, const void *bytes, size_t count);

/* The recording of a scan, from header to end.
 * returns  0; negative errno: nothing whole was written. context: child */
int write_scan(int file, const struct scan_input *in, struct search *search);

/* Answers that need no scan; in->entry is that of the last one. */
int write_status(int file, const struct scan_input *in, struct search *search);
int write_top(int file, const struct scan_input *in, struct search *search);
int write_why(int file, const struct scan_input *in, struct search *search, uintptr_t address);

/* A recording that says only that something failed, and why. context: any */
int write_note(int file, const struct scan_input *in, enum note_code code, enum reason why);

#endif
