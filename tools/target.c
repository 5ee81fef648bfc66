/* target.c - everything about a file that would keep the loader from preloading into it, told before it starts.
 *
 * Start: target_check(); the checks of an ELF file are the table in check_elf(). */
#include "target.h"

#include "message.h"
#include "sanitizer.h"
#include "symbols.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { INTERPRETERS_MAX = 5 /* as the kernel: scripts whose interpreter is a script */, HEAD_BYTES = 4096 };

struct file {
    const char *path;
    struct stat status;
    unsigned char head[HEAD_BYTES + 1]; /* ends with NUL */
    size_t head_bytes;
};

static int read_head(const char *path, struct file *file) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = descriptor < 0 ? -1 : pread(descriptor, file->head, HEAD_BYTES, 0);
    if (descriptor >= 0)
        close(descriptor);
    file->head_bytes = bytes > 0 ? (size_t)bytes : 0;
    file->head[file->head_bytes] = '\0';
    return bytes < 0 ? -1 : 0;
}

/* ---- ELF ---- */

/* The file as the architecture of this castaway sees it: both headers of 64 bits are what we run on. */
struct image {
    Elf64_Ehdr header;
    Elf64_Phdr programs[64];
    size_t program_count;
    char loader[HEAD_BYTES + 1]; /* PT_INTERP; empty: none */
};

static void read_image(const struct file *file, struct image *image) {
    *image = (struct image){0};
    int descriptor = open(file->path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    if (pread(descriptor, &image->header, sizeof image->header, 0) == (ssize_t)sizeof image->header &&
        image->header.e_phentsize == sizeof *image->programs) {
        size_t count = image->header.e_phnum < 64 ? image->header.e_phnum : 64;
        ssize_t got = pread(descriptor, image->programs, count * sizeof *image->programs, (off_t)image->header.e_phoff);
        image->program_count = got > 0 ? (size_t)got / sizeof *image->programs : 0;
    }
    for (size_t i = 0; i < image->program_count; i++) {
        const Elf64_Phdr *program = &image->programs[i];
        size_t bytes = program->p_filesz < HEAD_BYTES ? program->p_filesz : HEAD_BYTES;
        if (program->p_type == PT_INTERP && pread(descriptor, image->loader, bytes, (off_t)program->p_offset) < 0)
            image->loader[0] = '\0';
    }
    close(descriptor);
}

static bool other_machine(const struct file *file, const struct image *image) {
    static Elf64_Ehdr own;
    int descriptor = own.e_machine ? -1 : open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) {
        if (pread(descriptor, &own, sizeof own, 0) != (ssize_t)sizeof own)
            own = image->header; /* cannot tell */
        close(descriptor);
    }
    return file->head[EI_CLASS] != own.e_ident[EI_CLASS] || image->header.e_machine != own.e_machine;
}

static bool is_loader(const struct file *file) {
    return !strncmp(path_base(file->path), "ld-", 3) || !strncmp(path_base(file->path), "ld.so", 5);
}

static bool is_static(const struct file *file, const struct image *image) {
    return image->program_count && !*image->loader && !is_loader(file);
}

static bool has_foreign_loader(const struct file *file, const struct image *image) {
    (void)file;
    return !strncmp(path_base(image->loader), "ld-musl", 7);
}

static bool has_missing_loader(const struct file *file, const struct image *image) {
    (void)file;
    return *image->loader && access(image->loader, X_OK);
}

static bool has_other_pages(const struct file *file, const struct image *image) {
    (void)file, (void)image;
    return sysconf(_SC_PAGESIZE) != 4096;
}

static bool has_sanitizer(const struct file *file, const struct image *image) {
    (void)image;
    return sanitizer_is_in(file->path);
}

/* The loader ignores LD_PRELOAD when the kernel gives the program more rights than we have. */
static bool gains_rights(const struct file *file, const struct image *image) {
    struct statvfs mount;
    const struct stat *status = &file->status;
    (void)image;
    if (!statvfs(file->path, &mount) && mount.f_flag & ST_NOSUID)
        return false;
    if (status->st_mode & S_ISUID && (status->st_uid != getuid() || status->st_uid != geteuid()))
        return true;
    if (status->st_mode & S_ISGID && status->st_mode & S_IXGRP &&
        (status->st_gid != getgid() || status->st_gid != getegid()))
        return true;
    return getuid() && getxattr(file->path, "security.capability", NULL, 0) > 0;
}

static int check_elf(const struct file *file) {
    static const struct {
        bool (*applies)(const struct file *, const struct image *);
        int status;
        const char *why;
    } checks[] = {
        {other_machine, EXIT_CASTAWAY_FAILED,
         "is built for another architecture than castaway and can't be watched; use a castaway built for it"},
        {has_other_pages, EXIT_CASTAWAY_FAILED,
         "this kernel's pages are not of 4 KiB: it can't be watched; start a kernel that has such"},
        {is_static, EXIT_CASTAWAY_FAILED,
         "is linked statically: nothing can be preloaded, so it can't be watched; link it dynamically"},
        {has_missing_loader, EXIT_CANNOT_RUN, "its loader is missing; install the libraries that it was built for"},
        {has_foreign_loader, EXIT_CASTAWAY_FAILED,
         "is built for musl, castaway for glibc: it can't be watched; build it with glibc"},
        {has_sanitizer, EXIT_CASTAWAY_FAILED,
         "is built with a sanitizer that has an allocator of its own, so it can't be watched; build it without "
         "-fsanitize=address, thread, memory and leak"},
        {gains_rights, EXIT_CASTAWAY_FAILED,
         "is set-user-ID, set-group-ID or has capabilities: the loader ignores preloading, so it can't be watched; run "
         "a "
         "copy without these rights, or as the user that it becomes"},
    };
    struct image image;
    read_image(file, &image);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (!checks[i].applies(file, &image))
            continue;
        message_error("%s: %s", file->path, checks[i].why);
        return checks[i].status;
    }
    return 0;
}

/* ---- scripts ---- */

/* The interpreter's path in a #! line; NULL: not a script. */
static const char *script_interpreter(struct pool *pool, const struct file *file) {
    const char *line = (const char *)file->head;
    if (strncmp(line, "#!", 2) != 0)
        return NULL;
    line += 2 + strspn(line + 2, " \t");
    return pool_strndup(pool, line, strcspn(line, " \t\r\n"));
}

static int check_interpreter(const char *script, const char *interpreter, struct stat *status) {
    const char *why = !*interpreter                ? "names no interpreter behind #!"
                      : stat(interpreter, status)  ? strerror(errno)
                      : S_ISDIR(status->st_mode)   ? "is a directory"
                      : eaccess(interpreter, X_OK) ? "is not executable"
                                                   : NULL;
    if (!why)
        return 0;
    message_error("%s: its interpreter %s: %s; install it or change the first line of the script", script, interpreter,
                  why);
    return EXIT_CANNOT_RUN;
}

static int check_contents(struct pool *pool, const char *path, int depth) {
    struct file file = {.path = path};
    if (stat(path, &file.status) || read_head(path, &file))
        return 0; /* executable but not readable: the kernel can still run it */
    if (file.head_bytes >= SELFMAG && !memcmp(file.head, ELFMAG, SELFMAG))
        return check_elf(&file);
    const char *interpreter = script_interpreter(pool, &file);
    if (!interpreter)
        interpreter = "/bin/sh"; /* as execvp() */
    if (depth == INTERPRETERS_MAX) {
        message_error("%s: too many interpreters behind each other", path);
        return EXIT_CANNOT_RUN;
    }
    int wrong = check_interpreter(path, interpreter, &file.status);
    return wrong ? wrong : check_contents(pool, interpreter, depth + 1);
}

const char *target_executable(struct pool *pool, const char *path) {
    for (int depth = 0; depth < INTERPRETERS_MAX; depth++) {
        struct file file = {.path = path};
        if (read_head(path, &file) || (file.head_bytes >= SELFMAG && !memcmp(file.head, ELFMAG, SELFMAG)))
            break;
        const char *interpreter = script_interpreter(pool, &file);
        path = interpreter ? interpreter : "/bin/sh";
    }
    return path;
}

/* ---- finding it ---- */

static const char *search(struct pool *pool, const char *command, const char **refused) {
    const char *list = getenv("PATH");
    if (!list)
        list = "/bin:/usr/bin";
    for (;; list++) {
        size_t length = strcspn(list, ":");
        const char *path =
            length ? pool_printf(pool, "%.*s/%s", (int)length, list, command) : pool_printf(pool, "./%s", command);
        struct stat status;
        if (!stat(path, &status) && S_ISREG(status.st_mode)) {
            if (!eaccess(path, X_OK))
                return path;
            *refused = path;
        }
        list += length;
        if (!*list)
            return NULL;
    }
}

bool target_is_command(struct pool *pool, const char *name) {
    const char *refused = NULL;
    return search(pool, name, &refused) != NULL;
}

static int check_named(const char *path) {
    struct stat status;
    if (stat(path, &status)) {
        int error = errno;
        message_error("%s: %s", path, strerror(error));
        return error == ENOENT || error == ENOTDIR ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
    }
    const char *why = S_ISDIR(status.st_mode)    ? "is a directory, not a program"
                      : !S_ISREG(status.st_mode) ? "is not a program"
                      : eaccess(path, X_OK)      ? "is not executable; `chmod +x` it, or name its interpreter first"
                                                 : NULL;
    if (!why)
        return 0;
    message_error("%s: %s", path, why);
    return EXIT_CANNOT_RUN;
}

int target_check(struct pool *pool, const char *command, const char **path) {
    const char *refused = NULL;
    *path = strchr(command, '/') ? command : search(pool, command, &refused);
    if (!*path)
        *path = refused;
    if (!*path) {
        message_error("%s: command not found; is it in PATH?", command);
        return EXIT_NOT_FOUND;
    }
    int wrong = check_named(*path);
    return wrong ? wrong : check_contents(pool, *path, 0);
}
