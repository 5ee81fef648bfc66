/* top_screen.h - one frame of `castaway top` as lines of text; who draws them is not its concern. */
#ifndef CASTAWAY_TOOLS_TOP_SCREEN_H
#define CASTAWAY_TOOLS_TOP_SCREEN_H

#include "top.h"

enum top_page { PAGE_LIST, PAGE_ROW, PAGE_HELP };

/* What the user looks at. */
struct top_view {
    const char *program; /* escaped */
    const char *message; /* why there was no answer; NULL: there was */
    enum top_page page;
    enum top_list list;
    enum top_order order[TOP_LISTS];
    char filter[64];
    bool typing, paused; /* typing: the filter */
    uint64_t key;        /* of the selected row */
    size_t selected, first, scroll;
    size_t width, height;
    bool utf8;
    size_t rows;       /* out: in the list, after the filter */
    size_t scroll_max; /* out */
};

enum top_style { TOP_PLAIN, TOP_TITLE, TOP_HEADER, TOP_SELECTED, TOP_FOOTER };
struct top_line {
    enum top_style style;
    const char *text; /* at most `width` columns */
};
struct top_lines {
    struct pool *pool; /* of the lines */
    struct top_line *list;
    size_t count, capacity;
};

/* The whole screen: exactly `height` lines. Keeps the selection on its row and in sight. */
void top_draw(struct top *, struct top_view *, struct top_lines *);

/* Both lists for a script, `most` rows of each, without a selection. */
void top_draw_once(struct top *, struct top_view *, size_t most, struct top_lines *);

#endif
