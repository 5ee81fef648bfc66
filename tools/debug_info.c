/* debug_info.c - no library that asks servers where none is named, no compressed file by the slow way.
 *
 * Never: believes that a file which it opens anew is the one that was looked at before.
 * Start: find(), which libdwfl calls when a file lacks symbols or debug information; debug_info_open(). */
#include "debug_info.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- files with debug information ---- */

#define SYSTEM_FOLDER "/usr/lib/debug"
static char *search_path = ":.debug:" SYSTEM_FOLDER;

__attribute__((format(printf, 1, 2))) static bool is_there(const char *format, ...) {
    char path[PATH_MAX];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    return length > 0 && (size_t)length < sizeof path && !access(path, F_OK);
}

/* In a folder of that purpose: beside the file, or the system's, where the file's own folder counts from each of its parts on. */
static bool is_apart(const char *folder, int length, const char *name) {
    if (is_there("%.*s.debug/%s", length, folder, name))
        return true;
    const char *end = folder + length;
    for (const char *at = folder; at && at < end && *at == '/'; at = memchr(at + 1, '/', (size_t)(end - at - 1)))
        if (is_there(SYSTEM_FOLDER "%.*s%s", (int)(end - at), at, name))
            return true;
    return false;
}

/* Can a search by name along `search_path` find anything? `link`: the name that the file itself gives; NULL: none. */
static bool may_have_name(const char *path, const char *link) {
    char own[NAME_MAX + 1];
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    int length = (int)(base - path);
    if (link && strchr(link, '/'))
        return true; /* of a file that several share; libdwfl looks for that elsewhere, too */
    if (!link && (is_apart(path, length, base) || snprintf(own, sizeof own, "%s.debug", base) >= (int)sizeof own))
        return true;
    const char *name = link ? link : own;
    return is_there("%.*s%s", length, path, name) || is_apart(path, length, name);
}

static bool may_be_found(const char *path, const char *link) {
    const char *servers = getenv("DEBUGINFOD_URLS");
    char *resolved = path ? realpath(path, NULL) : NULL;
    bool found =
        (servers && *servers) || !path || may_have_name(path, link) || (resolved && may_have_name(resolved, link));
    free(resolved);
    return found;
}

/* libdwfl's own search ends with the client of debuginfod, and loads it to be told that no server is named: with the
 * libraries that it needs this takes as long as a small report. */
static int find(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, const char *path, const char *link,
                GElf_Word checksum, char **found) {
    errno = 0;
    int file = dwfl_build_id_find_debuginfo(module, data, name, base, path, link, checksum, found);
    if (file >= 0 || errno)
        return file;
    if (may_be_found(path, link))
        return dwfl_standard_find_debuginfo(module, data, name, base, path, link, checksum, found);
    errno = 0; /* libdwfl: nothing failed */
    return -1;
}

const Dwfl_Callbacks debug_info_callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = find,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = &search_path,
};

/* ---- compressed files ---- */

static Dwfl_Module *report(Dwfl *session, const struct inflated *file, const char *path) {
    dwfl_report_begin(session);
    Dwfl_Module *module = dwfl_report_offline_memory(session, path, path, file->bytes, file->size);
    dwfl_report_end(session, NULL, NULL);
    return module;
}

/* The file may be another by now. */
static bool is_same(Dwfl_Module *a, Dwfl_Module *b) {
    const unsigned char *left_id = NULL, *right_id = NULL;
    GElf_Addr left, right, at;
    int bytes = dwfl_module_build_id(a, &left_id, &at);
    return dwfl_module_getelf(a, &left) && dwfl_module_getelf(b, &right) && left == right &&
           dwfl_module_build_id(b, &right_id, &at) == bytes &&
           (bytes <= 0 || !memcmp(left_id, right_id, (size_t)bytes));
}

/* Its symbols, where the file had none itself, came from the one that has its debug information. */
static const char *file_of(Dwfl_Module *module) {
    const char *own = NULL, *apart = NULL;
    dwfl_module_getsymtab(module);
    dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, &own, &apart);
    return apart ? apart : own;
}

Dwfl_Module *debug_info_open(struct debug_info *info, Dwfl_Module *module) {
    if (info->is_open || !module)
        return info->module;
    info->is_open = true;
    info->module = module;
    const char *path = file_of(module);
    bool is_inflated = path && inflated_open(&info->file, path);
    if (info->file.lacks_room)
        return info->module = NULL;
    if (!is_inflated || !(info->session = dwfl_begin(&debug_info_callbacks)))
        return module;
    Dwfl_Module *inflated = report(info->session, &info->file, path);
    if (inflated && is_same(module, inflated))
        info->module = inflated;
    return info->module;
}

void debug_info_close(struct debug_info *info) {
    if (info->session)
        dwfl_end(info->session);
    inflated_close(&info->file);
    *info = (struct debug_info){0};
}
