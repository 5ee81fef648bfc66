/* deepbind.h - plug-ins that look for libc's functions before ours. */
#ifndef CASTAWAY_PRELOAD_DEEPBIND_H
#define CASTAWAY_PRELOAD_DEEPBIND_H

/* From now on what is opened with RTLD_DEEPBIND gets our functions as well. context: cold, after pairs_start() */
void deepbind_start(void);

#endif
