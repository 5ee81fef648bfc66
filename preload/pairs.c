/* pairs.c - from names of functions to counts.
 *
 * Owns:    the rules.
 * Never:   follows a pointer that can't be read: a rule may be wrong, the program goes on.
 * Start:   pairs_start(), then stub_before(), which is where calls arrive. */
#include "pairs.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>

#include "analysis/pair.h"
#include "analysis/reason.h"
#include "bind.h"
#include "hooks.h"
#include "init.h"
#include "layouts.h"
#include "pages.h"
#include "record.h"
#include "refs.h"
#include "rights.h"
#include "stub.h"
#include "thread.h"

enum { RULES_MAX = 1024, PROFILE_BYTES_MAX = 1 << 20, PROFILES_MAX = 64, PATH_BYTES = 4096, DETAIL_BYTES = 512 };

struct rule_of {
    const char *name;
    unsigned place, loads;
    struct pair_floating floating;
    int is_plain; /* the argument itself is the object, and always counts */
    enum refs_change change;
    unsigned source; /* of `sources` */
};
static struct rule_of rules[RULES_MAX];
static uint32_t rule_count;

static struct source {
    const char *name;   /* NULL: the option refs */
    int result;         /* of reading it: 0, -ENOENT, -EINVAL, -ENOMEM */
    const char *parser; /* -EINVAL: what it says of the words */
    uint32_t rules;     /* that it added; none when it was mentioned before */
    uint32_t layouts;   /* of counts in memory */
} sources[PROFILES_MAX + 1];
static unsigned source_count;

/* ---- a call ---- */

/* Can 8 bytes be read there? In live objects, where most pointers stand, that needs no system call. */
static int is_readable(uintptr_t address) {
    uintptr_t start;
    if (address % sizeof address || address >> HEAP_ADDRESS_BITS)
        return 0;
    thread_busy++;
    object_id id = record_near(address, &start);
    int fits = id && address + sizeof address <= start + record_object(id)->size_bytes;
    thread_busy--;
    return fits || (!rights_confined && sys_can_read((const void *)address));
}

/* The object that a rule's place leads to; 0: none. */
static uintptr_t follow(const struct rule_of *rule, uintptr_t value) {
    for (unsigned i = 0; i < rule->loads && value; i++)
        value = is_readable(value) ? heap_load(value) : 0;
    return value;
}

/* Is the reference that the object begins with still nobody's? */
static int is_floating(const struct pair_floating *floating, uintptr_t address) {
    uintptr_t start;
    uint64_t bits = 0;
    thread_busy++;
    object_id id = record_near(address, &start);
    int fits = id && address + floating->offset + floating->bytes <= start + record_object(id)->size_bytes;
    thread_busy--;
    if (fits)
        memcpy(&bits, (const void *)(address + floating->offset), floating->bytes);
    return (bits & floating->mask) != 0;
}

static void change(const struct rule_of *rule, uintptr_t address, struct caller caller) {
    if (address && !(rule->floating.bytes && is_floating(&rule->floating, address)))
        refs_change(address, rule->change, COUNT_PAIR, caller);
}

/* The object to which this thread took a reference last, since a function began that returns one: that function may well
 * do it by calling the other. Its address is kept inverted, for a thread's variables are roots. */
static __thread uintptr_t taken_inverted;

void stub_before(const struct stub_call *call, const struct stub_frame *frame) {
    bind_catch_up();
    const struct rule_of *rule = &rules[call->rule];
    if (__builtin_expect(rule->is_plain, 1)) {
        if (rule->change == REFS_TAKE)
            taken_inverted = ~frame->argument[rule->place - 1];
        if (frame->argument[rule->place - 1])
            refs_change(frame->argument[rule->place - 1], rule->change, COUNT_PAIR, stub_caller(frame));
    } else if (rule->place != PAIR_RETURN)
        change(rule, follow(rule, frame->argument[rule->place - 1]), stub_caller(frame));
    else
        taken_inverted = 0;
}

void stub_after(const struct stub_call *call, const struct stub_frame *frame) {
    const struct rule_of *rule = &rules[call->rule];
    uintptr_t object = follow(rule, frame->result[0]);
    if (object == ~taken_inverted && rule->change != REFS_GIVE)
        return; /* counted inside */
    change(rule, object, stub_caller(frame));
    taken_inverted = ~object;
}

/* ---- reading the rules ---- */

static enum refs_change change_of(const struct pair_rule *pair) {
    static const enum refs_change changes[] = {
        [PAIR_REF] = REFS_TAKE, [PAIR_UNREF] = REFS_GIVE, [PAIR_SINK] = REFS_TAKE_OVER, [PAIR_CREATE] = REFS_TAKE_OVER};
    return pair->floating.bytes ? REFS_TAKE : changes[pair->effect];
}

static int take_rule(void *context, const struct pair_rule *pair) {
    (void)context;
    char *name = rule_count < RULES_MAX ? pages_alloc(pair->name_bytes + 1) : NULL;
    if (!name)
        return -ENOMEM;
    memcpy(name, pair->name, pair->name_bytes);
    if (pair->effect == PAIR_COUNTED) {
        sources[source_count].layouts++;
        return layouts_add(name, &pair->counted, sources[source_count].name != NULL);
    }
    if (bind_name(name, (struct bind_rule){rule_count, pair->place == PAIR_RETURN, pair->patch}) != 0)
        return 0; /* the first rule of a function holds: --refs before profiles */
    sources[source_count].rules++;
    rules[rule_count++] = (struct rule_of){
        .name = name,
        .place = pair->place,
        .loads = pair->loads,
        .floating = pair->floating,
        .is_plain = pair->place != PAIR_RETURN && !pair->loads && !pair->floating.bytes,
        .change = change_of(pair),
        .source = source_count,
    };
    return 0;
}

static void take_rules(const char *name, const char *text) {
    struct pair_error error;
    struct source *source = &sources[source_count];
    source->name = name;
    source->result = text ? pair_parse(text, take_rule, NULL, &error) : -ENOENT;
    source->parser = source->result == -EINVAL ? error.what : NULL;
    source_count++;
}

static const char *read_text(const char *path) {
    long file = sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (sys_failed(file))
        return NULL;
    char *text = pages_alloc(PROFILE_BYTES_MAX);
    size_t fill = 0;
    for (long got; text && fill < PROFILE_BYTES_MAX - 1; fill += (size_t)got)
        if ((got = sys(SYS_read, file, text + fill, PROFILE_BYTES_MAX - 1 - fill)) <= 0)
            break;
    sys(SYS_close, file);
    return text;
}

/* `folder` and `rest` as one path. returns 0, or -1: too long */
static int join(char *out, const char *folder, size_t folder_bytes, const char *rest, const char *name) {
    size_t rest_bytes = strlen(rest), name_bytes = strlen(name);
    if (folder_bytes + rest_bytes + name_bytes >= PATH_BYTES)
        return -1;
    memcpy(out, folder, folder_bytes);
    memcpy(out + folder_bytes, rest, rest_bytes); /* NOLINT(bugprone-not-null-terminated-result): the name follows */
    memcpy(out + folder_bytes + rest_bytes, name, name_bytes + 1);
    return 0;
}

/* A file, or the name of one that came with castaway: beside the library when built, in share when installed. */
static const char *read_profile(const char *profile) {
    static const char *const places[] = {"profiles/", "../share/castaway/profiles/", "../../share/castaway/profiles/"};
    struct dl_find_object self;
    char path[PATH_BYTES];
    if (strchr(profile, '/'))
        return read_text(profile);
    if (_dl_find_object((void *)&pairs_start, &self) != 0)
        return NULL;
    const char *library = self.dlfo_link_map->l_name, *slash = strrchr(library, '/');
    const char *text = NULL;
    for (size_t i = 0; slash && !text && i < sizeof places / sizeof places[0]; i++)
        if (join(path, library, (size_t)(slash - library) + 1, places[i], profile) == 0)
            text = read_text(path);
    return text;
}

static void read_profiles(const char *list) {
    while (*list && source_count <= PROFILES_MAX) {
        size_t bytes = strcspn(list, ",");
        char *name = pages_alloc(bytes + 1);
        if (!name)
            return;
        memcpy(name, list, bytes);
        if (bytes)
            take_rules(name, read_profile(name));
        list += bytes + (list[bytes] == ',');
    }
}

void pairs_start(void) {
    const struct options *options = &process.options;
    if (options->refs[0])
        take_rules(NULL, options->refs);
    read_profiles(options->profile);
    bind_start();
}

/* ---- notes ---- */

/* Mostly all are empty: counts stand together, and no page of the texts is needed. */
struct lists {
    uint64_t count[NOTE_COUNT];
    struct list {
        char text[DETAIL_BYTES];
        size_t fill;
    } list[NOTE_COUNT];
};

static void list_more(struct list *list, const char *text) {
    size_t bytes = strlen(text);
    if (list->fill + bytes + 1 > sizeof list->text)
        return;
    memcpy(list->text + list->fill, text, bytes + 1);
    list->fill += bytes;
}

static void list_add(struct lists *lists, enum note_code code, const char *text) {
    struct list *list = &lists->list[code];
    size_t bytes = strlen(text);
    lists->count[code]++;
    if (list->fill + bytes + 3 > sizeof list->text)
        return;
    if (list->fill) {
        memcpy(list->text + list->fill, ", ", 2);
        list->fill += 2;
    }
    memcpy(list->text + list->fill, text, bytes + 1);
    list->fill += bytes;
}

static enum note_code note_of(const struct rule_of *rule) {
    static const enum note_code codes[] = {[BIND_UNKNOWN] = NOTE_REFS_NOT_CALLED,
                                           [BIND_NO_FUNCTION] = NOTE_REFS_NO_FUNCTION,
                                           [BIND_NO_ROOM] = NOTE_REFS_NO_ROOM,
                                           [BIND_READ_ONLY] = NOTE_REFS_READ_ONLY};
    enum bind_state state = bind_state(rule->name);
    if (state == BIND_BOUND)
        return NOTE_COUNT;
    return state == BIND_UNKNOWN && !bind_is_defined(rule->name) ? NOTE_REFS_MISSING : codes[state];
}

/* Of a profile no program uses all: what is missing matters when the user named it, or when nothing at all is there. */
static void note_rules(struct lists *lists) {
    int in_use[PROFILES_MAX + 1] = {0};
    for (uint32_t i = 0; i < rule_count; i++) {
        enum note_code code = note_of(&rules[i]);
        int is_absent = code == NOTE_REFS_MISSING || code == NOTE_REFS_NOT_CALLED;
        if (code == NOTE_COUNT)
            in_use[rules[i].source] = 1;
        else if (!is_absent || !sources[rules[i].source].name)
            list_add(lists, code, rules[i].name);
    }
    for (uint32_t i = 0; i < rule_count; i++) {
        enum reason why = bind_not_patched(rules[i].name);
        if (why) {
            list_add(lists, NOTE_REFS_PARTIAL, rules[i].name);
            list_more(&lists->list[NOTE_REFS_PARTIAL], ": ");
            list_more(&lists->list[NOTE_REFS_PARTIAL], reason_text(why));
        }
    }
    for (unsigned i = 0; i < source_count; i++)
        if (sources[i].name && !sources[i].result && sources[i].rules && !in_use[i] &&
            !(sources[i].layouts && layouts_matched()))
            list_add(lists, NOTE_PROFILE_UNUSED, sources[i].name);
}

static const char *what_is_wrong(const struct source *source) {
    if (source->parser)
        return source->parser;
    return reason_text(source->result == -ENOENT ? REASON_WORDS_UNREADABLE : REASON_WORDS_TOO_MANY);
}

void pairs_write_notes(struct cast_sink *sink, struct arena *arena) {
    struct lists *lists = arena_alloc(arena, 1, sizeof *lists);
    if (!lists)
        return;
    note_rules(lists);
    for (unsigned i = 0; i < source_count; i++)
        if (sources[i].result) {
            list_add(lists, NOTE_REFS_WRONG, sources[i].name ? sources[i].name : "refs");
            list_add(lists, NOTE_REFS_WRONG, what_is_wrong(&sources[i]));
            lists->count[NOTE_REFS_WRONG]--;
        }
    for (int code = 0; code < NOTE_COUNT; code++)
        if (lists->count[code])
            cast_note(sink, (enum note_code)code, lists->count[code], lists->list[code].text);
    layouts_write_notes(sink, arena);
    if (refs_dropped())
        cast_note(sink, NOTE_REFS_DROPPED, refs_dropped(), NULL);
}
