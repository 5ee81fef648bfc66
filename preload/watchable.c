/* watchable.c - see the header. Only the few bytes that tell are read: the call may stand on a small stack.
 *
 * Owns:    nothing.
 * Never:   believes a length or an offset of the file: what can't be read is not there.
 * Start:   watchable_judge().
 * Source:  elf(5), execve(2) for scripts, ld.so(8) for what it does in a program with raised rights. */
#include "watchable.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "sys.h"

enum {
    INTERPRETERS_MAX = 5, /* as the kernel */
    LINE_BYTES = 256,     /* as the kernel */
    LOADER_BYTES = 256,   /* its name is at the end: of a path in a store of packages that is far behind */
    NO_SUID = 2           /* ST_NOSUID */
};

struct program {
    int file;
    union {
        Elf64_Ehdr header;
        char line[LINE_BYTES];
    } head;
    char loader[LOADER_BYTES]; /* begins with its path; empty: none */
};

static int reads(int file, void *out, size_t bytes, long at) {
    return sys(SYS_pread64, file, out, bytes, at) == (long)bytes;
}

/* The machine that we are: that of our own header. */
static const Elf64_Ehdr *own_header(void) {
    extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));
    return &__ehdr_start;
}

static int is_elf(const struct program *program) {
    return memcmp(program->head.header.e_ident, ELFMAG, SELFMAG) == 0;
}

static int is_for_other_machine(const struct program *program) {
    const Elf64_Ehdr *header = &program->head.header, *own = own_header();
    return header->e_ident[EI_CLASS] != own->e_ident[EI_CLASS] || header->e_machine != own->e_machine;
}

/* returns 0 when there is none, -1 when that can't be read */
static int read_loader(struct program *program) {
    const Elf64_Ehdr *header = &program->head.header;
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr part = {0};
        if (!reads(program->file, &part, sizeof part, (long)(header->e_phoff + i * sizeof part)))
            return -1;
        if (part.p_type != PT_INTERP)
            continue;
        long got = sys(SYS_pread64, program->file, program->loader, sizeof program->loader - 1, part.p_offset);
        return sys_failed(got) ? -1 : 1;
    }
    return 0;
}

/* The program gets more rights by its file, or has them already: the loader then takes nothing that a user names. */
static int raises_rights(const struct program *program) {
    struct stat status = {0};
    struct statfs mount = {0};
    long user = sys(SYS_getuid, 0), group = sys(SYS_getgid, 0);
    if (sys(SYS_geteuid, 0) != user || sys(SYS_getegid, 0) != group)
        return 1;
    if (sys(SYS_fstat, program->file, &status) != 0)
        return 0;
    int by_user = (status.st_mode & S_ISUID) && status.st_uid != user;
    int by_group = (status.st_mode & S_ISGID) && (status.st_mode & S_IXGRP) && status.st_gid != group;
    int by_capability = user != 0 && !sys_failed(sys(SYS_fgetxattr, program->file, "security.capability", NULL, 0));
    if (!by_user && !by_group && !by_capability)
        return 0;
    return sys(SYS_fstatfs, program->file, &mount) != 0 || !(mount.f_flags & NO_SUID);
}

static const char *base_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int is_of_musl(const char *loader) {
    return strncmp(base_of(loader), "ld-musl", 7) == 0;
}

static enum unwatched judge_elf(struct program *program) {
    if (is_for_other_machine(program))
        return UNWATCHED_OTHER_MACHINE;
    if (read_loader(program) == 0)
        return UNWATCHED_STATIC;
    if (is_of_musl(program->loader))
        return UNWATCHED_MUSL;
    return raises_rights(program) ? UNWATCHED_RIGHTS : WATCHED;
}

/* The interpreter's path in the #! line, ended by NUL; NULL: no script. */
static const char *interpreter_of(struct program *program) {
    char *line = program->head.line;
    if (memcmp(line, "#!", 2) != 0)
        return NULL;
    line[LINE_BYTES - 1] = 0;
    line += 2 + strspn(line + 2, " \t");
    line[strcspn(line, " \t\r\n")] = 0;
    return line;
}

/* The loader started as a program, with the one to load as its argument, has no loader of its own. */
static int is_loader(const char *path) {
    const char *base = base_of(path);
    return strncmp(base, "ld-", 3) == 0 || strncmp(base, "ld.so", 5) == 0;
}

enum unwatched watchable_judge(int folder, const char *path) {
    struct program program;
    for (int depth = 0; path && *path && depth < INTERPRETERS_MAX; depth++) {
        if (is_loader(path))
            return is_of_musl(path) ? UNWATCHED_MUSL : WATCHED;
        program.file = (int)sys(SYS_openat, folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
        if (program.file < 0)
            return WATCHED;
        memset(&program.head, 0, sizeof program.head);
        memset(program.loader, 0, sizeof program.loader);
        long got = sys(SYS_pread64, program.file, &program.head, sizeof program.head, 0);
        int elf = !sys_failed(got) && is_elf(&program);
        enum unwatched why = elf ? judge_elf(&program) : WATCHED;
        sys(SYS_close, program.file);
        if (elf)
            return why;
        path = interpreter_of(&program);
        folder = AT_FDCWD;
    }
    return WATCHED;
}
