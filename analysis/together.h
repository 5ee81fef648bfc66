/* together.h - one file for the recordings of many small processes.
 *
 * Shared by the library, which adds to it, and the tool, which reads it. It stands in the folder of `castaway run`. */
#ifndef CASTAWAY_ANALYSIS_TOGETHER_H
#define CASTAWAY_ANALYSIS_TOGETHER_H

/* An empty line and a recording, over and over. Who adds one has it locked (F_SETLK: processes that
 * were handed an open file of it have that in common, so flock(2) would not keep them apart), and so does who reads it. Before an
 * empty line there may be lines of the list of unwatched programs. */
#define TOGETHER_FILE "together"

#endif
