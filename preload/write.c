/* write.c - what a search found, as a recording.
 *
 * A reader that takes nothing for WRITE_LIMIT_MS is given up: it may be a pipe whose other end has gone to sleep. In the
 * program itself it is given up at once.
 *
 * Owns:    nothing but whether a slow reader is waited for.
 * Never:   calls libc, allocates but from the search's arena.
 * Runs in: snapshot child; write_note() anywhere.
 * Start:   write_scan(). */
#include "write.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "analysis/pools.h"
#include "analysis/sort.h"
#include "clock.h"
#include "dangling.h"
#include "dirty.h"
#include "duties.h"
#include "holders.h"
#include "hooks.h"
#include "init.h"
#include "lsan.h"
#include "module.h"
#include "pages.h"
#include "pairs.h"
#include "proc.h"
#include "profile.h"
#include "record.h"
#include "root_name.h"
#include "scope.h"
#include "site.h"
#include "unwind.h"
#include "write_refs.h"

enum { CMDLINE_BYTES_MAX = 64 << 10, PATH_BYTES = 4096, WRITE_LIMIT_MS = 5000 };

static int patient;

void write_be_patient(void) {
    patient = 1;
}

int write_bytes(int file, const void *bytes, size_t count) {
    const char *at = bytes;
    while (count) {
        long written = sys(SYS_write, file, at, count);
        if (written == -EINTR)
            continue;
        if (written == -EAGAIN && patient) {
            struct pollfd pipe = {.fd = file, .events = POLLOUT};
            struct timespec limit = {.tv_sec = WRITE_LIMIT_MS / 1000};
            if (sys(SYS_ppoll, &pipe, 1, &limit, 0, 0) <= 0)
                return -ETIMEDOUT;
            continue;
        }
        if (written <= 0)
            return written < 0 ? (int)written : -EIO;
        at += written;
        count -= (size_t)written;
    }
    return 0;
}

static int sink_write(void *context, const void *bytes, size_t count) {
    return write_bytes(*(const int *)context, bytes, count);
}

/* ---- header ---- */

static size_t read_file(const char *path, char *out, size_t max) {
    long file = proc_file(path, 0);
    size_t fill = 0;
    if (sys_failed(file))
        return 0;
    for (long got; fill < max && (got = sys(SYS_read, file, out + fill, max - fill)) > 0;)
        fill += (size_t)got;
    sys(SYS_close, file);
    return fill;
}

static void write_header(struct cast_sink *sink, const struct scan_input *in, struct arena *arena) {
    char *cmdline = arena_alloc(arena, 1, CMDLINE_BYTES_MAX);
    char executable[PATH_BYTES];
    long length = sys(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", executable, sizeof executable - 1);
    executable[sys_failed(length) ? 0 : length] = 0;
    cast_header(sink, &(struct cast_header){
                          .tool_version = CASTAWAY_VERSION,
                          .pid = in->pid,
                          .parent_pid = in->parent_pid,
                          .cmdline = cmdline,
                          .cmdline_bytes = cmdline ? read_file("/proc/self/cmdline", cmdline, CMDLINE_BYTES_MAX) : 0,
                          .executable = executable,
                          .replaced = in->replaced,
                          .exit_status = in->exit_status,
                          .start_seconds = in->start_seconds,
                          .end_seconds = clock_wall_seconds(),
                      });
}

/* ---- sites and modules that findings name ---- */

struct used {
    uint64_t *sites;   /* one bit a site id */
    uint64_t *modules; /* one bit a module number */
};

static void use_site(struct used *used, uint32_t id) {
    if (!id || used->sites[id >> 6] >> (id & 63) & 1)
        return;
    used->sites[id >> 6] |= 1ull << (id & 63);
    const struct site *site = site_get(id);
    for (uint32_t i = 0; i < site->count; i++) {
        unsigned module = site_module(site, i);
        if (module != MODULE_NONE)
            used->modules[module >> 6] |= 1ull << (module & 63);
    }
}

static void write_modules(struct cast_sink *sink, const struct used *used, const struct maps *maps) {
    size_t count;
    const struct module *table = module_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (!(used->modules[i >> 6] >> (i & 63) & 1))
            continue;
        const struct mapping *mapping = table[i].closed ? NULL : maps_find(maps, table[i].lo);
        cast_module(sink, (uint32_t)i,
                    &(struct cast_module){
                        .path = mapping && mapping->path[0] ? mapping->path : table[i].path,
                        .build_id = table[i].build_id,
                        .build_id_bytes = table[i].build_id_bytes,
                        .bias = table[i].bias,
                    });
    }
}

static void write_site(struct cast_sink *sink, uint32_t id) {
    size_t module_count;
    const struct module *table = module_table(&module_count);
    const struct site *site = site_get(id);
    struct cast_frame frames[CAPTURE_FRAMES_MAX];
    for (uint32_t i = 0; i < site->count; i++) {
        unsigned module = site_module(site, i);
        int known = module != MODULE_NONE;
        uint64_t frame = site_frame(site, i);
        frames[i] = (struct cast_frame){
            .module = known ? module : UINT32_MAX,
            .exact = (frame & FRAME_EXACT) != 0,
            .offset = (frame & ~FRAME_EXACT) - (known ? table[module].bias : 0),
        };
    }
    cast_site(sink, id, frames, site->count);
}

static int used_begin(struct used *used, struct arena *arena) {
    used->sites = arena_alloc(arena, site_count() / 64 + 1, sizeof(uint64_t));
    used->modules = arena_alloc(arena, MODULES_MAX / 64, sizeof(uint64_t));
    return used->sites && used->modules ? 0 : -ENOMEM;
}

static void use_breaks(struct used *used, const struct breaks *breaks) {
    for (size_t i = 0; i < breaks->count; i++)
        for (size_t part = 0; part < breaks->set[i].part_count; part++) {
            use_site(used, breaks->set[i].part[part].from_site);
            use_site(used, breaks->set[i].part[part].to_site);
        }
}

static void use_findings(struct used *used, const struct verdicts *verdicts) {
    for (size_t i = 0; i < verdicts->finding_count; i++) {
        const struct finding *finding = &verdicts->findings[i];
        use_site(used, finding->site);
        for (size_t edge = 0; finding->cycle && edge < finding->cycle_listed; edge++)
            use_site(used, finding->cycle[edge].site);
        if (finding->blame && finding->blame->breaks)
            use_breaks(used, finding->blame->breaks);
    }
}

static void use_root(struct used *used, const struct cast_root *root) {
    if (root->module < MODULES_MAX)
        used->modules[root->module >> 6] |= 1ull << (root->module & 63);
}

static void use_path(struct used *used, const struct cast_root *root, const struct path *path) {
    if (path->step_count)
        use_root(used, root);
    for (size_t i = 0; i < path->step_count; i++)
        use_site(used, path->steps[i].site);
}

static void use_refs(struct used *used, const struct folded *folded) {
    for (size_t i = 0; i < folded->count; i++) {
        const struct cast_refs *refs = &folded->refs[i];
        for (size_t at = 0; at < refs->balance_count; at++)
            use_site(used, refs->balances[at].site);
        for (size_t at = 0; at < refs->unmatched_count; at++)
            use_site(used, refs->unmatched[at].site);
        for (size_t at = 0; at < refs->break_count; at++)
            use_site(used, refs->break_sites[at]);
    }
}

static void use_holders(struct used *used, const struct holders *holders) {
    for (size_t i = 0; i < holders->count; i++) {
        if (holders->retained[i].root)
            use_root(used, holders->retained[i].root);
        use_site(used, holders->retained[i].retained.largest_site);
    }
}

/* What is told only when somebody asks for it. */
struct asked {
    struct holders holders;
    struct profile_sites profile;
};

static int find_asked(const struct scan_input *in, struct search *search, struct asked *out) {
    int error = holders_find(in, search, &out->holders);
    return error ? error : profile_add_up(search->arena, &out->profile);
}

static void use_asked(struct used *used, const struct asked *asked) {
    use_holders(used, &asked->holders);
    for (size_t i = 0; i < asked->profile.count; i++)
        use_site(used, asked->profile.site[i].site);
}

static void use_grown(struct used *used, const struct grown *grown) {
    for (size_t i = 0; i < grown->count; i++) {
        use_site(used, grown->growth[i].site);
        use_path(used, &grown->root[i], &grown->path[i]);
    }
}

static void use_dangling(struct used *used, const struct dangling *dangling) {
    for (size_t i = 0; i < dangling->count; i++) {
        use_site(used, dangling->list[i].site);
        use_site(used, dangling->list[i].holder);
        use_site(used, dangling->list[i].target);
    }
}

static void write_used(struct cast_sink *sink, const struct used *used, const struct maps *maps) {
    write_modules(sink, used, maps);
    for (size_t word = 0; word < site_count() / 64 + 1; word++)
        for (uint64_t bits = used->sites[word]; bits; bits &= bits - 1)
            write_site(sink, (uint32_t)(word * 64 + (size_t)__builtin_ctzll(bits)));
}

/* ---- notes ---- */

static void note(struct cast_sink *sink, enum note_code code, uint64_t count, const char *detail) {
    if (count)
        cast_note(sink, code, count, detail);
}

static void write_notes(struct cast_sink *sink, const struct scan_input *in, const struct search *search) {
    const struct verdicts *verdicts = &search->verdicts;
    struct arena *arena = search->arena;
    note(sink, NOTE_GAVE_WAY, (uint64_t)in->gave_way, NULL);
    note(sink, NOTE_NOT_RECORDED, record_losses(), NULL);
    note(sink, NOTE_NO_STACK, hook_without_stack(), NULL);
    note(sink, NOTE_STACK_CUT, unwind_cut(), NULL);
    note(sink, NOTE_THREAD_RUNNING, in->stopped->running, NULL);
    note(sink, NOTE_OWN_MALLOC, (uint64_t)in->own_malloc, NULL);
    note(sink, NOTE_IN_PROCESS, (uint64_t)in->in_process, NULL);
    note(sink, NOTE_INHERITED, verdicts->inherited_objects, NULL);
    note(sink, NOTE_BAD_OPTION, in->bad_option != NULL, in->bad_option);
    int is_live = in->entry.number > 1 || in->exit_status < 0;
    note(sink, NOTE_WRITTEN_PAGES, (uint64_t)is_live, dirty_method_name());
    note(sink, NOTE_METHOD_MISSING, is_live && dirty_missing(), dirty_missing());
    note(sink, NOTE_SCANS_SKIPPED, in->skipped, NULL);
    note(sink, NOTE_PYTHON, search->languages.python != REASON_NONE, reason_text(search->languages.python));
    note(sink, NOTE_GOBJECT, search->languages.gobject != REASON_NONE, reason_text(search->languages.gobject));
    note(sink, NOTE_NEXT_ALLOCATOR, !in->facts->allocator_is_glibc, NULL);
    pairs_write_notes(sink, arena);
    scope_write_note(sink);
}

/* Is there a variable NAME in the list "NAME,NAME"? */
static int is_listed(const char *list, const char *name) {
    size_t bytes = strlen(name);
    for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',')
        if (strncmp(at, name, bytes) == 0 && (at[bytes] == ',' || !at[bytes]))
            return 1;
    return 0;
}

static int is_mapped(const struct maps *maps, const char *part) {
    for (size_t i = 0; i < maps->count; i++) {
        const char *slash = strrchr(maps->mapping[i].path, '/');
        if (slash && strstr(slash, part))
            return 1;
    }
    return 0;
}

/* The switches that `castaway run` set and that something here reads. */
static void write_pools(struct cast_sink *sink, const struct maps *maps) {
    for (size_t i = 0; i < POOL_SWITCHES; i++)
        if (is_listed(process.options.pools, pool_switches[i].name) && is_mapped(maps, pool_switches[i].module))
            cast_note(sink, NOTE_POOL_OFF, 1, pool_switches[i].setting);
}

/* ---- status ---- */

struct alive {
    const struct heap *heap;
    uint32_t young_from, middle_from; /* birth serials where generations 0 and 1 begin */
    uint64_t objects[GENERATIONS], bytes[GENERATIONS];
    struct cast_population *sites; /* by site; NULL: not asked for */
};

static int count_alive(void *context, uintptr_t address, object_id id) {
    struct alive *alive = context;
    const struct object *object = heap_object(alive->heap, id);
    (void)address;
    if (object->flags & OBJECT_INHERITED)
        return 0;
    int generation = object->birth >= alive->young_from ? 0 : object->birth >= alive->middle_from ? 1 : 2;
    alive->objects[generation]++;
    alive->bytes[generation] += object->size_bytes;
    if (alive->sites) {
        alive->sites[object->site].objects[generation]++;
        alive->sites[object->site].bytes[generation] += object->size_bytes;
    }
    return 0;
}

static void put_status(struct cast_sink *sink, const struct scan_input *in, const struct history *history,
                       const struct alive *alive, struct arena *arena) {
    static const struct history none;
    struct cast_status status = {
        .recorded_us = clock_us() - in->start_us,
        .history = history ? history : &none,
        .pause_us = history_pauses(history ? history : &none, arena),
        .dirty_pages = dirty_method_name(),
        .stop = "signal",
        .snapshot = in->in_process || in->in_place ? "in-process" : "clone",
    };
    for (unsigned generation = 0; generation < GENERATIONS; generation++) {
        status.objects[generation] = alive ? alive->objects[generation] : status.history->objects[generation];
        status.bytes[generation] = alive ? alive->bytes[generation] : status.history->bytes[generation];
        status.scan_us[generation] = history_scan_times(status.history, generation, arena);
    }
    cast_status(sink, &status);
}

/* ---- recordings ---- */

static void put_grown(struct cast_sink *sink, const struct grown *grown) {
    for (size_t i = 0; i < grown->count; i++)
        cast_growth(sink, &grown->growth[i], &grown->root[i], &grown->path[i]);
}

static void put_asked(struct cast_sink *sink, const struct asked *asked) {
    for (size_t i = 0; i < asked->holders.count; i++)
        cast_retained(sink, &asked->holders.retained[i]);
    if (duty_is_on(DUTY_PROFILE))
        cast_profile(sink, &asked->profile.total);
    for (size_t i = 0; i < asked->profile.count; i++)
        cast_allocations(sink, &asked->profile.site[i]);
}

static struct cast_sink *sink_open(int *file, struct arena *arena) {
    struct cast_sink *sink = arena_alloc(arena, 1, sizeof *sink);
    if (sink) {
        sink->write = sink_write;
        sink->context = file;
    }
    return sink;
}

static void put_scan(struct cast_sink *sink, const struct scan_input *in, const struct search *search) {
    cast_scan(sink,
              &(struct cast_scan){
                  .number = in->entry.number,
                  .generation = in->entry.generation,
                  .threads = (unsigned)in->stopped->count + (in->here != NULL),
                  .at_us = in->entry.at_us,
                  .pause_us = (uint64_t)(search->begun_us - in->stop_begun_us),
                  .mark_us = (uint64_t)search->mark_us,
                  .scan_us = (uint64_t)(clock_us() - search->begun_us),
                  .root_bytes = search->roots.bytes,
                  .objects_scanned = search->marks.objects_scanned,
                  .bytes_read = search->marks.bytes_read,
              },
              &search->verdicts);
}

int write_scan(int file, const struct scan_input *in, struct search *search) {
    struct arena *arena = search->arena;
    struct cast_sink *sink = sink_open(&file, arena);
    struct used used;
    struct folded folded;
    struct asked asked;
    struct dangling dangling;
    int error = sink ? used_begin(&used, arena) : -ENOMEM;
    if (!error)
        error = refs_fold(&search->heap, &search->verdicts, arena, &folded);
    if (!error)
        error = dangling_find(search, arena, &dangling);
    if (!error)
        error = find_asked(in, search, &asked);
    if (error)
        return error;
    use_findings(&used, &search->verdicts);
    use_refs(&used, &folded);
    use_grown(&used, &search->grown);
    for (size_t i = 0; i < search->lingering.site_count; i++)
        use_site(&used, search->lingering.site[i].site);
    use_asked(&used, &asked);
    use_dangling(&used, &dangling);
    write_header(sink, in, arena);
    write_used(sink, &used, &search->maps);
    put_scan(sink, in, search);
    for (size_t i = 0; i < search->verdicts.finding_count; i++)
        cast_finding(sink, &search->verdicts.findings[i]);
    for (size_t i = 0; i < folded.count; i++)
        cast_refs(sink, &folded.refs[i]);
    put_asked(sink, &asked);
    put_grown(sink, &search->grown);
    for (size_t i = 0; i < dangling.count; i++)
        cast_dangling(sink, &dangling.list[i]);
    put_status(sink, in, &search->history, NULL, arena);
    cast_timeline(sink, &search->history);
    write_notes(sink, in, search);
    for (size_t i = 0; i < search->lingering.site_count; i++)
        cast_lingering(sink, &search->lingering.site[i]);
    write_pools(sink, &search->maps);
    if (lsan.default_options || lsan.default_suppressions)
        cast_defaults(sink, lsan.default_options, lsan.default_suppressions);
    return cast_end(sink);
}

/* ---- answers without a scan ---- */

static void count_all(const struct scan_input *in, struct search *search, struct alive *alive) {
    alive->heap = &search->heap;
    alive->young_from = in->young.birth_from;
    alive->middle_from = in->middle_from;
    heap_each(&search->heap, count_alive, alive);
}

int write_status(int file, const struct scan_input *in, struct search *search) {
    struct alive alive = {0};
    struct cast_sink *sink = sink_open(&file, search->arena);
    if (!sink)
        return -ENOMEM;
    count_all(in, search, &alive);
    write_header(sink, in, search->arena);
    put_status(sink, in, in->young.history, &alive, search->arena);
    write_notes(sink, in, search);
    return cast_end(sink);
}

static uint64_t population_bytes(const struct cast_population *population) {
    return population->bytes[0] + population->bytes[1] + population->bytes[2];
}

static int compare_populations(const void *a, const void *b) {
    uint64_t x = population_bytes(a), y = population_bytes(b);
    return (x < y) - (x > y);
}

int write_top(int file, const struct scan_input *in, struct search *search) {
    struct arena *arena = search->arena;
    size_t sites = site_count() + (size_t)1, shown = sites < WRITE_POPULATIONS_MAX ? sites : WRITE_POPULATIONS_MAX;
    struct alive alive = {.sites = arena_alloc(arena, sites, sizeof *alive.sites)};
    struct cast_sink *sink = sink_open(&file, arena);
    struct used used;
    if (!sink || !alive.sites || used_begin(&used, arena))
        return -ENOMEM;
    for (size_t i = 0; i < sites; i++)
        alive.sites[i].site = (uint32_t)i;
    count_all(in, search, &alive);
    sort_array(alive.sites, sites, sizeof *alive.sites, compare_populations);
    while (shown && population_bytes(&alive.sites[shown - 1]) == 0)
        shown--;
    for (size_t i = 0; i < shown; i++)
        use_site(&used, alive.sites[i].site);
    const struct verdicts *kept = in->confirmed;
    if (kept)
        use_findings(&used, kept);
    if (in->grown)
        use_grown(&used, in->grown);
    write_header(sink, in, arena);
    write_used(sink, &used, &search->maps);
    for (size_t i = 0; i < shown; i++)
        cast_population(sink, &alive.sites[i]);
    for (size_t i = 0; kept && i < kept->finding_count; i++)
        cast_finding(sink, &kept->findings[i]);
    if (in->grown)
        put_grown(sink, in->grown);
    put_status(sink, in, in->young.history, &alive, arena);
    write_notes(sink, in, search);
    return cast_end(sink);
}

int write_why(int file, const struct scan_input *in, struct search *search, uintptr_t address) {
    struct arena *arena = search->arena;
    struct cast_sink *sink = sink_open(&file, arena);
    struct used used;
    struct path path;
    struct cast_root root;
    uintptr_t start;
    if (!sink || used_begin(&used, arena))
        return -ENOMEM;
    write_header(sink, in, arena);
    int error = search_roots(in, search);
    if (error)
        return error;
    if (!heap_find(&search->heap, address, &start)) {
        cast_note(sink, NOTE_NO_SUCH_OBJECT, 1, NULL);
        return cast_end(sink);
    }
    error = path_find(&search->heap, search->roots.root, search->roots.count, start, arena, &path);
    if (error == -ENOENT)
        cast_note(sink, NOTE_NOT_REACHED, 1, NULL);
    else if (error || (error = root_name(&root, in, search, &path)))
        return error;
    else {
        use_path(&used, &root, &path);
        write_used(sink, &used, &search->maps);
        cast_path(sink, start, &root, &path);
    }
    return cast_end(sink);
}

int write_note(int file, const struct scan_input *in, enum note_code code, enum reason why) {
    struct arena arena;
    void *loans;
    pages_loan(&arena, &loans);
    static struct cast_sink spare; /* there may be no memory */
    struct cast_sink *sink = sink_open(&file, &arena);
    if (!sink) {
        sink = &spare;
        *sink = (struct cast_sink){.write = sink_write, .context = &file};
    }
    write_header(sink, in, &arena);
    cast_note(sink, code, 1, reason_text(why));
    int error = cast_end(sink);
    pages_loan_return(&loans);
    return error;
}
