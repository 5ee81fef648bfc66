/* command_top.c - `castaway top PID`: sites and findings of a running program, again and again.
 *
 * One loop waits for keys and for the answer at once, so that a slow program never makes the screen slow.
 * Start: command_top(); the loop is watch(). */
#include "asking.h"
#include "command.h"
#include "escape.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "top_screen.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ONCE_ROWS = 20,
    WIDTH_DEFAULT = 80,
    WIDTH_LEAST = 20,
    WIDTH_MOST = 1000,
    ESCAPE_KEY = 27,
    DELAY_MS = 25,
    FAR = 1 << 30
};

struct watching {
    struct asking asking;
    struct top top;
    struct top_view view;
    int64_t next_ms; /* when to ask again */
    bool asked, quit;
};

/* ---- answers ---- */

static void tell(const struct asking *asking) {
    if (asking->control.error)
        message_error("%s", asking->control.error);
}

/* The recording becomes a part of the frame. */
static int take_answer(struct watching *watching, struct recording *recording, struct pool *pool) {
    struct control *control = &watching->asking.control;
    if (control_note(recording, "busy")) {
        recording_close(recording);
        pool_free(pool);
        return 0;
    }
    if (!recording->has_status) {
        message_error("the answer of process %d holds no status", (int)control->watched.pid);
        recording_close(recording);
        pool_free(pool);
        return -1;
    }
    watching->view.message = NULL;
    top_take(&watching->top, recording, pool, control_now_ms());
    watching->view.program =
        pool_printf(&watching->top.pool, "%s[%d]",
                    escape_text(&watching->top.pool, recording->argc ? recording->argv[0] : "?", watching->view.utf8),
                    (int)control->watched.pid);
    return 0;
}

static int ask_first(struct watching *watching) {
    struct asking *asking = &watching->asking;
    if (asking_ask(asking, "top"))
        return -1;
    /* Strings of the answer are in asking's pool, which lives longer than all frames. */
    struct recording recording = asking->recording;
    struct pool pool = {0};
    asking->recording = (struct recording){.path = ""};
    return take_answer(watching, &recording, &pool);
}

/* ---- one frame ---- */

static size_t width_of_terminal(void) {
    const char *given = getenv("COLUMNS");
    int width = given ? atoi(given) : WIDTH_DEFAULT;
    return width >= WIDTH_LEAST && width <= WIDTH_MOST ? (size_t)width : WIDTH_DEFAULT;
}

static json_t *sites_json(struct pool *pool, struct top *top, const struct view *view) {
    json_t *list = json_array();
    size_t count = top_arrange(top, TOP_SITES, TOP_BY_BYTES, "");
    for (size_t i = 0; i < count; i++) {
        const struct top_row *row = &top->rows[TOP_SITES][i];
        json_t *object = json_object();
        json_object_set_new(object, "objects", json_number(row->objects));
        json_object_set_new(object, "bytes", json_number(row->bytes));
        json_object_set_new(object, "objects_by_generation", json_by_generation(row->by_generation));
        json_object_set_new(object, "bytes_per_minute",
                            row->has_rate ? json_integer(row->bytes_per_minute) : json_null());
        json_object_set_new(object, "stack", json_stack(pool, top_stack(top, row), view));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *growing_json(struct pool *pool, struct top *top, const struct view *view) {
    json_t *list = json_array();
    for (size_t i = 0; i < top->row_count[TOP_FINDINGS]; i++) {
        const struct top_row *row = &top->rows[TOP_FINDINGS][i];
        if (!row->growth)
            continue;
        struct report_path path = report_path(&top->report, &row->growth->path);
        json_t *object = json_object();
        json_object_set_new(object, "objects", json_number(row->objects));
        json_object_set_new(object, "bytes", json_number(row->bytes));
        json_object_set_new(object, "bytes_per_minute", json_integer(row->bytes_per_minute));
        json_object_set_new(object, "scans", json_number(row->growth->scans));
        json_object_set_new(object, "stack", json_stack(pool, top_stack(top, row), view));
        json_object_set_new(object, "path", json_path(pool, &path, view));
        json_array_append_new(list, object);
    }
    return list;
}

static void frame_json(FILE *file, struct pool *pool, struct watching *watching, const struct view *view) {
    struct top *top = &watching->top;
    json_t *root = json_object();
    json_object_set_new(root, "pid", json_integer(watching->asking.control.watched.pid));
    json_object_set_new(root, "recorded_seconds", json_seconds((int64_t)top->recording.status.recorded_us));
    json_object_set_new(root, "sites", sites_json(pool, top, view));
    json_object_set_new(root, "findings", json_findings(pool, &top->report, view));
    json_object_set_new(root, "growing", growing_json(pool, top, view));
    json_put(file, root);
}

static void frame_text(FILE *file, struct pool *pool, struct watching *watching, const struct view *view) {
    struct top_lines lines = {.pool = pool};
    struct top_view *shown = &watching->view;
    shown->width = width_of_terminal();
    shown->utf8 = view->utf8;
    top_draw_once(&watching->top, shown, ONCE_ROWS, &lines);
    for (size_t i = 0; i < lines.count; i++)
        fprintf(file, "%s\n", lines.list[i].text);
}

static void write_frame(FILE *file, const void *content, enum format format, const struct view *view) {
    struct pool scratch = {0};
    struct watching *watching = (struct watching *)content; /* sorting is no change that anybody sees */
    (format == FORMAT_JSON ? frame_json : frame_text)(file, &scratch, watching, view);
    pool_free(&scratch);
}

/* ---- keys ---- */

static void select_row(struct top_view *view, long by) {
    long row = (long)(view->page == PAGE_ROW ? view->scroll : view->selected) + by;
    long last = (long)(view->page == PAGE_ROW ? view->scroll_max : view->rows ? view->rows - 1 : 0);
    row = row < 0 ? 0 : row > last ? last : row;
    if (view->page == PAGE_ROW)
        view->scroll = (size_t)row;
    else
        view->selected = (size_t)row;
    view->key = view->page == PAGE_ROW ? view->key : 0;
}

static void move_selection(struct top_view *view, int key) {
    static const struct {
        int key, rows, pages;
    } moves[] = {{KEY_UP, -1, 0},    {'k', -1, 0},      {KEY_DOWN, 1, 0},    {'j', 1, 0},
                 {KEY_PPAGE, 0, -1}, {KEY_NPAGE, 0, 1}, {KEY_HOME, -FAR, 0}, {KEY_END, FAR, 0}};
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (moves[i].key == key)
            select_row(view, moves[i].rows + moves[i].pages * (long)(view->height > 6 ? view->height - 5 : 1));
}

static void sort_by(struct top_view *view, int key) {
    static const char letters[] = {
        [TOP_BY_BYTES] = 'b', [TOP_BY_OBJECTS] = 'o', [TOP_BY_GROWTH] = 'g', [TOP_BY_AGE] = 'a', [TOP_BY_NAME] = 'n'};
    enum top_order *order = &view->order[view->list];
    if (key == 's')
        *order = (*order + 1) % TOP_ORDERS;
    for (int i = 0; i < TOP_ORDERS; i++)
        if (letters[i] == key)
            *order = (enum top_order)i;
}

static void type_filter(struct top_view *view, int key) {
    size_t length = strlen(view->filter);
    if (key == ESCAPE_KEY)
        view->filter[0] = '\0';
    if (key == ESCAPE_KEY || key == '\n' || key == '\r' || key == KEY_ENTER)
        view->typing = false;
    else if ((key == KEY_BACKSPACE || key == 127 || key == '\b') && length)
        view->filter[length - 1] = '\0';
    else if (key >= ' ' && key < 256 && key != 127 && length + 1 < sizeof view->filter) {
        view->filter[length] = (char)key;
        view->filter[length + 1] = '\0';
    }
}

static void show_page(struct top_view *view, enum top_page page) {
    view->page = page;
    view->scroll = 0;
}

static void press(struct watching *watching, int key) {
    struct top_view *view = &watching->view;
    if (view->typing) {
        type_filter(view, key);
    } else if (key == 'q') {
        watching->quit = true;
    } else if (key == '?' || key == 'h') {
        show_page(view, view->page == PAGE_HELP ? PAGE_LIST : PAGE_HELP);
    } else if (key == ESCAPE_KEY || key == KEY_LEFT || key == KEY_BACKSPACE) {
        show_page(view, PAGE_LIST);
    } else if (key == 'p') {
        view->paused = !view->paused;
    } else if (key == 'r') {
        watching->next_ms = 0;
    } else if (view->page == PAGE_LIST && (key == '\n' || key == '\r' || key == KEY_ENTER || key == KEY_RIGHT)) {
        show_page(view, PAGE_ROW);
    } else if (view->page == PAGE_LIST && key == '\t') {
        view->list = (view->list + 1) % TOP_LISTS;
        view->key = view->selected = view->first = 0;
    } else if (view->page == PAGE_LIST && key == '/') {
        view->typing = true;
    } else {
        move_selection(view, key);
        if (view->page == PAGE_LIST)
            sort_by(view, key);
    }
}

/* ---- the screen ---- */

static void draw(struct watching *watching) {
    static const attr_t attributes[] = {
        [TOP_PLAIN] = A_NORMAL, [TOP_TITLE] = A_BOLD, [TOP_HEADER] = A_REVERSE, [TOP_SELECTED] = A_STANDOUT | A_BOLD,
        [TOP_FOOTER] = A_DIM,
    };
    struct pool scratch = {0};
    struct top_lines lines = {.pool = &scratch};
    struct top_view *view = &watching->view;
    view->width = (size_t)COLS;
    view->height = (size_t)LINES;
    top_draw(&watching->top, view, &lines);
    erase();
    for (size_t i = 0; i < lines.count && i < (size_t)LINES; i++) {
        enum top_style style = lines.list[i].style;
        attrset(attributes[style]);
        mvaddstr((int)i, 0, lines.list[i].text);
        if (style == TOP_HEADER || style == TOP_SELECTED)
            for (size_t column = escape_columns(lines.list[i].text); column < (size_t)COLS; column++)
                addch(' ');
    }
    attrset(A_NORMAL);
    refresh();
    pool_free(&scratch);
}

/* What is there of the answer; when it is whole, show it. 0, or -1 with the reason in control.error or in a message */
static int take_reply(struct watching *watching) {
    struct control *control = &watching->asking.control;
    struct recording recording;
    struct pool pool = {0};
    int more = control_take(control);
    if (more)
        return more < 0 ? -1 : 0;
    watching->asked = false;
    watching->next_ms = control_now_ms() + watching->asking.options.interval_ms;
    if (control_read(control, &pool, &recording)) {
        recording_close(&recording);
        pool_free(&pool);
        return -1;
    }
    return take_answer(watching, &recording, &pool);
}

static int ask_when_due(struct watching *watching) {
    if (watching->asked || watching->view.paused || control_now_ms() < watching->next_ms)
        return 0;
    if (control_send(&watching->asking.control, "top"))
        return -1;
    watching->asked = true;
    return 0;
}

static int wait_ms(const struct watching *watching) {
    int64_t until = watching->asked ? watching->asking.control.deadline_ms : watching->next_ms;
    int64_t left = until - control_now_ms();
    return !watching->asked && watching->view.paused ? -1 : left < 0 ? 0 : (int)left;
}

/* A program that is stopped may go on: that there is no answer is shown, and asked again. */
static bool goes_on(struct watching *watching) {
    struct control *control = &watching->asking.control;
    if (!control->error || !watched_lives(control->watched.pid))
        return false;
    watching->view.message = control->error;
    watching->asked = false;
    watching->next_ms = control_now_ms() + watching->asking.options.interval_ms;
    return true;
}

static int watch(struct watching *watching) {
    struct control *control = &watching->asking.control;
    while (!watching->quit) {
        draw(watching);
        if (ask_when_due(watching) && !goes_on(watching))
            return -1;
        struct pollfd files[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                                 {.fd = watching->asked ? control->reply : -1, .events = POLLIN}};
        int ready = poll(files, 2, wait_ms(watching));
        if (ready >= 0 && files[0].revents & (POLLHUP | POLLERR) && !(files[0].revents & POLLIN))
            return 0; /* the terminal is gone */
        for (int key; (key = getch()) != ERR;)
            press(watching, key);
        bool late = watching->asked && control_now_ms() >= control->deadline_ms;
        if ((late || (ready > 0 && files[1].revents)) && take_reply(watching) && !goes_on(watching))
            return -1;
    }
    return 0;
}

/* Messages would be drawn over, or wiped away with the screen: they wait until it is left. */
static int on_screen(struct watching *watching) {
    const char *terminal = getenv("TERM");
    SCREEN *screen = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? newterm(NULL, stdout, stdin) : NULL;
    if (!screen) {
        message_error("top: no terminal that can be drawn on (TERM is %s); `--once` prints one frame",
                      terminal ? terminal : "not set");
        return -1;
    }
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(DELAY_MS);
    curs_set(0);
    message_hold(true);
    int result = watch(watching);
    endwin();
    delscreen(screen);
    message_hold(false);
    if (result)
        tell(&watching->asking);
    return result && watched_lives(watching->asking.control.watched.pid) ? -1 : 0;
}

int command_top(int count, char **arguments, int from) {
    static const char *const words[] = {"PID"};
    struct watching watching = {.view = {.utf8 = escape_locale_is_utf8()}};
    const struct options *options = &watching.asking.options;
    int status;
    bool begun = !asking_begin(&watching.asking, VERB_TOP, count, arguments, from, words, 1, &status);
    top_init(&watching.top);
    if (begun && !asking_open(&watching.asking, watching.asking.words[0]) && !ask_first(&watching)) {
        watching.next_ms = control_now_ms() + options->interval_ms;
        bool once = options->once || options->destination_count;
        if (!(once ? output_each(options, watching.asking.control.watched.pid, write_frame, &watching, stdout)
                   : on_screen(&watching)))
            status = EXIT_CLEAN;
    }
    top_close(&watching.top);
    asking_end(&watching.asking);
    return status;
}
