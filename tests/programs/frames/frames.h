/* frames.h - record what libunwind's unw_step says about a call, right before castaway records the same call. */
#ifndef CASTAWAY_TESTS_FRAMES_H
#define CASTAWAY_TESTS_FRAMES_H

#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <libunwind.h>
#include <link.h>
#include <stdio.h>
#include "../program.h"

enum { FRAMES_MAX = 64 }; /* that castaway keeps */

/* Print this stack as `SIZE MODULE OFFSET...` lines, innermost frame first; offsets are link-time addresses. */
static inline __attribute__((always_inline)) void frames_print(size_t size) {
    unw_context_t context;
    unw_cursor_t cursor;

    unw_getcontext(&context);
    unw_init_local(&cursor, &context);
    int left = FRAMES_MAX;
    do {
        unw_word_t address = 0;
        Dl_info info;
        struct link_map *map = NULL;

        unw_get_reg(&cursor, UNW_REG_IP, &address);
        if (!dladdr1((void *)address, &info, (void **)&map, RTLD_DL_LINKMAP))
            break;
        printf("%zu %s %lu\n", size, *map->l_name ? map->l_name : "main", (unsigned long)(address - map->l_addr));
    } while (--left && unw_step(&cursor) > 0);
}

/* Drop an object of `size` bytes, which no other call has, and say from where. */
#define DROP_RECORDED(size) (frames_print(size), (void)NEW_BYTES(size))

#endif
