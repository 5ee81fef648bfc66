/* lsan.h - what LeakSanitizer's users have said already: LSAN_OPTIONS, and the functions that a program may define. */
#ifndef CASTAWAY_PRELOAD_LSAN_H
#define CASTAWAY_PRELOAD_LSAN_H

struct lsan {
    unsigned left_out; /* enum root_class: use_globals=0 and the like */
    int unaligned;     /* use_unaligned=1 */
    int off_at_exit;   /* detect_leaks=0, leak_check_at_exit=0 */
    int off;           /* detect_leaks=0 */
    /* What the program's own functions return; NULL where it has none. Read by the tool. */
    const char *default_options, *default_suppressions;
};
extern struct lsan lsan;

/* Read both. The program's options come first, those of the environment stand above them. context: first constructor */
void lsan_start(const char *environment_options);

/* Does the program say, now, that there shall be no check? context: cold; calls the program's function */
int lsan_is_turned_off(void);

#endif
