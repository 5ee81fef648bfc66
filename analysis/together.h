/* together.h - one file for the recordings of many small processes.
 *
 * Shared by the library, which adds to it, and the tool, which reads it. It stands in the folder of `castaway run`. */
#ifndef CASTAWAY_ANALYSIS_TOGETHER_H
#define CASTAWAY_ANALYSIS_TOGETHER_H

/* An empty line and a recording, over and over. Who adds one holds flock(2) of it, and so does who reads it. */
#define TOGETHER_FILE "together"

#endif
